"""Tests for jaxsdm.ops.columns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import parallel
from jaxsdm.ops import (
    all_columns,
    columns_mask,
    first_column,
    local_columns,
    take_columns,
)

X = np.random.default_rng(0).normal(size=(8, 24)).astype(np.float32)
CHOSEN = np.array([0, 23, 5, 5, 11, 12, 2, 17])
WEIGHT = np.arange(1.0, 9.0, dtype=np.float32)


def test_one_element_of_each_row():
    np.testing.assert_array_equal(
        take_columns(jnp.asarray(X), jnp.asarray(CHOSEN)), X[np.arange(8), CHOSEN]
    )
    assert first_column(24, None) == 0
    assert all_columns(24, None) == 24


@pytest.mark.parametrize("outside", [-1, 24, 1000])
def test_a_column_that_is_nowhere_gives_0_and_no_gradient(outside):
    chosen = jnp.full(8, outside)
    np.testing.assert_array_equal(take_columns(jnp.asarray(X), chosen), 0)
    gradient = jax.grad(lambda x: take_columns(x, chosen).sum())(jnp.asarray(X))
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])
def test_sharded_columns_have_global_numbers(shape):
    mesh = parallel.make_mesh(*shape)
    taken = jax.shard_map(
        lambda x, chosen: take_columns(x, chosen, axis_name="species"),
        mesh=mesh,
        in_specs=(P("data", "species"), P("data")),
        out_specs=P("data"),
    )
    np.testing.assert_array_equal(jax.jit(taken)(X, CHOSEN), X[np.arange(8), CHOSEN])
    gradient = jax.jit(jax.grad(lambda x: (taken(x, CHOSEN) * WEIGHT).sum()))(X)
    want = np.zeros_like(X)
    want[np.arange(8), CHOSEN] = WEIGHT
    np.testing.assert_array_equal(gradient, want)

    numbers = jax.shard_map(
        lambda x: (
            first_column(x.shape[1], "species")[None],
            jnp.full(1, all_columns(x.shape[1], "species")),
        ),
        mesh=mesh,
        in_specs=P(None, "species"),
        out_specs=(P("species"), P()),
    )
    first, total = numbers(X)
    np.testing.assert_array_equal(first, np.arange(shape[1]) * (24 // shape[1]))
    assert total == 24


def test_pmap_gradient_taken_inside():
    def inside(x, chosen):
        return jax.grad(lambda x: take_columns(x, chosen, axis_name="species").sum())(x)

    shards = X.reshape(8, 8, 3).transpose(1, 0, 2)
    got = jax.pmap(inside, axis_name="species", in_axes=(0, None))(shards, CHOSEN)
    want = np.zeros_like(X)
    want[np.arange(8), CHOSEN] = 1
    np.testing.assert_array_equal(
        np.asarray(got).transpose(1, 0, 2).reshape(8, 24), want
    )


def test_columns_of_other_shards_go_past_the_end():
    chosen = jnp.asarray([[0, 5, 23], [11, 12, 1]])
    mask = columns_mask(chosen, 24, axis_name=None)
    want = np.zeros((2, 24), bool)
    want[0, [0, 5, 23]] = want[1, [11, 12, 1]] = True
    np.testing.assert_array_equal(mask, want)
    mesh = parallel.make_mesh(1, 4)
    local, parts = jax.shard_map(
        lambda chosen: (
            local_columns(chosen, 6, axis_name="species"),
            columns_mask(chosen, 6, axis_name="species"),
        ),
        mesh=mesh,
        in_specs=P(),
        out_specs=(P(None, "species"), P(None, "species")),
    )(chosen)
    np.testing.assert_array_equal(parts, want)
    np.testing.assert_array_equal(local[0], [0, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 5])
