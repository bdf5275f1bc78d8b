"""Tests for jaxsdm.data.sampling.cell_size."""

import numpy as np
import pytest

from jaxsdm.data.rasters import RasterGrid
from jaxsdm.data.sampling import cell_areas
from jaxsdm.data.sampling.cell_size import areas_of_rows

pyproj = pytest.importorskip("pyproj")

DEGREES = RasterGrid("EPSG:4326", (0.1, 0.0, -180.0, 0.0, -0.1, 90.0), 1800, 3600)
GLOBE = 510_065_621_724_089  # m2, the surface of WGS 84


def geodesic_area(grid, row, column):
    # Edges in 50 steps: a parallel is no geodesic.
    along, zero = np.arange(50) / 50, np.zeros(50)
    down = np.r_[zero, along, zero + 1, 1 - along]
    right = np.r_[along, zero + 1, 1 - along, zero]
    x, y = grid.center(row + down - 0.5, column + right - 0.5)
    return abs(pyproj.Geod(ellps="WGS84").polygon_area_perimeter(x, y)[0])


@pytest.mark.parametrize("row", [0, 1, 300, 899, 900, 1500, 1799])
def test_same_as_the_geodesic_polygon(row):
    want = geodesic_area(DEGREES, row, 7)
    np.testing.assert_allclose(cell_areas(DEGREES, row), want, rtol=1e-5)


@pytest.mark.parametrize(
    "transform", [(0.2, 0.1, 5.0, 0.1, -0.2, 50.0), (0.0, 1.0, 0.0, 1.0, 0.0, 0.0)]
)
def test_turned_rasters_in_degrees(transform):
    grid = RasterGrid("EPSG:4326", transform, 10, 10)
    want = [geodesic_area(grid, 3, column) for column in (0, 9)]
    np.testing.assert_allclose(cell_areas(grid, 3, np.array([0, 9])), want, rtol=2e-3)


def test_cells_of_the_globe_sum_to_its_surface():
    rows = cell_areas(DEGREES, np.arange(1800))
    assert rows.sum() * 3600 == pytest.approx(GLOBE, rel=1e-12)


def test_south_up_and_beyond_a_pole():
    south_up = RasterGrid("EPSG:4326", (0.1, 0.0, 0.0, 0.0, 0.1, -90.05), 1801, 10)
    rows = cell_areas(south_up, np.arange(1801))
    assert rows.sum() * 3600 == pytest.approx(GLOBE, rel=1e-12)
    assert rows[0] == pytest.approx(rows[-1], rel=1e-6)


def test_other_rasters_have_cells_of_one_size_in_their_units():
    grid = RasterGrid("EPSG:3035", (0.0, 30.0, 0.0, 20.0, 5.0, 0.0), 4, 4)
    np.testing.assert_array_equal(cell_areas(grid, np.arange(3)), [600.0] * 3)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035"])
@pytest.mark.parametrize("turn", [0.0, 0.1])
def test_areas_of_rows_are_those_of_their_cells(crs, turn):
    grid = RasterGrid(crs, (0.2, 0.0, 5.0, turn, -0.2, 50.0), 6, 5)
    want = cell_areas(grid, np.arange(2, 5)[:, None], np.arange(5))
    got = areas_of_rows(grid, 2, 3)
    np.testing.assert_allclose(np.broadcast_to(got, (3, 5)), want, rtol=1e-14)
