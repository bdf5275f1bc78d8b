"""Tests for jaxsdm.losses.classification."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsdm import losses, testing

RNG = np.random.default_rng(1)
F = RNG.normal(size=(8, 6)).astype(np.float32)
Y = (RNG.random((8, 6)) < 0.3).astype(np.float32)
BOTH = pytest.mark.parametrize(
    "loss", [losses.softmax_cross_entropy, losses.binary_cross_entropy]
)


def test_softmax_cross_entropy_as_optax():
    want = optax.softmax_cross_entropy(F, Y)
    got = jax.jit(losses.softmax_cross_entropy)(F, Y)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_targets_are_not_normalised():
    np.testing.assert_allclose(
        losses.softmax_cross_entropy(F, 3 * Y),
        3 * losses.softmax_cross_entropy(F, Y),
        rtol=1e-5,
    )


def test_binary_cross_entropy_as_optax():
    want = optax.sigmoid_binary_cross_entropy(F, Y).mean(-1)
    np.testing.assert_allclose(losses.binary_cross_entropy(F, Y), want, rtol=1e-5)


@BOTH
def test_extreme_logits_stay_finite(loss):
    value, gradient = jax.value_and_grad(lambda f: loss(f, Y).sum())(
        jnp.asarray(F * 1e4)
    )
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@BOTH
@pytest.mark.parametrize("junk", [1e30, np.inf, np.nan])
def test_padding_has_no_loss_and_no_gradient(loss, junk):
    pad = np.full((2, 6), junk, np.float32)
    f, y = np.concatenate([F, pad]), np.concatenate([Y, pad])
    where = jnp.arange(10) < 8
    values = loss(jnp.asarray(f), y, where=where)
    gradient = jax.grad(lambda f: loss(f, y, where=where).sum())(jnp.asarray(f))
    np.testing.assert_allclose(values[:8], loss(F, Y), rtol=1e-6)
    np.testing.assert_array_equal(values[8:], 0)
    np.testing.assert_array_equal(gradient[8:], 0)
    want = jax.grad(lambda f: loss(f, Y).sum())(jnp.asarray(F))
    np.testing.assert_allclose(gradient[:8], want, atol=1e-6)


@BOTH
def test_same_value_and_gradient_on_a_data_by_species_mesh(loss):
    def positional(f, y, where, w, **names):
        return loss(f, y, where=where, **names)

    testing.assert_same_on_mesh(positional, F, Y, per_species=False)


@BOTH
def test_gradient_under_pmap_over_species(loss):
    def shard(f, y):
        def total(f):
            return loss(f, y, species_axis_name="species").sum()

        return jax.value_and_grad(total)(f)

    f = np.moveaxis(F.reshape(8, 2, 3), 1, 0)
    y = np.moveaxis(Y.reshape(8, 2, 3), 1, 0)
    value, gradient = jax.pmap(shard, axis_name="species")(f, y)
    want = jax.value_and_grad(lambda f: loss(f, Y).sum())(jnp.asarray(F))
    np.testing.assert_allclose(value, np.full(2, want[0]), rtol=1e-5)
    np.testing.assert_allclose(
        np.moveaxis(np.asarray(gradient), 0, 1).reshape(8, 6), want[1], atol=1e-6
    )


@BOTH
def test_errors_name_what_came(loss):
    with pytest.raises(ValueError, match=r"\(8, 6\) and \(3, 6\)"):
        loss(F, Y[:3])
    with pytest.raises(TypeError, match="int32"):
        loss(jnp.zeros((2, 2), jnp.int32), jnp.zeros((2, 2)))
