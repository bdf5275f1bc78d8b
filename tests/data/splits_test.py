"""Tests for jaxsdm.data.splits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data import random_folds, spatial_blocks

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(100, 200, 900), RNG.uniform(0, 50, 900)


@given(st.integers(2, 7), st.integers(7, 60), st.integers(0, 9))
def test_random_folds_are_even(folds, sites, seed):
    got = random_folds(sites, folds=folds, seed=seed)
    sizes = np.bincount(got, minlength=folds)
    assert len(got) == sites
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= 1


def test_random_folds_are_random_and_reproducible():
    one, again, other = (random_folds(99, folds=5, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert (one != np.arange(99) % 5).any()


def test_a_block_of_a_size_never_spans_folds():
    got = spatial_blocks(X, Y, folds=4, block_size=10.0)
    block = np.floor((X - X.min()) / 10) * 100 + np.floor((Y - Y.min()) / 10)
    assert len(set(zip(block, got, strict=True))) == len(set(block)) > 40
    assert set(got) == {0, 1, 2, 3}


def test_a_number_of_blocks_divides_the_extent():
    corners = np.array([0.0, 0.9, 1.1, 1.9, 2.1, 3.0])
    x, y = (v.ravel() for v in np.meshgrid(corners, corners))
    got = spatial_blocks(x, y, folds=9, blocks=(3, 3))
    block = np.minimum(x, 2.9) // 1 * 3 + np.minimum(y, 2.9) // 1
    assert len(set(zip(block, got, strict=True))) == 9
    rows = spatial_blocks(x, y, folds=3, blocks=(3, 1))
    assert len(set(zip(np.minimum(y, 2.9) // 1, rows, strict=True))) == 3


def test_sites_on_one_line_have_blocks_along_it():
    got = spatial_blocks(np.arange(10.0), np.zeros(10), folds=2, blocks=(1, 2))
    assert len(set(got[:5])) == len(set(got[5:])) == 1
    assert got[0] != got[9]


def test_folds_are_balanced_in_weight():
    weights = RNG.pareto(1.5, 900)
    got = spatial_blocks(X, Y, folds=5, block_size=8.0, weights=weights)
    load = np.bincount(got, weights)
    block = np.floor((X - X.min()) / 8) * 100 + np.floor((Y - Y.min()) / 8)
    heaviest = np.bincount(np.unique(block, return_inverse=True)[1], weights).max()
    # Longest-processing-time bound (Graham 1969): max <= 4/3 of the best possible.
    assert load.max() <= 4 / 3 * max(load.mean(), heaviest)
    by_sites = spatial_blocks(X, Y, folds=5, block_size=8.0)
    assert np.ptp(np.bincount(by_sites)) < 30


@pytest.mark.parametrize("of", ["weight", "sites"])
@pytest.mark.parametrize("seed", range(5))
def test_the_heaviest_block_is_dealt_first(of, seed):
    """Ten light blocks weigh as much as the heavy one: a perfect split exists."""
    heavy = 10 if of == "sites" else 1  # sites of the block that starts at 100
    x = np.r_[np.arange(0.0, 100.0, 10.0), np.full(heavy, 100.0)]
    weights = np.ones(len(x))
    weights[10:] = 10 if of == "weight" else 1
    one = {"folds": 2, "block_size": 10.0, "seed": seed}
    folds = spatial_blocks(x, np.zeros(len(x)), weights=weights, **one)
    np.testing.assert_array_equal(np.bincount(folds, weights), [10, 10])
    if of == "sites":
        empty = spatial_blocks(x, np.zeros(len(x)), weights=0 * weights, **one)
        np.testing.assert_array_equal(np.bincount(empty), [10, 10])


def test_sites_without_weight_share_the_blocks_and_are_balanced():
    weights = np.where(np.arange(900) < 300, 1.0, 0.0)
    both = spatial_blocks(X, Y, folds=5, block_size=6.0, weights=weights)
    block = np.floor((X - X.min()) / 6) * 100 + np.floor((Y - Y.min()) / 6)
    assert len(set(zip(block, both, strict=True))) == len(set(block))
    assert np.ptp(np.bincount(both, weights)) <= 5


def test_blocks_are_a_function_of_their_seed():
    one, again, other = (
        spatial_blocks(X, Y, folds=4, block_size=5.0, seed=s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"folds": 2},
            "either block_size or blocks, got block_size=None and blocks=None",
        ),
        ({"folds": 2, "block_size": 1.0, "blocks": (2, 2)}, "either block_size or bl"),
        ({"folds": 2, "block_size": 0.0}, "not > 0"),
        ({"folds": 2, "blocks": (3, -1)}, "not > 0"),
        ({"folds": 1, "block_size": 10.0}, "from 2 to .*, got 1"),
        (
            {"folds": 5, "blocks": (2, 2)},
            "2 to 4, got 5: there are 4 blocks with sites",
        ),
        ({"folds": 2, "block_size": 9.0, "weights": -np.ones(900)}, "-1.0 to -1.0"),
        ({"folds": 2, "block_size": 9.0, "weights": X * np.inf}, "finite and >= 0"),
    ],
)
def test_bad_blocks_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        spatial_blocks(X, Y, **options)


@pytest.mark.parametrize("folds", [1, 10])
def test_bad_numbers_of_random_folds(folds):
    with pytest.raises(
        ValueError, match=f"from 2 to 9, got {folds}: there are 9 sites"
    ):
        random_folds(9, folds=folds)
