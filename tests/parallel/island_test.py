"""Tests for jaxsdm.parallel.island."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import losses, ops, parallel

SITES, SPECIES = 16, 8
RNG = np.random.default_rng(0)
F = RNG.normal(size=(SITES, SPECIES)).astype(np.float32)
Y = RNG.poisson(0.5, (SITES, SPECIES)).astype(np.float32)
WHERE = np.arange(SITES) < 14
WEIGHTS = RNG.uniform(0.5, 2, SITES).astype(np.float32)
CO = RNG.normal(size=SITES).astype(np.float32)


def normalized_poisson(logits, counts, where, site_weights, **names):
    return losses.normalized_poisson(
        logits, counts, where=where, site_weights=site_weights, **names
    )


def softmax_cross_entropy(logits, counts, where, site_weights, **names):
    del site_weights
    return losses.softmax_cross_entropy(logits, counts, where=where, **names)


LOSSES = [(normalized_poisson, True), (softmax_cross_entropy, False)]


@pytest.mark.parametrize("shape", [(8, 1), (1, 8), (4, 2)])
@pytest.mark.parametrize(("loss", "per_species"), LOSSES)
def test_value_and_gradient_of_one_device(loss, per_species, shape):
    island = parallel.loss_island(
        loss, parallel.make_mesh(*shape), per_species=per_species
    )
    size = SPECIES if per_species else SITES
    weight = CO[:size]  # another weight for each value: none may be swapped

    def total(function, logits):
        values = function(logits, Y, WHERE, WEIGHTS)
        assert values.shape == (size,)
        return jnp.sum(weight * values)

    run = jax.jit(jax.value_and_grad(functools.partial(total, island)))
    got, want = run(F), jax.value_and_grad(functools.partial(total, loss))(F)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1], want[1], atol=1e-5)


@pytest.mark.parametrize(
    ("per_species", "name", "axis"),
    [(True, "site_axis_name", "data"), (False, "species_axis_name", "species")],
)
def test_a_loss_sees_its_shard_and_the_axis_it_reduces_over(per_species, name, axis):
    seen = []

    def spy(logits, counts, where, site_weights, **names):
        seen.append((logits.shape, counts.shape, where.shape, site_weights.shape))
        seen.append(names)
        values = jnp.sum(logits, axis=0 if per_species else 1)
        return jax.lax.psum(values, names[name])

    island = parallel.loss_island(
        spy, parallel.make_mesh(4, 2), per_species=per_species
    )
    got = jax.jit(island)(F, Y, WHERE, WEIGHTS)
    assert seen[:2] == [((4, 4), (4, 4), (4,), (4,)), {name: axis}]
    np.testing.assert_allclose(got, F.sum(0 if per_species else 1), rtol=1e-4)


def test_without_a_mesh_the_loss_is_called_as_it_is():
    island = parallel.loss_island(normalized_poisson, None, per_species=True)
    assert island is normalized_poisson


@pytest.mark.parametrize("shape", [(8, 1), (2, 4)])
def test_an_example_island_passes_heads_labels_and_key(shape):
    """A loss of two heads, a label an example and a number that follows from a key."""

    def loss(heads, labels, where, key, batch_axis_name=None, species_axis_name=None):
        first, second = heads
        value = ops.take_columns(first, labels, axis_name=species_axis_name)
        value = value + ops.all_sum(jnp.sum(second, axis=1), species_axis_name)
        factor = jax.random.uniform(key)
        if batch_axis_name is not None:
            factor = factor + 0 * jax.lax.axis_index(batch_axis_name)
        return jnp.where(where, factor * value, 0)

    labels = jnp.arange(SITES) % SPECIES
    island = parallel.example_island(loss, parallel.make_mesh(*shape))

    def total(function, heads):
        return jnp.sum(CO * function(heads, labels, WHERE, jax.random.key(1)))

    heads = (jnp.asarray(F), jnp.asarray(Y))
    got = jax.jit(jax.value_and_grad(functools.partial(total, island)))(heads)
    want = jax.value_and_grad(functools.partial(total, loss))(heads)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    jax.tree.map(
        functools.partial(np.testing.assert_allclose, atol=1e-6), got[1], want[1]
    )
    assert parallel.example_island(loss, None) is loss
