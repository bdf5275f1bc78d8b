"""Tests for jaxsdm.data.sampling.pseudo_absences."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.covariance import EmpiricalCovariance

from jaxsdm.data.sampling import disk_pseudo_absences, environmental_pseudo_absences

pyproj = pytest.importorskip("pyproj")

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0, 10, (2, 300))
PRESENT_X, PRESENT_Y = RNG.uniform(3, 6, (2, 5))
PRESENCES = RNG.normal(size=(80, 3)) @ RNG.normal(size=(3, 3)) * [1, 1e5, 1e-4]
CANDIDATES = np.r_[PRESENCES * 3, PRESENCES]


@pytest.mark.parametrize(
    ("at_least", "at_most"), [(1, 3), (2.5, None), (None, 2), (None, None)]
)
def test_all_candidates_of_the_ring_can_be_drawn_and_no_others(at_least, at_most):
    nearest = cdist(np.c_[X, Y], np.c_[PRESENT_X, PRESENT_Y]).min(axis=1)
    low, high = at_least or 0, at_most or np.inf
    fits = np.flatnonzero((nearest >= low) & (nearest <= high))
    limits = {"at_least": at_least, "at_most": at_most}
    place = (X, Y, PRESENT_X, PRESENT_Y)
    got = disk_pseudo_absences(*place, len(fits), **limits)
    np.testing.assert_array_equal(got, fits)
    some = [
        disk_pseudo_absences(*place, 9, **limits, seed=s).tolist() for s in (1, 1, 2)
    ]
    assert some[0] == some[1] == sorted(set(some[0])) != some[2]
    assert np.isin(some, fits).all()
    said = f"{len(fits) + 1} candidates wanted, {len(fits)} of 300 are with the nearest"
    with pytest.raises(ValueError, match=said):
        disk_pseudo_absences(*place, len(fits) + 1, **limits)


def test_disks_in_degrees_go_across_the_antimeridian():
    x, y = RNG.uniform(175, 185, 200), RNG.uniform(75, 80, 200)
    x = np.where(x > 180, x - 360, x)
    _, _, apart = pyproj.Geod(a=6_371_008.8, b=6_371_008.8).inv(
        x, y, np.full(200, 180.0), np.full(200, 77.0)
    )
    fits = np.flatnonzero((apart >= 5e4) & (apart <= 1.2e5))
    here = np.array([-180.0]), np.array([77.0])
    ring = {"at_least": 5e4, "at_most": 1.2e5, "crs": "EPSG:4326"}
    got = disk_pseudo_absences(x, y, *here, len(fits), **ring)
    np.testing.assert_array_equal(got, fits)
    assert 10 < len(fits) < 200
    with pytest.raises(ValueError, match="at 50000 to 120000 m;"):
        disk_pseudo_absences(x, y, *here, 200, **ring)


def test_the_edges_of_the_ring_belong_to_it():
    x = np.arange(6.0)
    got = disk_pseudo_absences(
        x, np.zeros(6), np.zeros(1), np.zeros(1), 3, at_least=2, at_most=4
    )
    assert got.tolist() == [2, 3, 4]


@pytest.mark.parametrize("quantile", [0, 0.025, 0.2])
def test_envelope(quantile):
    low, high = np.quantile(PRESENCES, [quantile, 1 - quantile], axis=0)
    outside = [
        i
        for i, row in enumerate(CANDIDATES)
        if any(v < a or v > b for v, a, b in zip(row, low, high, strict=True))
    ]
    assert 5 < len(outside) < 160
    got = environmental_pseudo_absences(
        CANDIDATES, PRESENCES, len(outside), quantile=quantile
    )
    assert got.tolist() == outside


@pytest.mark.parametrize("quantile", [0, 0.025, 0.2])
def test_distance(quantile):
    # Mahalanobis distances do not change with units; scikit-learn's inverse does.
    unit = [1, 1e-5, 1e4]
    fit = EmpiricalCovariance().fit(PRESENCES * unit)
    limit = np.quantile(np.sqrt(fit.mahalanobis(PRESENCES * unit)), 1 - quantile)
    distance = np.sqrt(fit.mahalanobis(CANDIDATES * unit))
    outside = np.flatnonzero(distance > limit * (1 + 1e-9))
    options = {"method": "distance", "quantile": quantile}
    got = environmental_pseudo_absences(
        CANDIDATES, PRESENCES, len(outside), **options, seed=3
    )
    np.testing.assert_array_equal(got, outside)
    assert 5 < len(outside) < 160


def test_few_candidates_of_many_depend_on_the_seed():
    first, again, other = (
        environmental_pseudo_absences(CANDIDATES, PRESENCES, 7, seed=s).tolist()
        for s in (1, 1, 2)
    )
    assert first == again == sorted(set(first)) != other


@pytest.mark.parametrize("method", ["envelope", "distance"])
def test_too_few_candidates_are_counted(method):
    inside = PRESENCES.mean(axis=0, keepdims=True)
    with pytest.raises(
        ValueError, match=f"1 candidates wanted, 0 of 1 .*{method}, 0.1"
    ):
        environmental_pseudo_absences(inside, PRESENCES, 1, method=method, quantile=0.1)
    none = environmental_pseudo_absences(inside[:0], PRESENCES, 0, method=method)
    assert len(none) == 0


ONE, NONE = np.zeros(1), np.zeros(0)


def test_impossible_disks_are_refused():
    with pytest.raises(ValueError, match="no presences"):
        disk_pseudo_absences(ONE, ONE, NONE, NONE, 1)
    with pytest.raises(ValueError, match="1 of 1 candidates without finite coord"):
        disk_pseudo_absences(ONE * np.nan, ONE, ONE, ONE, 1)
    with pytest.raises(ValueError, match="1 of 1 presences without finite coord"):
        disk_pseudo_absences(ONE, ONE, ONE, ONE + np.inf, 1)
    with pytest.raises(ValueError, match="-1 candidates wanted"):
        disk_pseudo_absences(ONE, ONE, ONE, ONE, -1)
    assert len(disk_pseudo_absences(NONE, NONE, ONE, ONE, 0)) == 0


HOLED = np.where(np.arange(240).reshape(80, 3) == 7, np.nan, PRESENCES)
FLAT = PRESENCES * [1, 0, 1]
SUM = np.c_[PRESENCES[:, :2], PRESENCES[:, 0] * 2]


@pytest.mark.parametrize(
    ("presences", "options", "said"),
    [
        (PRESENCES, {"method": "kmeans"}, "no method 'kmeans'; there are envelope, di"),
        (PRESENCES, {"quantile": 0.5}, "from 0 to below 0.5, got 0.5"),
        (PRESENCES, {"quantile": -0.1}, "from 0 to below 0.5, got -0.1"),
        (PRESENCES[:0], {}, "no presences"),
        (HOLED, {}, "1 values of presences are not finite, the first in row 2, column"),
        (PRESENCES[:3], {"method": "distance"}, "3 presences do not vary in 3 predic"),
        (FLAT, {"method": "distance"}, "do not vary"),
        (SUM, {"method": "distance"}, "do not vary"),
    ],
)
def test_impossible_environments_are_refused(presences, options, said):
    with pytest.raises(ValueError, match=said):
        environmental_pseudo_absences(CANDIDATES, presences, 1, **options)


def test_candidates_without_values_are_refused():
    with pytest.raises(ValueError, match="1 values of candidates are not finite"):
        environmental_pseudo_absences(HOLED, PRESENCES, 1)
