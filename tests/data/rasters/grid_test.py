"""Tests for jaxsdm.data.rasters.grid."""

import numpy as np
import pytest
import rasterio.transform
import rasterio.warp
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data import rasters


def grid_of(crs, transform, height, width):
    """A grid of whole numbers too, which the type checks of the tests refuse."""
    return rasters.RasterGrid(crs, tuple(map(float, transform)), height, width)


NORTH_UP = grid_of("EPSG:4326", (0.5, 0, 3, 0, -0.5, 60), 8, 10)
WORLD = grid_of("EPSG:4326", (1, 0, -180, 0, -1, 90), 180, 360)
WORLD_360 = grid_of("EPSG:4326", (1, 0, 0, 0, -1, 90), 180, 360)
FIJI = grid_of("EPSG:4326", (1, 0, 170, 0, -1, -10), 10, 20)


def transforms():
    """North-up, south-up, mirrored and rotated."""
    size = st.floats(1e-3, 1e3)
    sign = st.sampled_from([-1.0, 1.0])

    def build(x, y, width, height, a, b, turn):
        cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
        width, height = width * a, height * b
        return cos * width, -sin * height, x, sin * width, cos * height, y

    return st.builds(
        build,
        st.floats(-1e5, 1e5),
        st.floats(-1e5, 1e5),
        size,
        size,
        sign,
        sign,
        st.sampled_from([0.0, 0.0, 30.0, 90.0, 211.0]),
    )


def test_by_hand():
    row, column, inside = NORTH_UP.row_column([3.0, 3.6, 7.9], [60.0, 59.4, 56.1])
    np.testing.assert_array_equal(row, [0, 1, 7])
    np.testing.assert_array_equal(column, [0, 1, 9])
    assert row.dtype == column.dtype == np.int64
    assert inside.all()


def test_left_and_upper_edges_are_inside_right_and_lower_are_not():
    x = [3.0, 8.0, 5.0, 5.0, 3.0, 8.0]
    y = [58.0, 58.0, 60.0, 56.0, 56.0, 60.0]
    row, column, inside = NORTH_UP.row_column(x, y)
    np.testing.assert_array_equal(inside, [True, False, True, False, False, False])
    np.testing.assert_array_equal(row, [4, 4, 0, 8, 8, 0])
    np.testing.assert_array_equal(column, [0, 10, 4, 4, 0, 10])


def test_beyond_all_four_sides_is_outside_and_never_wrapped():
    x, y = [2.9, 8.1, 5.0, 5.0, -np.inf], [58.0, 58.0, 60.1, 55.9, 58.0]
    row, column, inside = NORTH_UP.row_column(x, y)
    assert not inside.any()
    np.testing.assert_array_equal(column[:2], [-1, 10])
    np.testing.assert_array_equal(row[2:4], [-1, 8])


def test_no_coordinates_no_cell():
    row, column, inside = NORTH_UP.row_column([np.nan, 5.0], [58.0, np.nan])
    np.testing.assert_array_equal([row, column], -1)
    assert not inside.any()


@pytest.mark.parametrize("cells", [120, 3600])
def test_every_edge_of_a_cell_without_an_exact_float_is_in_the_next_cell(cells):
    size = 1 / cells
    grid = grid_of("EPSG:4326", (size, 0, -180, 0, -size, 90), 1000, 43200)
    column = np.arange(43200)
    _, got, inside = grid.row_column(-180 + column * size, np.full(43200, 89.9))
    np.testing.assert_array_equal(got, column)
    assert inside.all()


@settings(max_examples=60, deadline=None)
@given(transforms(), st.integers(-50, 50), st.integers(-50, 50))
def test_a_centre_lies_in_its_cell_however_the_grid_lies(transform, row, column):
    grid = grid_of("EPSG:3857", transform, 20, 30)
    x, y = grid.center(np.array(row), np.array(column))
    got_row, got_column, inside = grid.row_column(x, y)
    assert (got_row, got_column) == (row, column)
    assert inside == (0 <= row < 20 and 0 <= column < 30)
    want = rasterio.transform.xy(Affine(*transform), [row], [column])
    np.testing.assert_allclose((x, y), np.ravel(want), rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(transforms(), st.floats(-2, 22), st.floats(-2, 32))
def test_cells_are_those_of_rasterio(transform, row, column):
    grid = grid_of("EPSG:3857", transform, 20, 30)
    a, b, c, d, e, f = transform
    x, y = a * column + b * row + c, d * column + e * row + f
    near = min(abs(row - round(row)), abs(column - round(column)))
    if near < 1e-4:  # on an edge, up to rounding
        return
    want = rasterio.transform.rowcol(Affine(*transform), x, y)
    got = grid.row_column(x, y)
    assert (int(got[0]), int(got[1])) == tuple(int(v) for v in want)


def test_bounds_are_those_of_all_corners():
    assert NORTH_UP.bounds == (3, 56, 8, 60)
    turned = grid_of("EPSG:3857", (0, -2, 10, 2, 0, 0), 3, 4)
    assert turned.bounds == (4, 0, 10, 8)
    south_up = grid_of("EPSG:4326", (0.5, 0, 3, 0, 0.5, 56), 8, 10)
    assert south_up.bounds == NORTH_UP.bounds


def test_south_up_rows_run_north():
    grid = grid_of("EPSG:4326", (1, 0, 0, 0, 1, 50), 5, 5)
    row, _, inside = grid.row_column([0.0, 0.0, 0.0], [50.0, 54.9, 55.0])
    np.testing.assert_array_equal(row, [0, 4, 5])
    np.testing.assert_array_equal(inside, [True, True, False])


def test_a_longitude_is_found_in_0_to_360_only_as_an_angle():
    _, _, inside = WORLD_360.row_column([-10.0], [0.5])
    assert not inside.any()
    _, column, inside = WORLD_360.row_column([-10.0, 355.0], [0.5, 0.5], wrap=True)
    np.testing.assert_array_equal(column, [350, 355])
    assert inside.all()
    x, y = WORLD_360.reproject_points([-10.0, -180.0, 180.0, 0.0], [0.5] * 4)
    np.testing.assert_array_equal(x, [350, 180, 180, 0])
    assert WORLD_360.row_column(x, y)[2].all()


def test_the_antimeridian_is_one_meridian():
    x, y = WORLD.reproject_points([180.0, -180.0, 190.0], [0.5] * 3)
    _, column, inside = WORLD.row_column(x, y)
    np.testing.assert_array_equal(column, [0, 0, 10])
    assert inside.all()
    x, y = FIJI.reproject_points([175.0, 180.0, -175.0, -170.0, 10.0], [-15.0] * 5)
    _, column, inside = FIJI.row_column(x, y)
    np.testing.assert_array_equal(inside, [True, True, True, False, False])
    np.testing.assert_array_equal(column[:3], [5, 10, 15])


def test_the_poles():
    """One is the upper edge, which is inside; the other the lower one, which is not."""
    row, _, inside = WORLD.row_column([0.0, 0.0, 0.0], [90.0, -89.9999, -90.0])
    np.testing.assert_array_equal(row, [0, 179, 180])
    np.testing.assert_array_equal(inside, [True, True, False])
    polar = grid_of("EPSG:3031", (1e5, 0, -5e5, 0, -1e5, 5e5), 10, 10)
    row, column, inside = polar.row_column(*polar.reproject_points([0.0], [-90.0]))
    assert (row.item(), column.item(), inside.item()) == (5, 5, True)


def test_which_grids_go_around_the_globe():
    assert WORLD.is_global
    assert WORLD_360.is_global
    chelsa = (0.0083333333, 0, -180.0001388888, 0, -0.0083333333, 83.99986041515)
    assert grid_of("EPSG:4326", chelsa, 20880, 43200).is_global
    assert not FIJI.is_global
    assert not grid_of("EPSG:3857", (1, 0, 0, 0, -1, 0), 5, 360).is_global


def test_metres_do_not_go_around():
    grid = grid_of("EPSG:3857", (1, 0, 0, 0, -1, 0), 5, 360)
    with pytest.raises(ValueError, match="Only longitudes in degrees"):
        grid.row_column([0.0], [0.0], wrap=True)


def test_points_are_reprojected_as_rasterio_does():
    grid = grid_of("EPSG:3035", (1000, 0, 4e6, 0, -1000, 3e6), 10, 10)
    longitude, latitude = np.array([4.0, 10.0, 20.0]), np.array([50.0, 45.0, 60.0])
    want = rasterio.warp.transform("EPSG:4326", "EPSG:3035", longitude, latitude)
    got = grid.reproject_points(longitude, latitude)
    np.testing.assert_allclose(got, want, atol=1e-3)
    same = NORTH_UP.reproject_points(longitude, latitude)
    np.testing.assert_array_equal(same, [longitude, latitude])


def test_swapped_or_projected_coordinates_are_told():
    with pytest.raises(
        ValueError, match=r"1 of 2 .* latitude .* first 151 at position 1"
    ):
        NORTH_UP.reproject_points([4.0, -33.0], [50.0, 151.0])
    with pytest.raises(ValueError, match="longitude outside -180 to 360"):
        NORTH_UP.reproject_points([4e6], [50.0])


def test_grids_match_to_a_hundredth_of_a_cell():
    a = grid_of("EPSG:4326", (1 / 120, 0, -180, 0, -1 / 120, 90), 20880, 43200)
    b = grid_of(
        "EPSG:4326", (0.0083333333, 0, -180, 0, -0.0083333333, 90), 20880, 43200
    )
    assert a != b
    assert a.matches(b)
    assert not a.matches(grid_of(a.crs, a.transform, 20879, 43200))
    assert not a.matches(grid_of("EPSG:3857", a.transform, 20880, 43200))
    moved = grid_of(a.crs, (1 / 120, 0, -180 + 1e-3, 0, -1 / 120, 90), 20880, 43200)
    assert not a.matches(moved)
    assert a.offset_of(moved) is None


def test_one_crs_under_two_names_matches():
    assert NORTH_UP.matches(grid_of("OGC:CRS84", NORTH_UP.transform, 8, 10))


def test_a_window_knows_where_it_lies():
    window = NORTH_UP.window(-2, 3, 4, 5)
    assert window.transform == (0.5, 0, 4.5, 0, -0.5, 61)
    assert NORTH_UP.offset_of(window) == (-2, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crs": "EPSG:999999"}, "'EPSG:999999' is not a coordinate reference system"),
        ({"transform": (0.0, 0.0, 3.0, 0.0, -1.0, 60.0)}, "a e - b d not 0"),
        ({"transform": (np.nan, 0.0, 3.0, 0.0, -1.0, 60.0)}, "six finite numbers"),
        ({"height": 0}, "at least 1 row"),
    ],
)
def test_no_such_grid(change, message):
    good = {
        "crs": "EPSG:4326",
        "transform": (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
        "height": 2,
        "width": 2,
    }
    with pytest.raises(ValueError, match=message):
        rasters.RasterGrid(**(good | change))


def test_shapes_must_fit():
    with pytest.raises(ValueError, match=r"one shape, got \(2,\) and \(1,\)"):
        NORTH_UP.row_column([1.0, 2.0], [1.0])


def test_a_rounded_longitude_on_the_western_edge_is_not_sent_around():
    grid = grid_of("EPSG:4326", (0.5, 0, 3 + 4e-16 * 4, 0, -0.5, 60), 8, 10)
    assert grid.bounds[0] > 3
    np.testing.assert_array_equal(grid.wrap_longitude(np.array([3.0])), [3.0])
    x, y = grid.reproject_points(np.array([3.0]), np.array([59.9]))
    row, column, inside = grid.row_column(x, y)
    assert (row[0], column[0], inside[0]) == (0, 0, True)


@pytest.mark.parametrize("west", [-180.0, 0.0])
@pytest.mark.parametrize("across", [1.0, -1.0])
def test_the_edge_of_the_first_column_is_inside_whichever_way_they_run(west, across):
    start = west if across > 0 else west + 360
    grid = grid_of("EPSG:4326", (across, 0, start, 0, -1, 90), 180, 360)
    near = 1e-9
    angles = [180.0, -180.0, 0.0, 180 - near, near - 180, near, -near, 360.0]
    x, y = grid.reproject_points(angles, [0.5] * len(angles))
    _, column, inside = grid.row_column(x, y)
    assert inside.all()
    meridian, greenwich = (
        np.round((angle - start) / across) % 360 for angle in (180, 0)
    )
    np.testing.assert_array_equal(column[[0, 1, 3, 4]], meridian)
    np.testing.assert_array_equal(column[[2, 5, 6, 7]], greenwich)
