"""Tests for jaxsdm.mapping.geotiff."""

import numpy as np
import pytest
import rasterio

from jaxsdm.data import RasterGrid
from jaxsdm.mapping.area import Window
from jaxsdm.mapping.geotiff import MapFile, unfinished_work

NORTH_UP = (90.0, 0.0, 4e6, 0.0, -90.0, 3e6)
GRIDS = {
    "north-up": RasterGrid("EPSG:3035", NORTH_UP, 600, 700),
    "south-up": RasterGrid("EPSG:4326", (0.5, 0.0, -10.0, 0.0, 0.5, -20.0), 60, 70),
    "turned": RasterGrid("EPSG:3035", (9.0, 1.0, 4e6, 1.0, -9.0, 3e6), 60, 70),
}


def write(folder, grid, values, tags=None):
    path = folder / "map.tif"
    with unfinished_work(folder) as work:
        with MapFile(path, grid, work, "Abies alba", tags or {}) as file:
            for row in range(0, grid.height, 50):
                part = values[row : row + 50]
                if np.isfinite(part).any():
                    file.write(Window(row, 0, *part.shape), part)
            assert not path.exists()
        file.publish()
    return path


@pytest.mark.parametrize("name", GRIDS)
def test_what_is_written_comes_back(tmp_path, name):
    grid = GRIDS[name]
    values = np.random.default_rng(0).random((grid.height, grid.width), np.float32)
    values[3:20, 5:9] = np.nan
    values[50:100] = np.nan  # a window that is not written
    path = write(tmp_path, grid, values, {"MEANING": "a, b = c"})
    assert [file.name for file in tmp_path.iterdir()] == ["map.tif"]
    with rasterio.open(path) as raster:
        np.testing.assert_array_equal(raster.read(1), values)
        assert raster.crs == rasterio.crs.CRS.from_user_input(grid.crs)
        assert tuple(raster.transform)[:6] == grid.transform
        assert np.isnan(raster.nodata)
        assert raster.dtypes == ("float32",)
        assert raster.descriptions == ("Abies alba",)
        assert raster.tags()["MEANING"] == "a, b = c"
        assert raster.profile["tiled"]
        assert raster.compression.name == "deflate"


def test_it_is_cloud_optimised_with_overviews_in_the_range(tmp_path):
    grid = GRIDS["north-up"]
    # A step: cubic overviews would leave 0 to 1.
    values = np.zeros((600, 700), np.float32)
    values[:, 351:] = 1
    path = write(tmp_path, grid, values)
    with rasterio.open(path) as raster:
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.overviews(1) == [2]
        small = raster.read(1, out_shape=(300, 350))
        headers = [
            int(raster.get_tag_item("IFD_OFFSET", dm="TIFF", bidx=1, ovr=ovr))
            for ovr in (None, 0)
        ]
        first_tile = int(raster.get_tag_item("BLOCK_OFFSET_0_0", dm="TIFF", bidx=1))
    assert small.min() >= 0
    assert small.max() <= 1
    assert headers[0] < headers[1] < first_tile  # directories before the numbers


def test_an_older_map_stays_until_the_new_one_is_whole(tmp_path):
    (tmp_path / "map.tif").write_text("old")
    grid = GRIDS["turned"]

    def stopped():
        with unfinished_work(tmp_path) as work:
            file = MapFile(tmp_path / "map.tif", grid, work, "x", {})
            file.write(Window(0, 0, 10, 70), np.zeros((10, 70), np.float32))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [file.name for file in tmp_path.iterdir()] == ["map.tif"]
    assert (tmp_path / "map.tif").read_text() == "old"


def test_what_a_kill_left_is_removed(tmp_path):
    left = tmp_path / ".unfinished-abc"
    left.mkdir()
    (left / "plain-map.tif").write_text("half")
    with unfinished_work(tmp_path) as work:
        assert not left.exists()
        assert work.parent == tmp_path
    assert not list(tmp_path.iterdir())
