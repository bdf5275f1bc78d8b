"""Tests for jaxsdm.data.raster_sites."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import open_stack
from jaxsdm.data.raster_sites import RasterSites, encode_location
from jaxsdm.data.sampling import raster_background

pytest.importorskip("rasterio")


def test_location():
    encoded = encode_location(
        np.array([10.0, 30.0, 20.0, 25.0]),
        np.array([1.0, 3.0, 2.0, 2.5]),
        (10.0, 1.0, 30.0, 3.0),
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
        monkeypatch.setattr(raster_background, "_VALUES_AT_ONCE", 20)  # 2 rows
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
