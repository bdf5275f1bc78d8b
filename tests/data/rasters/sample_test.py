"""Tests for the values of raster stacks at points, against rasterio's own."""

import numpy as np
import pytest

from jaxsdm.data.rasters import open_stack

rasterio = pytest.importorskip("rasterio")
warp = pytest.importorskip("rasterio.warp")


def test_sample_reads_the_cells_that_rasterio_samples(three_bands):
    rng = np.random.default_rng(2)
    x, y = rng.uniform(2, 29, 500), rng.uniform(24, 61, 500)
    with open_stack(three_bands) as stack:
        values, valid = stack.sample(longitude=x, latitude=y)
        want = []
        for path in three_bands:
            with rasterio.open(path) as raster:
                points = list(zip(x, y, strict=True))
                want.append(np.ma.stack(list(raster.sample(points, masked=True))))
        want = np.ma.concatenate([w.astype(np.float32) for w in want], 1)
        np.testing.assert_array_equal(values, want.filled(np.nan))
        row, column, inside = stack.grid.row_column(x, y)
        assert 0.5 < inside.mean() < 1
        loaded, loaded_valid = stack.load()
        at = row[inside], column[inside]
        np.testing.assert_array_equal(values[inside], loaded[at])
        np.testing.assert_array_equal(valid[inside], loaded_valid[at])
        assert not valid[~inside].any()
        plain = stack.sample(x=x, y=y)
        np.testing.assert_array_equal(plain[0], values)


def test_points_that_come_again_have_the_same_values(three_bands):
    with open_stack(three_bands) as stack:
        x, y = np.array([4.1, 20.2, 4.1, 4.1]), np.array([50.3, 30.1, 50.3, 50.3])
        values, valid = stack.sample(x=x, y=y)
        alone = [stack.sample(x=[a], y=[b]) for a, b in zip(x, y, strict=True)]
        np.testing.assert_array_equal(values, np.concatenate([v for v, _ in alone]))
        np.testing.assert_array_equal(valid, np.concatenate([v for _, v in alone]))


def test_sample_reads_each_block_once(three_bands):
    with open_stack(three_bands[0]) as stack:
        source, reads = stack.sources[0], []
        read = source.stored
        source.stored = lambda *window: reads.append(window) or read(*window)
        rng = np.random.default_rng(3)
        stack.sample(x=rng.uniform(3, 28, 900), y=rng.uniform(25, 60, 900))
        assert len(reads) == 12  # 3 x 4 blocks of 32 x 16


def test_sample_in_another_crs(write_raster):
    values = np.arange(80, dtype=np.float32).reshape(8, 10)
    path = write_raster(
        "a.tif", values, crs="EPSG:3035", transform=(1000, 0, 4e6, 0, -1000, 3e6)
    )
    with open_stack(path) as stack:
        x, y = stack.grid.center([2, 7], [3, 9])
        lonlat = warp.transform("EPSG:3035", "EPSG:4326", x, y)
        want = [[23], [79]]
        for got, _ in (
            stack.sample(x=x, y=y),
            stack.sample(x=x, y=y, crs="EPSG:3035"),
            stack.sample(longitude=lonlat[0], latitude=lonlat[1]),
            stack.sample(x=lonlat[0], y=lonlat[1], crs="EPSG:4326"),
        ):
            np.testing.assert_array_equal(got, want)


def test_sample_0_to_360_and_wrapped_windows(write_raster):
    values = np.arange(36, dtype=np.float32)[None].repeat(18, 0)
    path = write_raster("a.tif", values, transform=(10, 0, 0, 0, -10, 90))
    with open_stack(path) as stack:
        got, _ = stack.sample(longitude=[-5, 355, -180, 180, 0], latitude=[0.5] * 5)
        np.testing.assert_array_equal(got[:, 0], [35, 35, 18, 18, 0])
        _, valid = stack.sample(x=[-5], y=[0.5])
        assert not valid.any()
        got, valid = stack.read(5, -2, 1, 4)
        np.testing.assert_array_equal(got[0, :, 0], [np.nan, np.nan, 0, 1])
        np.testing.assert_array_equal(valid[0, :, 0], [False, False, True, True])
        got, valid = stack.read(5, -2, 1, 40, wrap=True)
        np.testing.assert_array_equal(got[0, :, 0], np.arange(-2, 38) % 36)
        assert valid.all()


@pytest.mark.parametrize(
    "points",
    [
        {},
        {"x": [1.0]},
        {"longitude": [1.0], "latitude": [1.0], "x": [1.0]},
        {"longitude": [1.0], "latitude": [1.0], "crs": "EPSG:3035"},
        {"x": [1.0], "y": [1.0], "longitude": [1.0], "latitude": [1.0]},
    ],
)
def test_points_are_named_in_one_way(write_raster, points):
    with (
        open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack,
        pytest.raises(ValueError, match="either longitude= and latitude="),
    ):
        stack.sample(**points)


def test_points_without_coordinates_and_none_at_all(write_raster):
    with open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack:
        values, valid = stack.sample(longitude=[np.nan, 4.0], latitude=[59.0, np.nan])
        assert np.isnan(values).all()
        assert not valid.any()
        values, valid = stack.sample(longitude=[], latitude=[])
        assert values.shape == valid.shape == (0, 1)
        with pytest.raises(ValueError, match="two vectors of one length"):
            stack.sample(longitude=[1.0, 2.0], latitude=[1.0])
