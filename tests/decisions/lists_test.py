"""Lists against sorting every row, or the whole table."""

import jax
import numpy as np
import pytest

from jaxsdm.decisions.lists import (
    AdaptiveTopK,
    TopK,
    fit_average_k,
    fit_average_size,
    most_probable,
)

RNG = np.random.default_rng(7)


def table(decimals=1, dtype=np.float32, shape=(30, 17)):
    return RNG.random(shape).round(decimals).astype(dtype)


def first(p, sizes):
    """The first species of every row in a stable sort."""
    mask = np.zeros(p.shape, bool)
    order = np.argsort(-p, axis=1, kind="stable")
    for row, size in enumerate(sizes):
        mask[row, order[row, :size]] = True
    return mask


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [0, 1, 5, 17, 40])
def test_top_k_is_the_head_of_a_stable_sort(k, dtype):
    with jax.enable_x64(dtype == np.float64):
        p = table(dtype=dtype)
        p[0], p[1, :3], p[2] = 0, 1, 0.5
        expected = first(p, np.full(len(p), min(k, 17)))
        rule = TopK(k)
        for got in (rule(p), jax.jit(rule)(p), jax.jit(lambda r, q: r(q))(rule, p)):
            np.testing.assert_array_equal(got.mask, expected)
            np.testing.assert_array_equal(got.size, expected.sum(axis=1))


def test_every_place_has_its_own_size():
    p = table()
    sizes = RNG.integers(0, 18, len(p))
    got = most_probable(jax.numpy.asarray(p), jax.numpy.asarray(sizes))
    np.testing.assert_array_equal(got.mask, first(p, sizes))
    np.testing.assert_array_equal(got.size, sizes)


def test_bfloat16_is_compared_as_it_is():
    p = jax.numpy.asarray(table(9), jax.numpy.bfloat16)
    wide = np.asarray(p, np.float32)
    np.testing.assert_array_equal(TopK(5)(p).mask, TopK(5)(wide).mask)
    rule = fit_average_k(p, 3)
    np.testing.assert_array_equal(rule(p).mask, wide >= rule.thresholds)


@pytest.mark.parametrize(
    "rule", [TopK(5), AdaptiveTopK(4), AdaptiveTopK(4, exact=True)]
)
def test_places_and_species_may_be_sharded(rule):
    p = table(shape=(32, 16))
    axis_types = (jax.sharding.AxisType.Auto,) * 2
    mesh = jax.make_mesh((4, 2), ("data", "species"), axis_types=axis_types)
    spec = jax.sharding.PartitionSpec("data", "species")
    sharded = jax.device_put(p, jax.sharding.NamedSharding(mesh, spec))
    got = jax.jit(lambda r, q: r(q))(rule, sharded)
    np.testing.assert_array_equal(got.mask, rule(p).mask)


def test_no_places():
    p = np.zeros((0, 3), np.float32)
    assert TopK(2)(p).mask.shape == (0, 3)
    assert AdaptiveTopK(2)(p).mask.shape == (0, 3)


@pytest.mark.parametrize("k", [-1, 1.5, np.asarray([1, 2])])
def test_a_wrong_length_of_list(k):
    with pytest.raises(ValueError, match="whole number k"):
        TopK(k)(table())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 3, 2.5, 0.1])
def test_the_average_cut_is_the_midpoint_of_a_sort(k, dtype):
    p = table(9, dtype)
    wanted = int(np.floor(len(p) * k + 0.5))
    ordered = np.sort(p.ravel())[::-1].astype(np.float64)
    rule = fit_average_k(p, k)
    middle = (ordered[wanted - 1] + ordered[wanted]) / 2
    tolerance = 1e-15 if dtype == np.float64 else 1e-7
    np.testing.assert_allclose(rule.thresholds, middle, rtol=tolerance)
    assert np.asarray(rule.thresholds).dtype == dtype
    for ties in ("midpoint", "at_least", "at_most"):
        mask = p >= np.asarray(fit_average_k(p, k, ties=ties).thresholds)
        assert mask.sum() == wanted


def test_ties_at_the_average_cut():
    p = np.asarray([[0.9, 0.5, 0.5], [0.5, 0.2, 0.1]], np.float32)
    sizes = {"midpoint": 4, "at_least": 4, "at_most": 1}
    for ties, expected in sizes.items():
        rule = fit_average_k(p, 1, ties=ties)
        assert int(rule(p).size.sum()) == expected
    exact = AdaptiveTopK(1, exact=True)(p)
    np.testing.assert_array_equal(exact.mask, [[1, 1, 0], [0, 0, 0]])
    assert int(AdaptiveTopK(1)(p).size.sum()) == 4


@pytest.mark.parametrize("exact", [False, True])
def test_adaptive_top_k_cuts_the_table_it_is_given(exact):
    p = table(9)
    rule = AdaptiveTopK(4, exact=exact)
    cut = np.sort(p.ravel())[::-1][4 * len(p) - 1]
    for got in (rule(p), jax.jit(rule)(p), jax.jit(lambda r, q: r(q))(rule, p)):
        np.testing.assert_array_equal(got.mask, p >= cut)
    assert rule(table(1)).mask.sum() >= 4 * len(p)
    if exact:
        assert rule(table(1)).mask.sum() == 4 * len(p)


def test_sets_are_on_average_as_large_as_those_found():
    p = table(6)
    labels = RNG.random(p.shape) < p
    rule = fit_average_size(p, labels)
    assert int(rule(p).size.sum()) == labels.sum()
    unknown = labels.astype(float)
    unknown[2, 3] = np.nan
    with pytest.raises(ValueError, match="complete surveys, got 1 "):
        fit_average_size(p, unknown)


@pytest.mark.parametrize("k", [0, 17, -1, np.nan, np.inf])
def test_a_mean_size_out_of_range(k):
    for call in (lambda p: fit_average_k(p, k), AdaptiveTopK(k)):
        with pytest.raises(ValueError, match="mean size k above 0"):
            call(table())


def test_other_wrong_arguments():
    with pytest.raises(ValueError, match="ties midpoint"):
        fit_average_k(table(), 2, ties="random")
    with pytest.raises(ValueError, match="at least one place"):
        fit_average_k(np.zeros((0, 3), np.float32), 1)
