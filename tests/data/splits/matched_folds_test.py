"""Tests for jaxsdm.data.splits.matched_folds."""

import numpy as np
import pytest
from scipy import spatial

from jaxsdm.data.splits import distance_matched_folds, random_folds, spatial_clusters
from jaxsdm.data.splits.nearest import distance_to_training

RNG = np.random.default_rng(0)
AREA = RNG.uniform(0, 100, (2, 500))


def clumped(sites=300, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 100, (8, 2))
    return (centres[rng.integers(0, 8, sites)] + rng.normal(0, 3, (sites, 2))).T.copy()


def quantile_gap(one, other):
    """Wasserstein-1 by its definition: the mean gap between quantiles."""
    steps = (np.arange(20_000) + 0.5) / 20_000
    return np.abs(np.quantile(one, steps) - np.quantile(other, steps)).mean()


def test_nearer_to_the_area_than_random_folds_and_than_clusters():
    x, y = clumped()
    got = distance_matched_folds(x, y, *AREA, folds=5)
    wanted = spatial.cKDTree(np.stack([x, y], 1)).query(AREA.T)[0]
    reached = distance_to_training(got.split, x, y)
    np.testing.assert_allclose(got.achieved, np.sort(reached))
    np.testing.assert_allclose(got.wanted, np.sort(wanted))
    assert got.mismatch == pytest.approx(quantile_gap(reached, wanted), rel=0.02)
    for other in (random_folds(300, folds=5), spatial_clusters(x, y, 5)):
        gap = quantile_gap(distance_to_training(other, x, y), wanted)
        assert got.mismatch < 0.95 * gap
    alone = spatial.cKDTree(np.stack([x, y], 1)).query(np.stack([x, y], 1), 2)[0]
    np.testing.assert_allclose(got.leave_one_out, np.sort(alone[:, 1]))
    assert got.mismatch < 0.5 * got.mismatch_of_leave_one_out
    sizes = np.bincount(got.split.fold)
    assert len(sizes) == 5
    assert sizes.max() <= 150
    assert 5 <= got.clusters < 300


def test_sites_all_over_the_area_get_random_folds():
    x, y = np.random.default_rng(5).uniform(0, 100, (2, 300))
    got = distance_matched_folds(x, y, *AREA, folds=10, seed=3)
    assert got.clusters == 300
    np.testing.assert_array_equal(got.split.fold, random_folds(300, folds=10, seed=3))


def test_the_largest_fold_is_bounded():
    x, y = clumped()
    for largest in (0.25, 0.35):
        got = distance_matched_folds(x, y, *AREA, folds=5, largest=largest)
        assert np.bincount(got.split.fold).max() <= largest * 300


def test_very_many_sites_are_clustered_by_a_sample(monkeypatch):
    x, y = clumped(1500)
    module = "jaxsdm.data.splits.matched_folds."
    whole = distance_matched_folds(x, y, *AREA, folds=4)
    for name, value in [("_MOST_LINKED", 200), ("_COMPARED", 300), ("_THINNED", 500)]:
        monkeypatch.setattr(module + name, value)
    sampled = distance_matched_folds(x, y, *AREA, folds=4)
    again = distance_matched_folds(x, y, *AREA, folds=4)
    np.testing.assert_array_equal(sampled.split.fold, again.split.fold)
    np.testing.assert_allclose(
        sampled.achieved, np.sort(distance_to_training(sampled.split, x, y))
    )
    assert sampled.mismatch < 1.5 * whole.mismatch + 1
    assert sampled.mismatch < 0.6 * sampled.mismatch_of_leave_one_out


def test_folds_cross_the_antimeridian():
    x, y = clumped()
    shifted = distance_matched_folds(
        np.mod(x / 10 + 175 + 180, 360) - 180,
        y / 10,
        np.mod(AREA[0] / 10 + 175 + 180, 360) - 180,
        AREA[1] / 10,
        folds=5,
        crs="EPSG:4326",
    )
    same = distance_matched_folds(
        x / 10, y / 10, *(AREA / 10), folds=5, crs="EPSG:4326"
    )
    np.testing.assert_allclose(shifted.wanted, same.wanted, rtol=1e-6)
    np.testing.assert_allclose(shifted.leave_one_out, same.leave_one_out, rtol=1e-6)
    assert shifted.mismatch < 0.5 * shifted.mismatch_of_leave_one_out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"folds": 301}, "from 2 to 300, got 301: there are 300 sites"),
        ({"folds": 4, "largest": 0.2}, "give largest of at least 0.25"),
    ],
)
def test_impossible_folds_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        distance_matched_folds(*clumped(), *AREA, **options)
