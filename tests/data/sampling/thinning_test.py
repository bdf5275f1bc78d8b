"""Tests for jaxsdm.data.sampling.thinning."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from jaxsdm.data import CellGrid
from jaxsdm.data.sampling import one_per_cell, thin_by_distance

pyproj = pytest.importorskip("pyproj")

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0, 50, 400), RNG.uniform(0, 50, 400)
SPECIES = RNG.choice(["a", "b", "c"], 400)
CELLS = CellGrid(west=0.0, north=50.0, size=7.0)
DEGREES = "EPSG:4326"


def first_of_each(*keys):
    seen, kept = set(), []
    for i, key in enumerate(zip(*keys, strict=True)):
        if key not in seen:
            kept.append(i)
        seen.add(key)
    return kept


def test_one_per_cell_keeps_the_first():
    want = first_of_each((50 - Y) // 7, X // 7)
    np.testing.assert_array_equal(one_per_cell(X, Y, CELLS), want)
    assert len(want) > 50


def test_each_species_keeps_its_own_in_a_cell():
    want = first_of_each((50 - Y) // 7, X // 7, SPECIES)
    np.testing.assert_array_equal(one_per_cell(X, Y, CELLS, species=SPECIES), want)


def test_cells_of_no_records():
    none = np.zeros(0)
    assert one_per_cell(none, none, CELLS).tolist() == []


def test_none_are_nearer_and_none_can_be_added():
    kept = thin_by_distance(X, Y, 4)
    apart = cdist(np.c_[X, Y], np.c_[X, Y][kept])
    near = (apart < 4).sum(axis=1)
    assert (near[kept] == 1).all()  # themselves
    assert (near > 0).all()
    assert (np.diff(kept) > 0).all()


def test_a_seed_is_a_choice():
    first, again, other = (
        thin_by_distance(X, Y, 4, seed=seed).tolist() for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("place", [(180, 0), (0, 90), (40, -90), (-180, 60)])
def test_degrees_are_thinned_along_the_ground(place):
    x = place[0] + RNG.normal(0, 2, 300)
    y = np.clip(place[1] + RNG.normal(0, 2, 300), -90, 90)
    x = np.where(x > 180, x - 360, x)
    kept = thin_by_distance(x, y, 60_000, crs=DEGREES)
    sphere = pyproj.Geod(a=6_371_008.8, b=6_371_008.8)
    here = [np.repeat(v, len(kept)) for v in (x, y)]
    there = [np.tile(v[kept], 300) for v in (x, y)]
    apart = sphere.inv(*here, *there)[2].reshape(300, len(kept))
    near = (apart < 60_000).sum(axis=1)
    assert (near[kept] == 1).all()
    assert (near > 0).all()
    assert 5 < len(kept) < 300


def test_each_group_is_thinned_by_itself():
    kept = thin_by_distance(X, Y, 6, groups=SPECIES, priority=-X)
    alone = [
        rows[thin_by_distance(X[rows], Y[rows], 6, priority=-X[rows])]
        for rows in (np.flatnonzero(name == SPECIES) for name in "abc")
    ]
    np.testing.assert_array_equal(kept, np.sort(np.concatenate(alone)))
    assert len(kept) > len(thin_by_distance(X, Y, 6, priority=-X))


def test_greater_priority_goes_first_and_missing_last():
    x = np.array([0.0, 1.0, 2.0, 10.0, 10.0])
    year = np.array([1990, 2020, 2010, np.nan, 1800])
    kept = thin_by_distance(x, np.zeros(5), 1.5, priority=year)
    assert kept.tolist() == [1, 4]
    whole = np.array([3, 1, 2, 0, 5])
    assert thin_by_distance(x, np.zeros(5), 1.5, priority=whole).tolist() == [0, 2, 4]


def test_records_exactly_so_far_apart_both_stay():
    x = np.array([0.0, 3.0, 6.0])
    assert thin_by_distance(x, np.zeros(3), 3).tolist() == [0, 1, 2]
    assert len(thin_by_distance(np.zeros(3), np.zeros(3), 0)) == 3
    assert len(thin_by_distance(np.zeros(3), np.zeros(3), 1e-12)) == 1
    assert len(thin_by_distance(np.zeros(0), np.zeros(0), 1)) == 0
    assert (
        len(thin_by_distance(np.array([0.0, 180]), np.zeros(2), 3e7, crs=DEGREES)) > 0
    )


@pytest.mark.parametrize(
    ("x", "distance", "options", "said"),
    [
        ([0.0, np.nan], 1, {}, "1 of 2 records without finite coordinates.* row 1"),
        ([0.0, 1.0], -1, {}, "at least 0, got -1 map units"),
        ([0.0, 1.0], np.nan, {"crs": DEGREES}, "at least 0, got nan m"),
    ],
)
def test_impossible_thinning_is_refused(x, distance, options, said):
    with pytest.raises(ValueError, match=said):
        thin_by_distance(np.array(x), np.zeros(2), distance, **options)


@pytest.mark.parametrize("name", ["groups", "priority"])
def test_other_lengths_are_refused(as_a_user, name):
    with pytest.raises(ValueError, match=rf"{name} of 2 records, got shape \(3,\)"):
        thin_by_distance(np.zeros(2), np.zeros(2), 1, **{name: np.zeros(3)})
