"""Tests for jaxsdm.data.splits.blocks."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.splits import block_numbers, spatial_blocks
from jaxsdm.data.surface import EARTH_RADIUS

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(100, 200, 900), RNG.uniform(0, 50, 900)
DEGREES = "EPSG:4326"


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


def same_partition(one, other):
    return len(set(zip(one, other, strict=True))) == len(set(one)) == len(set(other))


def block_k_fold(**options):
    verde = pytest.importorskip("verde")
    return verde.BlockKFold(**options)


def test_each_block_as_a_fold_is_verdes():
    """The same blocks, up to their numbers, where the number of them is given."""
    splitter = block_k_fold(shape=(3, 4), n_splits=12, balance=False)
    want = np.full(900, -1)
    for number, (_, test) in enumerate(splitter.split(np.stack([X, Y], axis=1))):
        want[test] = number
    assert same_partition(spatial_blocks(X, Y, folds=12, blocks=(3, 4)), want)
    assert same_partition(block_numbers(X, Y, blocks=(3, 4)), want)


def test_folds_are_as_even_as_verdes():
    splitter = block_k_fold(spacing=7.0, n_splits=5)
    sizes = [len(test) for _, test in splitter.split(np.stack([X, Y], axis=1))]
    assert np.ptp(np.bincount(spatial_blocks(X, Y, folds=5, block_size=7.0))) <= max(
        np.ptp(sizes), 3
    )


def test_rectangles_by_height_and_width():
    got = block_numbers(X, Y, block_size=(10.0, 25))
    row, column = (Y - Y.min()) // 10, (X - X.min()) // 25
    want = pd.Series(row * 100 + column).rank(method="dense").to_numpy() - 1
    np.testing.assert_array_equal(got, want)


def test_blocks_are_numbered_from_the_south_west():
    x, y = (v.ravel() for v in np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0]))
    np.testing.assert_array_equal(block_numbers(x, y, block_size=1.0), np.arange(6))


def test_counts_spread_species_over_the_blocks():
    """Four blocks, one species in two of them: never both in one fold."""
    x, y = (v.ravel() for v in np.meshgrid([0.0, 1.0], [0.0, 1.0]))
    counts = np.array([[1, 9], [1, 9], [0, 9], [0, 9]], np.float32)
    for seed in range(8):
        fold = spatial_blocks(x, y, folds=2, block_size=1.0, counts=counts, seed=seed)
        assert fold[0] != fold[1]
        assert fold[2] != fold[3]


def globe(seed=0, sites=4000):
    """Sites spread evenly over the globe, the poles among them."""
    rng = np.random.default_rng(seed)
    y = np.rad2deg(np.arcsin(rng.uniform(-1, 1, sites)))
    return rng.uniform(-180, 180, sites), np.r_[y[2:], -90.0, 90.0]


def test_blocks_of_degrees_hold_their_width_in_metres():
    x, y = globe()
    size = 1_500_000.0
    block = block_numbers(x, y, block_size=size, crs=DEGREES)
    sites = pd.DataFrame({"block": block, "x": x, "y": y}).groupby("block")
    height = np.deg2rad(np.ptp(y)) * EARTH_RADIUS
    rows = int(np.ceil(height / size - 1e-9))
    assert (sites.y.max() - sites.y.min()).max() <= np.rad2deg(size / EARTH_RADIUS)
    # Blocks have nearly equal areas, hence as many sites, from equator to pole.
    area = 4 * np.pi * EARTH_RADIUS**2
    assert block.max() + 1 == pytest.approx(area / size**2, rel=0.1)
    whole = sites.y.max() < y.min() + np.rad2deg((rows - 1) * size / EARTH_RADIUS)
    share = sites.size()[whole] * area / len(x) / size**2
    for part in (sites.y.mean()[whole].abs() < 40, sites.y.mean()[whole].abs() > 50):
        assert share[part].mean() == pytest.approx(1, abs=0.1)


def test_the_antimeridian_is_no_edge():
    x = np.array([179.2, 179.9, -179.9, -179.2, -170.0])
    y = np.zeros(5)
    size = np.deg2rad(3) * EARTH_RADIUS
    got = block_numbers(x, y, block_size=size, crs=DEGREES)
    np.testing.assert_array_equal(got, [0, 0, 0, 0, 1])
    from_zero = block_numbers(np.mod(x, 360), y, block_size=size, crs=DEGREES)
    np.testing.assert_array_equal(got, from_zero)
    parts = block_numbers(x, y, blocks=(1, 2), crs=DEGREES)
    np.testing.assert_array_equal(parts, [0, 0, 0, 0, 1])
    assert len(set(block_numbers(x, y, block_size=3.0))) == 3


def test_greenwich_is_no_edge_either():
    x, y = np.array([-1.0, 1, 12]), np.zeros(3)
    got = block_numbers(x, y, blocks=(1, 2), crs=DEGREES)
    np.testing.assert_array_equal(got, [0, 0, 1])


def test_a_projected_crs_is_a_plane():
    plain = block_numbers(X, Y, block_size=9.0)
    named = block_numbers(X, Y, block_size=9.0, crs="EPSG:3035")
    np.testing.assert_array_equal(plain, named)


def test_places_that_are_none_are_refused():
    with pytest.raises(ValueError, match=r"not finite in 1 of 900 rows \(rows 4\)"):
        block_numbers(np.where(np.arange(900) == 4, np.nan, X), Y, block_size=9.0)


def test_weights_and_counts_are_either_or():
    with pytest.raises(ValueError, match="spatial_blocks: give weights or counts"):
        spatial_blocks(
            X, Y, folds=2, block_size=9.0, weights=X, counts=np.ones((900, 1))
        )
