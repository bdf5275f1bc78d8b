"""Tests for jaxsdm.losses.point_process."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import AxisType, PartitionSpec
from jax.test_util import check_grads
from sklearn.linear_model import LogisticRegression

from jaxsdm import losses, testing

RNG = np.random.default_rng(0)
F = RNG.normal(size=(16, 4)).astype(np.float32)
Y = RNG.poisson(0.7, (16, 4)).astype(np.float32)
Y[:, 2] = 0  # a species without records
WEIGHTS = RNG.uniform(0.1, 3.0, 16).astype(np.float32)
BOTH = pytest.mark.parametrize("loss", [losses.normalized_poisson, losses.poisson])


def oracle(f, y, w=None):
    """Normalised Poisson in float64, from its definition."""
    f, y = np.asarray(f, float), np.asarray(y, float)
    w = np.ones(len(f)) if w is None else np.asarray(w, float)
    top = f.max(0)
    partition = top + np.log((w[:, None] * np.exp(f - top)).sum(0))
    probability = np.exp(f - partition)
    value = -(y * (f - partition)).sum(0)
    return value, w[:, None] * probability * y.sum(0) - y


def test_by_hand():  # flat field over four sites, three records: 3 log 4
    got = losses.normalized_poisson(jnp.zeros((4, 1)), jnp.array([[3], [0], [0], [0]]))
    np.testing.assert_allclose(got, [3 * np.log(4)], rtol=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_value_and_gradient_against_float64(weights, scale):
    f = F * np.float32(scale)
    got = losses.normalized_poisson(f, Y, site_weights=weights)
    gradient = jax.grad(
        lambda x: losses.normalized_poisson(x, Y, site_weights=weights).sum()
    )(jnp.asarray(f))
    value, slope = oracle(f, Y, weights)
    np.testing.assert_allclose(got, value, rtol=2e-6, atol=1e-5)
    np.testing.assert_allclose(gradient, slope, rtol=1e-5, atol=3e-5)
    assert got.dtype == jnp.float32


def test_float64_input_is_computed_in_float64():
    with jax.enable_x64(True):
        got = losses.normalized_poisson(jnp.asarray(F, jnp.float64), jnp.asarray(Y))
        assert got.dtype == jnp.float64
        np.testing.assert_allclose(got, oracle(F, Y)[0], rtol=1e-13)


def test_bfloat16_input_is_computed_in_float32():
    f = jnp.asarray(F, jnp.bfloat16)
    got = losses.normalized_poisson(f, Y)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, oracle(np.asarray(f, np.float32), Y)[0], rtol=1e-5)


def test_poisson_against_float64():
    got = losses.poisson(F, Y, site_weights=WEIGHTS)
    f = F.astype(float)
    want = (WEIGHTS[:, None] * np.exp(f) - Y * f).sum(0)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_parity_with_optax():
    want = optax.softmax_cross_entropy(F.T, Y.T)
    np.testing.assert_allclose(
        jax.jit(losses.normalized_poisson)(F, Y), want, rtol=1e-5, atol=1e-6
    )


@BOTH
@pytest.mark.parametrize("junk", [1e30, np.inf, np.nan])
def test_padding_changes_neither_value_nor_gradient(loss, junk):
    pad = np.full((2, 4), junk, np.float32)
    f, y = np.concatenate([F, pad]), np.concatenate([Y, pad])
    w = np.concatenate([WEIGHTS, [junk, junk]]).astype(np.float32)

    def total(f, y, w, **options):
        return loss(f, y, site_weights=w, **options).sum()

    where = jnp.arange(18) < 16
    got = jax.value_and_grad(total)(jnp.asarray(f), y, w, where=where)
    want = jax.value_and_grad(total)(jnp.asarray(F), Y, WEIGHTS)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-6)
    np.testing.assert_allclose(got[1][:16], want[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(got[1][16:], 0)


def test_nothing_but_padding_gives_zero():
    where = jnp.zeros(16, bool)
    value, gradient = jax.value_and_grad(
        lambda f: losses.normalized_poisson(f, Y, where=where).sum()
    )(jnp.asarray(F))
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


def test_a_species_without_records_gives_zero_and_no_gradient():
    value = losses.normalized_poisson(F, Y)
    gradient = jax.grad(lambda f: losses.normalized_poisson(f, Y).sum())(jnp.asarray(F))
    assert value[2] == 0
    np.testing.assert_array_equal(gradient[:, 2], 0)


@pytest.mark.parametrize("offset", [1e4, -1e4])
def test_an_offset_costs_no_digits(offset):
    f = np.full((100, 1), offset, np.float32)
    y = np.full((100, 1), 10, np.float32)
    got = losses.normalized_poisson(f, y)
    np.testing.assert_allclose(got, 1000 * np.log(100), rtol=3e-7)


def test_records_without_a_partition_give_nan():
    for f, w in ((F, np.zeros(16)), (np.where(F.max() == F, np.inf, F), np.ones(16))):
        got = np.asarray(losses.normalized_poisson(f, Y + 1, site_weights=w))
        bad = np.isinf(f).any(0) | (w.sum() == 0)
        np.testing.assert_array_equal(np.isnan(got), bad)


def test_a_weightless_site_leaves_the_partition():
    weights = (np.arange(16) < 10).astype(np.float32)
    y = np.where(weights[:, None] > 0, Y, 0)
    got = losses.normalized_poisson(F, y, site_weights=weights)
    np.testing.assert_allclose(got, oracle(F[:10], y[:10])[0], rtol=1e-5, atol=1e-6)


def test_poisson_ignores_an_overflow_at_a_site_without_area():
    f = jnp.asarray([[200.0], [0.0]])
    weights = jnp.asarray([0.0, 1.0])
    gradient = jax.grad(
        lambda f: losses.poisson(f, jnp.zeros((2, 1)), site_weights=weights).sum()
    )(f)
    np.testing.assert_array_equal(gradient, [[0.0], [1.0]])


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-50, 50, width=32), min_size=4, max_size=4))
def test_a_constant_per_species_changes_nothing(shift):
    moved = F + np.asarray(shift, np.float32)
    np.testing.assert_allclose(
        losses.normalized_poisson(moved, Y),
        losses.normalized_poisson(F, Y),
        rtol=1e-4,
        atol=1e-3,
    )


def test_order_of_sites_does_not_matter():
    order = RNG.permutation(16)
    np.testing.assert_allclose(
        losses.normalized_poisson(F[order], Y[order]),
        losses.normalized_poisson(F, Y),
        rtol=1e-5,
    )


def test_is_poisson_given_the_number_of_records():
    """Poisson, minimised over a constant per species, is this loss plus constants."""
    n = Y.sum(0)
    present = n > 0
    best = np.log(n[present] / np.exp(F.astype(float)).sum(0)[present])
    least = losses.poisson(F[:, present] + best.astype(np.float32), Y[:, present])
    want = np.asarray(losses.normalized_poisson(F, Y))[present]
    np.testing.assert_allclose(
        least, want + n[present] * (1 - np.log(n[present])), rtol=1e-4
    )


def test_infinitely_weighted_logistic_regression_has_the_same_optimum():
    """Fithian and Hastie 2013: its slopes tend to those of the normalised Poisson."""
    generator = np.random.default_rng(3)
    x = generator.normal(size=(400, 2))
    rate = np.exp(x @ [1.0, -0.5])
    y = generator.multinomial(120, rate / rate.sum())[:, None].astype(np.float32)
    weight = 1e4
    rows = np.concatenate([x, x])
    label = np.repeat([1, 0], len(x))
    fitted = LogisticRegression(C=1e6, tol=1e-10, max_iter=2000).fit(
        rows, label, sample_weight=np.concatenate([y[:, 0], np.full(len(x), weight)])
    )
    gradient = jax.grad(
        lambda b: losses.normalized_poisson((x @ b)[:, None], y).sum() / y.sum()
    )(jnp.asarray(fitted.coef_[0], jnp.float32))
    np.testing.assert_allclose(gradient, 0, atol=2e-3)


@BOTH
@pytest.mark.parametrize("shape", [(4, 2), (8, 1), (2, 4)])
def test_same_value_and_gradient_on_a_data_by_species_mesh(loss, shape):
    def positional(f, y, where, w, **names):
        return loss(f, y, where=where, site_weights=w, **names)

    testing.assert_same_on_mesh(
        positional, F, Y, WEIGHTS, per_species=True, shape=shape
    )


@BOTH
@pytest.mark.parametrize("kind", ["pmap", "vmap", "shard_map"])
def test_gradient_of_own_rows_where_the_caller_maps_over_sites(loss, kind):
    def shard(f, y, w):
        def total(f):
            return loss(f, y, site_weights=w, site_axis_name="data").sum()

        return jax.value_and_grad(total)(f)

    f, y, w = F.reshape(8, 2, 4), Y.reshape(8, 2, 4), WEIGHTS.reshape(8, 2)
    if kind == "shard_map":
        mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
        spec = PartitionSpec("data")
        value, gradient = jax.jit(
            jax.shard_map(
                lambda f, y, w: tuple(part[None] for part in shard(f[0], y[0], w[0])),
                mesh=mesh,
                in_specs=spec,
                out_specs=(spec, spec),
                check_vma=False,
            )
        )(f, y, w)
    else:
        mapped = {"pmap": jax.pmap, "vmap": jax.vmap}[kind]
        value, gradient = mapped(shard, axis_name="data")(f, y, w)
    want = jax.value_and_grad(lambda f: loss(f, Y, site_weights=WEIGHTS).sum())(
        jnp.asarray(F)
    )
    np.testing.assert_allclose(value, np.full(8, want[0]), rtol=1e-5)
    np.testing.assert_allclose(
        np.reshape(gradient, (16, 4)), want[1], rtol=1e-4, atol=1e-5
    )


@BOTH
def test_vmap_over_members(loss):
    stack = np.stack([F, 2 * F])
    got = jax.vmap(loss, in_axes=(0, None))(stack, Y)
    for member in range(2):
        np.testing.assert_allclose(got[member], loss(stack[member], Y), rtol=1e-5)


@BOTH
def test_finite_differences(loss):
    with jax.enable_x64(True):
        check_grads(
            jax.jit(lambda f: loss(f, jnp.asarray(Y, float))),
            (jnp.asarray(F, float),),
            order=2,
        )


@BOTH
def test_errors_name_what_came(loss):
    with pytest.raises(ValueError, match=r"one shape \[sites, species\].*\(16, 4\)"):
        loss(F, Y[:3])
    with pytest.raises(TypeError, match="int32"):
        loss(jnp.zeros((2, 2), jnp.int32), jnp.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"where of shape \[sites\] = \(16,\)"):
        loss(F, Y, where=jnp.ones(3, bool))
    with pytest.raises(ValueError, match=r"site_weights of shape"):
        loss(F, Y, site_weights=jnp.ones(3))
