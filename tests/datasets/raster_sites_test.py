"""Tests for jaxsdm.datasets.raster_sites."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import open_stack
from jaxsdm.datasets import raster_sites
from jaxsdm.datasets.raster_sites import RasterSites, encode_location

pytest.importorskip("rasterio")


def table(longitude, latitude, **columns):
    return pd.DataFrame(
        {
            "longitude": np.asarray(longitude, float),
            "latitude": np.asarray(latitude, float),
            "records": 1.0,
            "species": "a",
            "present": True,
        }
        | columns
    )


def test_location():
    encoded = encode_location(
        np.array([10.0, 30.0, 20.0, 25.0]),
        np.array([1.0, 3.0, 2.0, 2.5]),
        (10, 1, 30, 3),
    )
    half = np.sqrt(0.5)
    want = {
        "sin_x": [-1.0, 1, 0, half],
        "cos_x": [0.0, 0, 1, half],
        "sin_y": [-1.0, 1, 0, half],
        "cos_y": [0.0, 0, 1, half],
    }
    pd.testing.assert_frame_equal(encoded, pd.DataFrame(want))


def test_cells_with_data_have_it_in_every_band(write_raster, monkeypatch):
    values = np.random.default_rng(0).random((2, 7, 5)).astype(np.float32)
    values[0, 2, 3] = values[1, 6, 0] = values[0, 0, 1] = -1
    files = [
        write_raster(f"{name}.tif", v, nodata=-1)
        for name, v in zip("ab", values, strict=True)
    ]
    want = np.flatnonzero((values >= 0).all(0).ravel())
    with open_stack(files) as stack:
        np.testing.assert_array_equal(RasterSites(stack, "raster").valid, want)
        monkeypatch.setattr(raster_sites, "_VALUES_AT_ONCE", 20)  # 2 rows at a time
        np.testing.assert_array_equal(RasterSites(stack, "raster").valid, want)


def test_sites_have_the_values_of_their_cells_or_their_place(write_raster):
    height = np.arange(12, dtype=np.float32).reshape(3, 4)
    cover = (np.arange(12, dtype=np.uint8) % 3 + 1).reshape(3, 4)
    files = [write_raster("height.tif", height), write_raster("cover.tif", cover)]
    counts = np.zeros((2, 1), np.float32)
    with open_stack(files, categorical=["cover"]) as stack:
        area = RasterSites(stack, "raster")
        assert (area.continuous, area.categorical) == (("height",), ("cover",))
        sites = area.sites(np.array([1, 11]), counts, ("a",))
        place = RasterSites(stack, "location")
        assert place.continuous == ("sin_x", "cos_x", "sin_y", "cos_y")
        assert place.categorical == ()
        placed = place.sites(np.array([1, 11]), counts, ("a",))
    assert sites.crs == "EPSG:4326"
    np.testing.assert_array_equal(sites.x, [3.75, 4.75])
    np.testing.assert_array_equal(sites.y, [59.75, 58.75])
    assert sites.predictors["height"].tolist() == [1, 11]
    assert sites.predictors["cover"].tolist() == [2, 3]
    assert sites.predictors["cover"].dtype == np.int64
    np.testing.assert_array_equal(placed.x, sites.x)
    angle = np.pi * ((sites.x - 3) / 2 - 0.5)
    np.testing.assert_allclose(placed.predictors["sin_x"], np.sin(angle))
    np.testing.assert_allclose(  # a third of the way from the middle to either edge
        placed.predictors["sin_y"], np.sin(np.pi / 2 * np.array([2 / 3, -2 / 3]))
    )


def test_rows_left_out_are_counted_once_and_told_why(write_raster):
    values = np.ones((3, 4), np.float32)
    values[0, 0] = np.nan
    given = table(
        [4.9, 3.1, 2.9, np.nan, 4.9, 5.0, 3.6, 2.0],
        [58.6, 59.9, 59.0, 59.0, 59.0, 59.0, 59.2, 58.0],
        species=["a", "a", "a", "a", None, "a", "a", "a"],
        present=[True, True, True, True, True, True, False, False],
    )
    said = (
        "X records: 7 of 8 rows are left out: 2 without coordinates, species or "
        "number, 2 absences, 2 outside the rasters, 1 in cells without data"
    )
    with open_stack(write_raster("a.tif", values)) as stack:
        area = RasterSites(stack, "raster")
        with pytest.warns(UserWarning, match=said):
            found = area.find(given, "X records", presences=True)
        assert found["cell"].tolist() == [11]
        with pytest.warns(UserWarning, match="6 of 8 rows .* 3 outside the rasters, 1"):
            found = area.find(given, "X", presences=False)
        assert found["cell"].tolist() == [11, 5]
        assert found["present"].tolist() == [True, False]
        with pytest.raises(
            ValueError, match=r"X: 2 of 2 .* Longitudes are 58 to 59, lat"
        ):
            area.find(table([58, 59], [3, 4]), "X", presences=True)


def test_longitudes_are_angles_and_the_western_edge_is_inside(write_raster):
    """Also where its coordinate was rounded up in the file."""
    west = np.nextafter(350.0, 360.0)
    file = write_raster(
        "a.tif", np.ones((2, 30), np.float32), transform=(1, 0, west, 0, -1, 1)
    )
    with open_stack(file) as stack:
        found = RasterSites(stack, "raster").find(
            table([350, -9.5, -1.5, 5.5], [0.5, 0.5, 0.5, -0.5]), "X", presences=True
        )
    assert found["cell"].tolist() == [0, 0, 8, 45]


def test_points_are_brought_into_the_rasters_system(write_raster):
    pyproj = pytest.importorskip("pyproj")
    file = write_raster(
        "a.tif",
        np.ones((20, 30), np.float32),
        transform=(1000, 0, 480_000, 0, -1000, 5_620_000),
        crs="EPSG:32631",
    )
    cell = np.arange(600)
    x, y = 480_000 + 1000 * (cell % 30) + 500, 5_620_000 - 1000 * (cell // 30) - 500
    to_degrees = pyproj.Transformer.from_crs(32631, 4326, always_xy=True)
    with open_stack(file) as stack:
        found = RasterSites(stack, "raster").find(
            table(*to_degrees.transform(x, y)), "X", presences=True
        )
    np.testing.assert_array_equal(found["cell"], cell)
