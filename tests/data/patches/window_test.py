"""Tests for jaxsdm.data.patches.window."""

import numpy as np
import pytest

from jaxsdm.data.patches import Window, cell_size_m
from jaxsdm.data.rasters import RasterGrid


def grid_of(crs, transform, height, width):
    return RasterGrid(crs, tuple(map(float, transform)), height, width)


def test_the_two_conventions_differ_where_other_tools_do():
    # methods/multimodal.md: pixel 10.7, size 4 is 9 or 8 inside one library.
    assert Window(4).first([10.7], axis=0) == 8
    assert Window(4, convention="point").first([10.7], axis=0) == 9


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("step", [1, 2, 3])
def test_where_the_cell_of_a_place_stands(size, step):
    cell = Window(size, step)
    assert cell.first([7], axis=0) + size // 2 * step == 7
    point = Window(size, step, "point")
    extent = (size - 1) * step + 1
    assert point.first([7], axis=1) == 7 - (extent - 1) // 2
    if extent % 2:  # a cell has the same middle then
        assert point.first([7.5], axis=1) == point.first([7], axis=1)


def test_point_is_the_nearest_of_all_windows(rng):
    for _ in range(50):
        window = Window(int(rng.integers(1, 9)), int(rng.integers(1, 4)), "point")
        place = rng.uniform(-20, 20)
        first = int(window.first([place], axis=0)[0])
        off = abs(first + window.extent[0] / 2 - place)
        assert off <= 0.5
        assert window.first(window.cells([place], axis=0), axis=0) == first


def test_a_point_on_an_edge_is_of_the_cell_below():
    assert Window(3).first([2.0, 1.999], axis=0).tolist() == [1, 0]


def test_size_and_step_may_differ_by_axis():
    window = Window((3, 4), (1, 2))
    assert (window.shape, window.steps, window.extent) == ((3, 4), (1, 2), (3, 7))
    assert window.before == (1, 4)
    assert not window.is_square
    assert Window((3, 3)) == Window(3)


@pytest.mark.parametrize("size", [0, -1, 1.5, (1, 2, 3), "4"])
def test_a_size_that_is_none_is_refused(size, as_a_user):
    with pytest.raises(ValueError, match="size is a whole number"):
        Window(size)


def test_other_errors_say_what_came():
    with pytest.raises(ValueError, match="'middle'; known: cell, point"):
        Window(4, convention="middle")
    with pytest.raises(ValueError, match="1 of 2 places have a column that is not"):
        Window(4).first([1.0, np.nan], axis=1)
    with pytest.raises(TypeError, match="numbers, got <U1"):
        Window(4).first(["a"], axis=0)


def test_metres_of_a_projected_grid():
    grid = grid_of("EPSG:3035", (1000, 0, 4e6, 0, -500, 3e6), 100, 100)
    assert cell_size_m(grid) == (500, 1000)
    assert Window.of_metres(4e3, grid) == Window((8, 4))
    assert Window.of_metres(16e3, grid, cells=4) == Window(4, (8, 4))


def test_feet_are_not_metres():
    grid = grid_of("EPSG:2263", (1000, 0, 0, 0, -1000, 0), 10, 10)
    np.testing.assert_allclose(cell_size_m(grid), 304.8, rtol=1e-5)


def test_metres_of_degrees_against_the_ellipsoid():
    pyproj = pytest.importorskip("pyproj")
    grid = grid_of("EPSG:4326", (1 / 120, 0, 4, 0, -1 / 120, 52), 240, 240)
    height, width = cell_size_m(grid)  # the middle is at 51 degrees
    geod = pyproj.Geod(ellps="WGS84")
    np.testing.assert_allclose(
        [height, width],
        [geod.inv(5, 51, 5, 51 + 1 / 120)[2], geod.inv(5, 51, 5 + 1 / 120, 51)[2]],
        rtol=7e-3,
    )
    window = Window.of_metres(20e3, grid)
    assert window.shape == (22, 34)
    assert Window.of_metres(20e3, grid, latitude=0.0).shape == (22, 22)


def test_metres_that_make_no_window_are_refused():
    grid = grid_of("EPSG:3035", (1000, 0, 0, 0, -1000, 0), 10, 10)
    for side, cells, message in (
        (400.0, None, "less than half"),
        (4e3, 16, "less than half"),
        (float("nan"), None, "a length of side above 0 m, got nan"),
        (float("inf"), None, "a length of side above 0 m, got inf"),
        (-4e3, None, "a length of side above 0 m, got -4000"),
        (4e3, 0, "cells from 1, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            Window.of_metres(side, grid, cells=cells)
    degrees = grid_of("EPSG:4326", (1, 0, 0, 0, -1, 10), 10, 10)
    with pytest.raises(ValueError, match="between -90 and 90, got 95"):
        cell_size_m(degrees, 95.0)
