"""Tests for jaxsdm.ops.order_statistics, against sorting in NumPy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import parallel
from jaxsdm.ops import kth_and_next_largest, kth_largest, largest_mask

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 24)).astype(np.float32)
TIED = np.round(X * 2) / 2
WHERE = RNG.random(X.shape) < 0.8
MESHES = [(8, 1), (4, 2), (2, 4), (1, 8)]
CASES = {"distinct": X, "tied": TIED, "equal": np.zeros_like(X), "large": X * 1e37}


def sorted_mask(x, k, where):
    """The first k of a stable sort: among equals the first row, then column."""
    flat = np.where(where, x, -np.inf).ravel()
    order = np.argsort(-flat, kind="stable")
    order = order[where.ravel()[order]][:k]
    mask = np.zeros(x.size, bool)
    mask[order] = True
    return mask.reshape(x.shape)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("k", [1, 7, 150, 300])
def test_selection_and_bisection_as_sorting(name, k):
    x = CASES[name]
    flat = np.sort(x[WHERE])[::-1]
    want = flat[k - 1] if k <= len(flat) else -np.inf
    assert kth_largest(x, k, where=WHERE) == want
    traced = jax.jit(
        lambda k, most: kth_largest(x, k, where=WHERE, most=most), static_argnums=1
    )
    assert traced(k, None) == want
    assert traced(k, 384) == want


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("k", [1, 3, 7, 150, 299])
def test_the_next_one_too(name, k):
    x = np.tile(CASES[name], (5, 1))
    where = np.tile(WHERE, (5, 1))
    flat = np.append(np.sort(x[where])[::-1], -np.inf)
    both = jax.jit(
        lambda k, most: kth_and_next_largest(x, k, where=where, most=most),
        static_argnums=1,
    )
    want = tuple(flat[[k - 1, k]])
    for most in (None, 19, x.size):
        if most != 19 or k <= 19:  # 19 of 1920 are selected
            assert both(k, most) == want


def test_nan_is_the_least_where_few_are_selected():
    x = RNG.normal(size=(20, 40)).astype(np.float32)
    x[3, 5:9] = np.nan
    x[7] = -np.inf
    want = np.sort(x[np.isfinite(x)])[::-1]
    assert kth_and_next_largest(x, 8) == (want[7], want[8])
    mask = largest_mask(x, 8)
    np.testing.assert_array_equal(mask, x >= want[7])
    where = np.zeros(x.shape, bool)
    where[3, 4:9] = where[7, :3] = True
    # One number, then the -inf and nan that count, in their order.
    chosen = np.argwhere(largest_mask(x, 6, where=where))
    np.testing.assert_array_equal(chosen, np.argwhere(where)[:6])


def test_a_small_k_of_a_large_table_is_selected():
    x = RNG.normal(size=(100, 100)).astype(np.float32)
    for k in (1, 20, 50):
        want = np.sort(x.ravel())[-k]
        assert kth_largest(x, k) == want
        assert jax.jit(functools.partial(kth_largest, x, most=50))(k) == want
    program = jax.jit(lambda x: kth_largest(x, 50)).lower(x).compile().as_text()
    assert "TopK" in program
    assert "while" in jax.jit(lambda x: kth_largest(x, 5000)).lower(x).as_text()


def test_double_precision_and_special_values():
    with jax.enable_x64():
        x = np.array([1.0, 1 + 1e-15, -np.inf, np.inf, np.nan, -0.0, 0.0, -2.0])
        got = [float(kth_largest(jnp.asarray(x), k)) for k in range(1, 9)]
    want = [np.inf, 1 + 1e-15, 1, 0, 0, -2, -np.inf, -np.inf]
    assert got == want


def test_nothing_counts():
    assert kth_largest(X, 1, where=np.zeros(X.shape, bool)) == -np.inf
    assert not largest_mask(X, 5, where=np.zeros(X.shape, bool)).any()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("k", [0, 1, 40, 200, 384])
def test_exactly_k_and_the_first_of_equals(name, k):
    want = sorted_mask(CASES[name], k, WHERE)
    np.testing.assert_array_equal(largest_mask(CASES[name], k, where=WHERE), want)
    traced = jax.jit(functools.partial(largest_mask, CASES[name], where=WHERE))
    np.testing.assert_array_equal(traced(k), want)
    assert want.sum() == min(k, WHERE.sum())


@pytest.mark.parametrize("shape", MESHES)
@pytest.mark.parametrize("name", CASES)
def test_the_same_on_any_mesh(name, shape):
    mesh = parallel.make_mesh(*shape)
    table = P("data", "species")

    def inside(x, where, k):
        mask = largest_mask(
            x, k, where=where, row_axis_name="data", column_axis_name="species"
        )
        return mask, kth_largest(x, k, where=where, axis_names=("data", "species"))

    run = jax.jit(
        jax.shard_map(
            inside, mesh=mesh, in_specs=(table, table, P()), out_specs=(table, P())
        )
    )
    for k in (1, 33, 200):
        mask, cut = run(CASES[name], WHERE, k)
        np.testing.assert_array_equal(mask, sorted_mask(CASES[name], k, WHERE))
        assert cut == np.sort(CASES[name][WHERE])[::-1][k - 1]
    text = run.lower(CASES[name], WHERE, 33).compile().as_text()
    assert f"f32[{X.size}]" not in text  # the scores of other shards never come


def test_what_is_refused():
    with pytest.raises(ValueError, match="k >= 1, got k=0"):
        kth_largest(X, 0)
    with pytest.raises(ValueError, match="k >= 0, got k=-1"):
        largest_mask(X, -1)
    with pytest.raises(TypeError, match="floating x, got int32"):
        kth_largest(jnp.arange(3), 1)
    with pytest.raises(ValueError, match=r"shape of x, \(16, 24\), got \(16,\)"):
        kth_largest(X, 1, where=np.ones(16, bool))
    with pytest.raises(ValueError, match=r"\[rows, columns\], got \(384,\)"):
        largest_mask(X.ravel(), 1)
