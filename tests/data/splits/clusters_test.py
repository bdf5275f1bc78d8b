"""Tests for jaxsdm.data.splits.clusters and .k_means."""

import numpy as np
import pandas as pd
import pytest
from sklearn import cluster

from jaxsdm.data.splits import environmental_clusters, spatial_clusters
from jaxsdm.data.splits.k_means import k_means

DEGREES = "EPSG:4326"


def clumps(sites=600, number=5, dimensions=3, seed=0, spread=0.6):
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-5, 5, (number, dimensions))
    member = rng.choice(number, sites, p=np.arange(1, number + 1) / (15))
    return centres[member] + rng.normal(0, spread, (sites, dimensions)), member


def inertia(points, member):
    total = 0.0
    for one in set(member):
        part = points[member == one]
        total += ((part - part.mean(axis=0)) ** 2).sum()
    return total


@pytest.mark.parametrize("spread", [0.3, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_as_compact_as_scikit_learns(seed, spread):
    points, _ = clumps(seed=seed, spread=spread)
    peer = cluster.KMeans(5, n_init=10, random_state=seed).fit(points)
    assert inertia(points, k_means(points, 5, seed=seed)) <= 1.02 * peer.inertia_


def test_clumps_are_found_and_numbered_by_size():
    points, member = clumps(spread=0.2)
    got = k_means(points, 5)
    assert len(set(zip(got, member, strict=True))) == 5
    assert np.all(np.diff(np.bincount(got)) <= 0)
    for other in range(1, 4):
        np.testing.assert_array_equal(k_means(points, 5, seed=other), got)


def test_of_clusters_of_a_size_the_earlier_comes_first():
    points = np.array([[9.0], [1], [5], [9], [1], [5]])
    np.testing.assert_array_equal(k_means(points, 3), [0, 1, 2, 0, 1, 2])


def test_the_best_of_several_starts_is_taken():
    """Twelve clumps: one start in many finds them all."""
    rng = np.random.default_rng(0)
    centres = np.stack(np.meshgrid(np.arange(4.0), np.arange(3.0)), -1).reshape(-1, 2)
    points = np.repeat(centres, 25, axis=0) + rng.normal(0, 0.05, (300, 2))
    for seed in range(4):
        got = k_means(points, 12, seed=seed)
        assert len(set(zip(got, np.arange(300) // 25, strict=True))) == 12


def test_starts_on_a_sample_end_on_all_points(monkeypatch):
    points, _ = clumps(sites=3000, spread=2.0)
    whole = inertia(points, k_means(points, 5))
    monkeypatch.setattr("jaxsdm.data.splits.k_means._ENOUGH_POINTS", 200)
    monkeypatch.setattr("jaxsdm.data.splits.k_means._PAIRS_AT_ONCE", 999)
    sampled = k_means(points, 5)
    assert len(sampled) == 3000
    assert inertia(points, sampled) <= 1.01 * whole


def test_a_cluster_that_loses_its_points_starts_again(monkeypatch):
    points = np.array([[0.0], [1], [10], [11]])
    monkeypatch.setattr(
        "jaxsdm.data.splits.k_means._far_apart",
        lambda *_: np.array([[0.5], [10.5], [99.0]]),
    )
    assert len(set(k_means(points, 3))) == 3


def test_too_few_different_points():
    with pytest.raises(ValueError, match="3 clusters of 2 different points"):
        k_means(np.array([[0.0], [1], [0], [1]]), 3)


def test_conditions_count_alike_and_constants_do_not():
    points, member = clumps(spread=0.2)
    frame = pd.DataFrame(points * [1, 1e6, 1e-6] + [0, 5e7, 0], columns=list("abc"))
    got = environmental_clusters(frame.assign(flat=0.1), 5)
    assert len(set(zip(got, member, strict=True))) == 5
    np.testing.assert_array_equal(environmental_clusters(frame.to_numpy(), 5), got)


def test_more_clusters_than_folds_are_dealt():
    points, _ = clumps(spread=2.0)
    clusters = environmental_clusters(points, 40)
    folds = environmental_clusters(points, 4, clusters=40)
    assert len(set(zip(clusters, folds, strict=True))) == 40
    assert np.ptp(np.bincount(folds)) < 10
    rare = (np.isin(clusters, [38, 39]))[:, None]
    spread = environmental_clusters(points, 4, clusters=40, counts=rare)
    assert len(set(spread[rare[:, 0]])) == 2
    heavy = np.where(clusters == 39, 600.0, 1.0)
    weighted = environmental_clusters(points, 4, clusters=40, weights=heavy)
    assert len(set(clusters[weighted == weighted[clusters == 39][0]])) == 1


def test_places_near_to_one_another():
    points, member = clumps(dimensions=2, spread=0.2)
    got = spatial_clusters(points[:, 0], points[:, 1], 5)
    assert len(set(zip(got, member, strict=True))) == 5
    dealt = spatial_clusters(points[:, 0], points[:, 1], 2, clusters=5)
    assert len(set(zip(dealt, member, strict=True))) == 5


def test_the_antimeridian_and_the_pole_part_nothing():
    x = np.array([179.0, -179, 178, -60, 120, 10])
    y = np.array([0.0, 0, 1, 89, 89, 88])
    got = spatial_clusters(x, y, 2, crs=DEGREES)
    np.testing.assert_array_equal(got, [0, 0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("predictors", "options", "said"),
    [
        ({"a": [1.0, np.nan, 2]}, {}, r"'a' is missing or infinite in 1 of 3 rows"),
        ({"a": np.empty(0)}, {}, "environmental_clusters: there are no sites"),
        ({"a": ["x", "y", "z"]}, {}, "not numbers: a; choose the continuous"),
        ({"a": [1.0, 2, 3]}, {"folds": 4}, "from 2 to 3, got 4: there are 3 sites"),
        ({"a": [1.0, 2, 3]}, {"clusters": 1}, "from 2 to 1, got 2: there are 1 clust"),
    ],
)
def test_bad_conditions_are_refused(predictors, options, said):
    with pytest.raises(ValueError, match=said):
        environmental_clusters(pd.DataFrame(predictors), **{"folds": 2} | options)
