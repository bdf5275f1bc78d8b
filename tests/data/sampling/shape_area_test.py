"""Tests for jaxsdm.data.sampling.shape_area."""

import json

import numpy as np
import pytest

from jaxsdm.data.sampling import (
    convex_hull_area,
    polygon_area,
)

pyproj = pytest.importorskip("pyproj")
shapely = pytest.importorskip("shapely")

DEGREES = "EPSG:4326"


def test_hull_on_a_plane():
    x, y = np.array([0.0, 4.0, 4.0, 0.0, 1.0]), np.array([0.0, 0.0, 4.0, 4.0, 1.0])
    hull = convex_hull_area(x, y)
    wider = convex_hull_area(x, y, buffer=1)
    at_x, at_y = np.array([2.0, 4.0, 4.5, 4.9, np.nan]), np.array([2.0, 4, 2, 4.9, 0])
    assert hull.contains(at_x, at_y).tolist() == [True, True, False, False, False]
    assert wider.contains(at_x, at_y).tolist() == [True, True, True, False, False]


def test_hull_across_the_antimeridian():
    x, y = np.array([170.0, -170.0, 180.0]), np.array([-10.0, -10.0, 10.0])
    hull = convex_hull_area(x, y, DEGREES)
    at_x = np.array([180.0, -180.0, 178.0, -178.0, 189.0, 0.0, 165.0])
    got = hull.contains(at_x, np.array([0.0, 0.0, 0.0, 0.0, -9.0, 0.0, 0.0]))
    assert got.tolist() == [True] * 4 + [True, False, False]
    assert hull.contains(x, y).all()


def test_hull_around_a_pole():
    x, y = np.array([0.0, 90.0, 180.0, -90.0]), np.full(4, 70.0)
    hull = convex_hull_area(x, y, DEGREES)
    at = np.array([0.0, 45.0, 0.0]), np.array([90.0, 80.0, 69.0])
    assert hull.contains(*at).tolist() == [True, True, False]
    wider = convex_hull_area(x, y, DEGREES, buffer=150_000)
    assert wider.contains(*at).tolist() == [True, True, True]


def test_hulls_of_few_places_are_points_and_lines():
    one = convex_hull_area(np.full(3, 7.1), np.full(3, 49.3), DEGREES)
    assert one.contains(np.array([7.1, 7.2]), np.array([49.3, 49.3])).tolist() == [1, 0]
    two = convex_hull_area(np.array([0.0, 2.0]), np.zeros(2))
    assert two.contains(np.array([1.0, 1.0]), np.array([0.0, 0.1])).tolist() == [1, 0]


def test_hull_of_records_all_around_the_globe_is_refused():
    with pytest.raises(ValueError, match="4 records around the whole globe"):
        convex_hull_area(np.array([0.0, 90, 180, 270]), np.zeros(4), DEGREES)


SQUARES = [shapely.box(0, 0, 2, 2), shapely.box(178, -5, 180, 5).union(
    shapely.box(-180, -5, -178, 5))]  # fmt: skip


def test_polygons_of_shapely():
    area = polygon_area(SQUARES, DEGREES)
    x = np.array([1.0, 361.0, 2.0, 3.0, 179.0, 181.0, -179.0, 180.0, -181.0, np.nan])
    got = area.contains(x, np.ones(10))
    assert got.tolist() == [True, True, True, False] + [True] * 5 + [False]
    plane = polygon_area(shapely.box(0, 0, 2, 2))
    assert plane.contains(np.array([1.0, 361.0]), np.ones(2)).tolist() == [True, False]


@pytest.mark.parametrize("name", ["area.geojson", "area.gpkg", "area.shp"])
def test_polygons_of_files(tmp_path, name):
    raw = pytest.importorskip("pyogrio.raw")
    path = tmp_path / name
    crs = DEGREES if name.endswith("json") else "EPSG:3035"
    raw.write(
        path,
        shapely.to_wkb(np.array(SQUARES)),
        field_data=[np.arange(2)],
        fields=["id"],
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        crs=crs,
    )
    area = polygon_area(path)
    assert pyproj.CRS(area.crs) == pyproj.CRS(crs)
    assert area.contains(np.array([1.0, 3.0]), np.ones(2)).tolist() == [True, False]
    with pytest.raises(ValueError, match="leave crs out"):
        polygon_area(str(path), "EPSG:2154")
    assert polygon_area(str(path), crs).crs == area.crs


def test_files_without_polygons_or_system(tmp_path):
    pytest.importorskip("pyogrio")
    point = {"type": "Point", "coordinates": [1, 2]}
    path = tmp_path / "points.geojson"
    path.write_text(
        json.dumps({"type": "Feature", "properties": {}, "geometry": point})
    )
    with pytest.raises(ValueError, match=r"points\.geojson: 1 shapes and no polygon"):
        polygon_area(path)


def test_invalid_polygons_are_mended():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    got = polygon_area(bow).contains(np.array([0.2, 1.8, 1.0]), np.array([1.0, 1, 1.9]))
    assert got.tolist() == [True, True, False]
