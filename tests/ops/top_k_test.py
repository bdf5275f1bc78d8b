"""Tests for jaxsdm.ops.top_k."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import parallel
from jaxsdm.ops.top_k import top_k

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 24)).astype(np.float32)
TIES = RNG.integers(0, 4, (8, 24)).astype(np.float32)  # many equal elements


def by_sort(x, k):
    """Largest first, the lowest column first among equals."""
    order = np.argsort(-x, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(x, order, -1), order


@pytest.mark.parametrize("k", [1, 5, 24])
@pytest.mark.parametrize("x", [X, TIES, X.reshape(2, 4, 24), X[0]])
def test_as_a_stable_sort(x, k):
    got = jax.jit(top_k, static_argnums=1)(x, k)
    jax.tree.map(np.testing.assert_array_equal, got, by_sort(x, k))


@pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])
@pytest.mark.parametrize("k", [2, 5, 24])  # 5 and 24: more than a shard may hold
@pytest.mark.parametrize("x", [X, TIES])
def test_sharded_columns(x, k, shape):
    sharded = jax.shard_map(
        lambda x: top_k(x, k, axis_name="species"),
        mesh=parallel.make_mesh(*shape),
        in_specs=P("data", "species"),
        out_specs=P("data"),
    )
    jax.tree.map(np.testing.assert_array_equal, jax.jit(sharded)(x), by_sort(x, k))


def test_inside_pmap_and_vmap():
    shards = TIES.reshape(8, 4, 6).transpose(1, 0, 2)
    values, columns = jax.pmap(
        lambda x: top_k(x, 7, axis_name="species"), axis_name="species"
    )(shards)
    want = by_sort(TIES, 7)
    for shard in range(4):
        np.testing.assert_array_equal(values[shard], want[0])
        np.testing.assert_array_equal(columns[shard], want[1])
    got = jax.vmap(lambda x: top_k(x, 3))(TIES)
    jax.tree.map(np.testing.assert_array_equal, got, by_sort(TIES, 3))


def test_zeros_of_both_signs_are_equal():
    x = jnp.asarray([-0.0, 0.0, -1.0, -0.0])
    np.testing.assert_array_equal(top_k(x, 3)[1], [0, 1, 3])


def test_precision():
    x = jnp.asarray(X, jnp.bfloat16)
    values, columns = top_k(x, 4)
    assert values.dtype == jnp.float32
    want = by_sort(np.asarray(x, np.float32), 4)
    np.testing.assert_array_equal(values, want[0])
    np.testing.assert_array_equal(columns, want[1])
    with jax.enable_x64():
        x = np.asarray([1.0, 1.0 + 1e-12])
        values, columns = top_k(x, 1)
        assert values.dtype == jnp.float64
        assert columns[0] == 1


def test_values_are_constants():
    gradient = jax.grad(lambda x: top_k(x, 3)[0].sum())(jnp.asarray(X))
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_the_fast_selection_is_taken(dtype):
    def last(x):
        values, columns = top_k(x, 6)
        return values[:, -1], columns[:, -1]

    program = jax.jit(last).lower(jnp.zeros((16, 1000), dtype)).compile().as_text()
    assert "TopK" in program
    assert "sort(" not in program


@pytest.mark.parametrize("k", [0, -1, 25])
def test_errors_name_what_came(k):
    with pytest.raises(ValueError, match=rf"\[1, 24\].*k={k}"):
        top_k(X, k)
    with pytest.raises(TypeError, match="int32"):
        top_k(jnp.zeros((2, 3), jnp.int32), 1)
    with pytest.raises(ValueError, match="number"):
        top_k(jnp.float32(1), 1)


@pytest.mark.parametrize("columns", [2048, 2055])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_long_rows_by_blocks(columns, k):
    """Few of many, with ties within and between blocks, and hardly any finite."""
    x = RNG.normal(size=(4, columns)).astype(np.float32)
    x[1] = RNG.integers(0, 3, columns)
    x[2] = 0
    x[3] = -np.inf
    x[3, [-1, 40]] = 1, 1
    got = jax.jit(top_k, static_argnums=1)(x, k)
    jax.tree.map(np.testing.assert_array_equal, got, by_sort(x, k))
    flat = jax.jit(top_k, static_argnums=1)(x[1], k)
    jax.tree.map(np.testing.assert_array_equal, flat, by_sort(x[1], k))


def test_zeros_of_both_signs_are_equal_in_long_rows():
    x = np.full(2048, -1, np.float32)
    x[[3, 70, 71, 2000]] = -0.0, 0.0, -0.0, 0.0
    np.testing.assert_array_equal(
        jax.jit(top_k, static_argnums=1)(x, 4)[1], [3, 70, 71, 2000]
    )
