"""Tests for jaxsdm.data.occurrences.cells."""

import numpy as np
import pytest
import scipy.sparse

from jaxsdm.data.occurrences import cells
from jaxsdm.data.occurrences.cells import count_in_cells, locate
from jaxsdm.data.rasters import RasterGrid


def north_up(size, west, north, height, width, crs="EPSG:4326"):
    edges = (float(size), 0.0, float(west), 0.0, -float(size), float(north))
    return RasterGrid(crs, edges, height, width)


HALF_DEGREES = north_up(0.5, 3, 60, 8, 10)
"""3 to 8 E, 56 to 60 N."""


def one(grid, longitude, latitude):
    cell, inside = locate(grid, np.array([longitude]), np.array([latitude]))
    assert inside[0] == (cell[0] >= 0)
    return cell[0]


@pytest.mark.parametrize(
    ("longitude", "latitude", "want"),
    [
        (3.0, 60.0, 0),  # upper left corner: inside
        (7.999, 56.001, 79),
        (8.0, 57.0, -1),  # right edge
        (5.0, 56.0, -1),  # lower edge
        (3.5, 59.5, 11),  # between four cells: the lower right one
        (2.999, 58.0, -1),
        (5.0, 60.001, -1),
        (np.nan, 58.0, -1),
        (5.0, np.inf, -1),
        (5.0, 91.0, -1),
        (1000.0, 58.0, -1),
    ],
)
def test_edges_and_what_is_nowhere(longitude, latitude, want):
    assert one(HALF_DEGREES, longitude, latitude) == want


def test_longitudes_are_angles():
    pacific = north_up(1, 170, 10, 20, 20)
    assert one(pacific, -170.5, 0.5) == one(pacific, 189.5, 0.5) == 9 * 20 + 19
    assert one(pacific, 180.0, 0.5) == one(pacific, -180.0, 0.5) == 9 * 20 + 10
    assert one(pacific, -170.0, 0.5) == one(pacific, 190.0, 0.5) == -1


def test_poles():
    world = north_up(90, -180, 90, 2, 4)
    assert one(world, 10.0, 90.0) == 2  # the upper edge
    assert one(world, 10.0, -90.0) == -1  # the lower edge
    assert one(world, 360.0, 1.0) == one(world, 0.0, 1.0) == 2


def test_counts_are_those_of_a_sparse_matrix(make_occurrences, monkeypatch):
    monkeypatch.setattr(cells, "_CHUNK", 64)  # several chunks
    rng = np.random.default_rng(0)
    x, y = rng.uniform(3, 8, 500), rng.uniform(56.001, 60, 500)
    code, count = rng.integers(0, 4, 500), rng.integers(1, 5, 500)
    occurrences = make_occurrences(np.array([*"bacd"])[code], x, y, count=count)
    got = count_in_cells(occurrences, HALF_DEGREES)
    row, column = np.floor((60 - y) * 2), np.floor((x - 3) * 2)
    cell = (row * 10 + column).astype(int)
    column_of = np.array([1, 0, 2, 3])  # a, b, c, d
    want = scipy.sparse.coo_matrix((count, (cell, column_of[code])), (80, 4)).toarray()
    assert got.names == ("a", "b", "c", "d")
    np.testing.assert_array_equal(got.dense(np.arange(80)), want)
    np.testing.assert_array_equal(got.cells, np.flatnonzero(want.any(1)))
    np.testing.assert_array_equal(got.dense(), want[want.any(1)])
    assert got.records.sum() == count.sum()
    assert (np.diff(got.cell * 4 + got.species) > 0).all()


def test_a_raster_in_metres(make_occurrences):
    laea = north_up(1000, 4_000_000, 3_200_000, 600, 600, "EPSG:3035")
    pyproj = pytest.importorskip("pyproj")
    to_metres = pyproj.Transformer.from_crs(4326, 3035, always_xy=True)
    x, y = np.array([8.1, 9.9, 11.2]), np.array([50.2, 49.1, 51.5])
    east, north = to_metres.transform(x, y)
    got = count_in_cells(make_occurrences([*"aab"], x, y), laea)
    row, column = (3_200_000 - north) // 1000, (east - 4_000_000) // 1000
    np.testing.assert_array_equal(got.cell, np.sort(row * 600 + column))


def test_species_with_none_one_and_everywhere(make_occurrences):
    grid = north_up(1, 0, 2, 2, 2)
    x, y = [0.5, 1.5, 0.5, 1.5, 0.5], [1.5, 1.5, 0.5, 0.5, 1.5]
    occurrences = make_occurrences(["all"] * 4 + ["one"], x, y)
    got = count_in_cells(occurrences, grid).dense(names=["none", "one", "all"])
    np.testing.assert_array_equal(got, [[0, 1, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]])


@pytest.mark.parametrize(
    ("kind", "want"),
    [
        ("presence_only", [[1, 1], [1, 0], [0, 0]]),
        ("presence_absence", [[1, 1], [1, np.nan], [np.nan, np.nan]]),
        ("survey_lists", [[1, 1], [1, 0], [np.nan, np.nan]]),
        ("abundance", [[1, 1], [1, np.nan], [np.nan, np.nan]]),
    ],
)
def test_what_no_record_means(make_occurrences, kind, want):
    grid = north_up(1, 0, 1, 1, 3)
    occurrences = make_occurrences([*"aba"], [0.5, 0.5, 1.5], [0.5] * 3, kind=kind)
    got = count_in_cells(occurrences, grid).dense(np.array([0, 1, 2]))
    np.testing.assert_array_equal(got, want)


def test_a_presence_wins_over_absences_of_its_cell(make_occurrences):
    grid = north_up(1, 0, 1, 1, 3)
    occurrences = make_occurrences(
        [*"aaaa"],
        [0.1, 0.2, 0.3, 1.5],
        [0.5] * 4,
        kind="presence_absence",
        present=[False, True, False, False],
    )
    got = count_in_cells(occurrences, grid)
    assert got.cell.tolist() == [0, 1]
    assert got.records.tolist() == [1, 0]


def test_an_abundance_of_0_is_a_record(make_occurrences):
    grid = north_up(1, 0, 1, 1, 3)
    occurrences = make_occurrences(
        [*"aab"], [0.1, 0.2, 1.5], [0.5] * 3, kind="abundance", count=[2, 3, 0]
    )
    got = count_in_cells(occurrences, grid).dense()
    np.testing.assert_array_equal(got, [[5, np.nan], [np.nan, 0]])


@pytest.mark.parametrize(
    ("species", "longitude", "message"),
    [
        (["a", "b"], [4.0, 9.0], r"1 of 2 rows are outside .* row 1 at longitude 9"),
        (["a", "b"], [np.nan, 4.0], r"1 of 2 rows are outside .* row 0"),
        (["a", None], [4.0, 4.0], r"made.csv: 1 of 2 rows are without a species"),
    ],
)
def test_what_is_not_clean_is_refused(make_occurrences, species, longitude, message):
    occurrences = make_occurrences(species, longitude, [58.0, 58.0])
    with pytest.raises(ValueError, match=message):
        count_in_cells(occurrences, HALF_DEGREES)
