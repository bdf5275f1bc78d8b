"""Tests for jaxsdm.data.occurrences.vector: points of vector files."""

import json
import zipfile

import numpy as np
import pytest

from jaxsdm.data.occurrences import read_occurrences

pyogrio = pytest.importorskip("pyogrio")
pyproj = pytest.importorskip("pyproj")
shapely = pytest.importorskip("shapely")

LONGITUDE, LATITUDE = np.array([2.5, 3.25, 4.0]), np.array([48.0, 49.0, 50.5])
NAMES = np.array(["b", "a", "b"], object)


def write(path, geometry=None, crs="EPSG:4326", x=LONGITUDE, y=LATITUDE, **options):
    geometry = shapely.points(x, y) if geometry is None else geometry
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.asarray(geometry, object)),
        field_data=[NAMES, np.array([1, 0, 1])],
        fields=["species", "presence"],
        geometry_type=options.pop("geometry_type", "Point"),
        crs=crs,
        **options,
    )
    return path


@pytest.mark.parametrize("name", ["t.geojson", "t.gpkg", "t.shp", "t.fgb"])
def test_points_in_degrees_are_the_same_bits(tmp_path, name):
    got = read_occurrences(write(tmp_path / name))
    order = np.argsort(got.table["decimalLongitude"].to_numpy())  # an index may sort
    table = got.table.iloc[order]
    assert table["decimalLongitude"].tolist() == LONGITUDE.tolist()
    assert table["decimalLatitude"].tolist() == LATITUDE.tolist()
    assert table["species"].tolist() == NAMES.tolist()
    assert table["present"].tolist() == [True, False, True]


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3035", "EPSG:32631"])
def test_points_of_another_system(tmp_path, crs):
    project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    x, y = project(LONGITUDE, LATITUDE)
    table = read_occurrences(write(tmp_path / "t.gpkg", crs=crs, x=x, y=y)).table
    np.testing.assert_allclose(table["decimalLongitude"], LONGITUDE, atol=1e-7)
    np.testing.assert_allclose(table["decimalLatitude"], LATITUDE, atol=1e-7)


def test_columns_of_degrees_count_only_if_named(tmp_path):
    path = tmp_path / "t.geojson"
    point = {"type": "Point", "coordinates": [1.0, 2.0]}
    feature = {
        "type": "Feature",
        "geometry": point,
        "properties": {"species": "a", "lon": 7.0, "lat": 8.0},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    assert read_occurrences(path).table["decimalLongitude"].tolist() == [1.0]
    named = read_occurrences(path, columns={"longitude": "lon", "latitude": "lat"})
    assert named.table["decimalLongitude"].tolist() == [7.0]


def test_points_without_geometry_are_missing(tmp_path):
    geometry = [shapely.Point(1, 2), None, shapely.Point()]
    path = write(tmp_path / "t.gpkg", geometry)
    longitude = read_occurrences(path).table["decimalLongitude"]
    assert longitude.isna().tolist() == [False, True, True]


def test_lone_points_of_multipoints_are_points(tmp_path):
    geometry = [shapely.MultiPoint([(1, 2)])] * 3
    path = write(tmp_path / "t.gpkg", geometry, geometry_type="MultiPoint")
    assert read_occurrences(path).table["decimalLatitude"].tolist() == [2.0] * 3


@pytest.mark.parametrize(
    ("shape", "name"),
    [(shapely.box(0, 0, 1, 1), "Polygon"),
     (shapely.MultiPoint([(0, 0), (1, 1)]), "MultiPoint")],
)  # fmt: skip
def test_other_shapes_are_refused(tmp_path, shape, name):
    geometry = [shapely.Point(1, 2), shape, shapely.Point(1, 2)]
    path = write(tmp_path / "t.gpkg", geometry, geometry_type="Unknown")
    with pytest.raises(ValueError, match=rf"t\.gpkg: feature 2 is a {name}; occ"):
        read_occurrences(path)


def test_features_are_counted_through_all_blocks(tmp_path, monkeypatch):
    from jaxsdm.data.occurrences import vector

    monkeypatch.setattr(vector, "_ROWS", 2)
    assert len(read_occurrences(write(tmp_path / "t.gpkg"))) == 3
    geometry = [shapely.Point(1, 2), shapely.Point(1, 2), shapely.box(0, 0, 1, 1)]
    path = write(tmp_path / "u.gpkg", geometry, geometry_type="Unknown")
    with pytest.raises(ValueError, match=r"feature 3 is a Polygon"):
        read_occurrences(path)


def test_attributes_do_not_say_the_system_of_points(tmp_path):
    path = tmp_path / "t.gpkg"
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array([shapely.Point(1, 2)], object)),
        field_data=[np.array(["a"], object), np.array([2154])],
        fields=["species", "epsg"],
        geometry_type="Point",
        crs="EPSG:4326",
    )
    assert read_occurrences(path).table["decimalLongitude"].tolist() == [1.0]


def test_one_of_several_layers(tmp_path):
    path = write(tmp_path / "t.gpkg", layer="one")
    write(path, layer="two", x=LONGITUDE + 1, append=True)
    with pytest.raises(ValueError, match=r"there are layers one, two; choose one"):
        read_occurrences(path)
    with pytest.raises(ValueError, match=r"no layer 'three'; there are one, two"):
        read_occurrences(path, layer="three")
    table = read_occurrences(path, layer="two").table
    assert table["decimalLongitude"].tolist() == (LONGITUDE + 1).tolist()


def test_a_file_that_does_not_say_its_system(tmp_path):
    path = tmp_path / "t.shp"
    write(path)
    path.with_suffix(".prj").unlink()
    with pytest.raises(ValueError, match=r"t\.shp: of what system"):
        read_occurrences(path)
    table = read_occurrences(path, crs="EPSG:4326").table
    assert table["decimalLongitude"].tolist() == LONGITUDE.tolist()


def test_a_shapefile_in_a_zip(tmp_path):
    folder = tmp_path / "shapes"
    folder.mkdir()
    write(folder / "t.shp")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as packed:
        for part in folder.iterdir():
            packed.write(part, part.name)
    assert len(read_occurrences(tmp_path / "t.zip")) == 3


def test_a_broken_file(tmp_path):
    path = tmp_path / "t.gpkg"
    path.write_bytes(b"no database")
    with pytest.raises(ValueError, match=r"t\.gpkg: cannot be read as a vector file"):
        read_occurrences(path)
