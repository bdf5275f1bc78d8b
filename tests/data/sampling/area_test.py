"""Tests for jaxsdm.data.sampling.area."""

import numpy as np
import pytest

from jaxsdm.data.sampling import (
    Area,
    buffer_area,
    convex_hull_area,
    inside,
)

pyproj = pytest.importorskip("pyproj")
pytest.importorskip("shapely")

RNG = np.random.default_rng(0)
SPHERE = pyproj.Geod(a=6_371_008.8, b=6_371_008.8)
DEGREES = "EPSG:4326"


def geodesic(x, y, to_x, to_y):
    grid = [np.repeat(v, len(to_x)) for v in (x, y)]
    other = [np.tile(v, len(x)) for v in (to_x, to_y)]
    return SPHERE.inv(*grid, *other)[2].reshape(len(x), len(to_x))


def test_buffer_on_a_plane_has_its_edge_inside():
    area = buffer_area(np.array([0.0, 10.0]), np.zeros(2), 5)
    x = np.array([5.0, 5.1, 15.0, 15.1, 3.0, 3.0, np.nan, np.inf])
    y = np.array([0.0, 0.0, 0.0, 0.0, 4.0, 4.1, 0.0, 0.0])
    want = [True, True, True, False, True, False, False, False]
    np.testing.assert_array_equal(area.contains(x, y), want)
    assert isinstance(area, Area)


@pytest.mark.parametrize(
    ("x", "y"),
    [([179.5, -179.0], [10.0, 12.0]), ([10.0, 100.0], [89.0, 88.5]), ([0.0], [-90.0])],
)
def test_buffer_in_degrees_follows_the_globe(x, y):
    x, y = np.array(x), np.array(y)
    east = RNG.uniform(-180, 360, 4000)
    north = np.clip(RNG.normal(y[0], 4, 4000), -90, 90)
    near = geodesic(east, north, x, y).min(axis=1) <= 250_000
    got = buffer_area(x, y, 250_000, DEGREES).contains(east, north)
    np.testing.assert_array_equal(got, near)
    assert 10 < near.sum() < 4000


def test_buffer_of_half_the_globe_is_the_globe():
    area = buffer_area(np.zeros(1), np.zeros(1), 2.1e7, DEGREES)
    assert area.contains(np.array([180.0, 90.0]), np.array([0.0, -90.0])).all()


@pytest.mark.parametrize("make", [buffer_area, convex_hull_area])
def test_impossible_areas_are_refused(make):
    none, one = np.zeros(0), np.zeros(1)
    option = {"distance" if make is buffer_area else "buffer": 1}
    with pytest.raises(ValueError, match="no records"):
        make(none, none, **option)
    with pytest.raises(ValueError, match=r"1 of 2 records without finite .* row 1"):
        make(np.array([0.0, np.nan]), np.zeros(2), **option)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        make(one, one, **dict.fromkeys(option, -1))


def test_points_come_in_another_system():
    area = buffer_area(
        np.array([4_321_000.0]), np.array([3_210_000.0]), 1e5, "EPSG:3035"
    )
    x, y = np.array([10.0, 11.0, 14.0]), np.array([52.0, 52.0, 52.0])
    assert inside(area, x, y, DEGREES).tolist() == [True, True, False]
    assert not inside(area, x, y).any()
