"""Tests for jaxsdm.data.splits.distance_matching."""

import numpy as np
import pytest
from scipy import spatial, stats

from jaxsdm.data.splits import (
    autocorrelation_range,
    nearest_neighbor_distance_matching,
)
from jaxsdm.data.splits.nearest import distance_to_training
from jaxsdm.data.surface import EARTH_RADIUS

RNG = np.random.default_rng(0)
AREA = RNG.uniform(0, 100, (2, 500))
DEGREES = "EPSG:4326"


def clumped(sites=120, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 100, (6, 2))
    return (centres[rng.integers(0, 6, sites)] + rng.normal(0, 3, (sites, 2))).T.copy()


def published_loop(x, y, area, *, stop, least_training):
    """One removal at a time, all distributions counted anew, as in the paper."""
    sites = len(x)
    pairs = spatial.distance.cdist(np.stack([x, y], 1), np.stack([x, y], 1))
    np.fill_diagonal(pairs, np.nan)
    wanted = spatial.distance.cdist(area.T, np.stack([x, y], 1)).min(axis=1)
    reach = 0.0
    while True:
        nearest = np.nanmin(pairs, axis=1)
        ahead = nearest[nearest >= reach]
        if len(ahead) == 0 or ahead.min() > stop:
            return nearest, pairs
        reach = ahead.min()
        share = (np.sum(nearest <= reach) - 1) / sites
        kept = (np.sum(~np.isnan(pairs), axis=1) - 1) / (sites - 1)
        may = np.flatnonzero((nearest == reach) & (kept >= least_training))
        if share >= np.mean(wanted <= reach) and len(may):
            pairs[may[0], pairs[may[0]] == reach] = np.nan
        else:
            reach = np.nextafter(reach, np.inf)


@pytest.mark.parametrize("longest", [None, 12.0])
@pytest.mark.parametrize("least_training", [0.5, 0.9, 0.0])
@pytest.mark.parametrize("seed", [0, 1])
def test_same_as_the_published_loop(longest, least_training, seed):
    x, y = clumped(80, seed)
    got = nearest_neighbor_distance_matching(
        x, y, *AREA, longest=longest, least_training=least_training
    )
    want, pairs = published_loop(
        x, y, AREA, stop=longest or np.inf, least_training=least_training
    )
    np.testing.assert_allclose(got.achieved, np.sort(want))
    for number, rows in enumerate(got.split.left_out):
        removed = np.flatnonzero(np.isnan(pairs[number]))
        np.testing.assert_array_equal(rows, removed[removed != number])
    assert sum(map(len, got.split.left_out)) > 100


def test_clumped_sites_are_matched_to_the_area():
    x, y = clumped()
    got = nearest_neighbor_distance_matching(x, y, *AREA)
    assert got.mismatch < 0.1 * got.mismatch_of_leave_one_out
    want = spatial.cKDTree(np.stack([x, y], 1)).query(AREA.T)[0]
    np.testing.assert_allclose(got.wanted, np.sort(want))
    np.testing.assert_allclose(
        got.achieved, np.sort(distance_to_training(got.split, x, y))
    )
    np.testing.assert_allclose(
        got.mismatch, stats.wasserstein_distance(got.achieved, want)
    )
    np.testing.assert_array_equal(got.split.fold, np.arange(120))


def test_an_area_no_further_than_the_sites_loses_nothing():
    """Sites on a grid, the area at the sites: leave-one-out as it is."""
    x, y = (v.ravel() for v in np.meshgrid(np.arange(8.0), np.arange(8.0)))
    got = nearest_neighbor_distance_matching(x, y, x + 0.1, y)
    assert not any(map(len, got.split.left_out))
    np.testing.assert_array_equal(got.achieved, got.leave_one_out)


def test_equal_distances_leave_together_as_far_as_they_may():
    """The four neighbours on a grid go at once; three quarters must stay."""
    x, y = (v.ravel() for v in np.meshgrid(np.arange(6.0), np.arange(6.0)))
    got = nearest_neighbor_distance_matching(x, y, x + 1000, y, least_training=0.75)
    pairs = spatial.distance.cdist(np.stack([x, y], 1), np.stack([x, y], 1))
    for row, (rows, reached) in enumerate(
        zip(got.split.left_out, distance_to_training(got.split, x, y), strict=True)
    ):
        assert 4 <= len(rows) <= 0.25 * 35
        want = np.flatnonzero(pairs[row] < reached - 1e-9)
        np.testing.assert_array_equal(rows, want[want != row])


def test_neighbours_at_the_longest_distance_itself_leave():
    x, y = (v.ravel() for v in np.meshgrid(np.arange(6.0), np.arange(6.0)))
    got = nearest_neighbor_distance_matching(x, y, x + 1000, y, longest=1)
    np.testing.assert_allclose(got.achieved, np.sqrt(2))


def test_the_last_training_site_stays():
    x, y = clumped(20)
    got = nearest_neighbor_distance_matching(x, y, x + 1000, y, least_training=0.0)
    assert {len(train) for train, _ in got.split} == {1}


def test_no_further_than_the_range():
    x, y = clumped()
    got = nearest_neighbor_distance_matching(x, y, *AREA, longest=5)
    free = nearest_neighbor_distance_matching(x, y, *AREA)
    near = np.sort(free.achieved)
    assert got.achieved.sum() < near.sum()
    ranges = autocorrelation_range(x, y, np.stack([x, y], 1), bins=6)
    nearest_neighbor_distance_matching(x, y, *AREA, longest=ranges.longest)


def test_metres_on_the_globe():
    x, y = clumped(60)
    flat = nearest_neighbor_distance_matching(x, y, *AREA)
    scale, shift = 1e-3, 179.95
    east = np.mod(x * scale + shift + 180, 360) - 180
    area_east = np.mod(AREA[0] * scale + shift + 180, 360) - 180
    globe = nearest_neighbor_distance_matching(
        east, y * scale, area_east, AREA[1] * scale, crs=DEGREES
    )
    metres = np.deg2rad(scale) * EARTH_RADIUS
    np.testing.assert_allclose(globe.wanted, flat.wanted * metres, rtol=1e-3)
    np.testing.assert_allclose(globe.achieved, flat.achieved * metres, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"x": np.zeros(1), "y": np.zeros(1)}, "from 2 to 10000 sites, got 1; for mor"),
        ({"least_training": 1.5}, "least_training from 0 to 1, got 1.5"),
        ({"longest": -1.0}, "longest is a finite number >= 0, got -1.0"),
        ({"area_x": AREA[0] * np.nan}, r"\(area\): x or y is not finite in 500 of 500"),
    ],
)
def test_bad_matching_is_refused(options, said):
    x, y = clumped(20)
    given = {"x": x, "y": y, "area_x": AREA[0], "area_y": AREA[1]} | options
    with pytest.raises(ValueError, match=said):
        nearest_neighbor_distance_matching(**given)
