"""Where other tools give wrong patches without a word, one test for each.

Each was executed or read in the code of the peer that it names.
"""

import pathlib

import numpy as np
import pytest

from jaxsdm.data.patches import (
    DevicePatches,
    FilePatches,
    MemoryPatches,
    Places,
    Window,
    locate,
    valid_fraction,
)
from jaxsdm.data.prepared import prepare
from jaxsdm.data.rasters import RasterGrid, open_stack

rasterio = pytest.importorskip("rasterio")
warp = pytest.importorskip("rasterio.warp")
pytest.importorskip("tensorstore")


BLOCKS = {"tiled": True, "blockxsize": 16, "blockysize": 16, "compress": "deflate"}


@pytest.fixture
def write(write_raster):
    """A function that writes `[y, x]` values as a GeoTIFF in blocks of 16."""

    def write(name, values, transform=(0.5, 0, 3, 0, -0.5, 60), crs=4326, **options):
        place = {"transform": transform, "crs": f"EPSG:{crs}"}
        return pathlib.Path(write_raster(name, values, **place, **BLOCKS, **options))

    return write


def tiers(stack, folder):
    """All of them, by name."""
    memory = MemoryPatches.from_stack(stack)
    return {
        "memory": memory,
        "map": prepare(stack, folder / "map").patches(),
        "store": prepare(stack, folder / "store", layout="zarr", chunk=16).patches(),
        "file": FilePatches(stack, cache_bytes=5000),
        "device": DevicePatches.from_memory(memory, margin=8),
    }


def taken(source, rows, columns, size):
    """Values and validity `[place, y, x]` of the first band of any tier."""
    got = source.take(np.array(rows), np.array(columns), Window(size))
    return [np.asarray(one)[..., 0] for one in got]


@pytest.mark.parametrize("size", [1, 4, 7])
def test_a_point_beyond_the_raster_never_wraps(write, tmp_path, size):
    """MALPOLON: north or west of it a negative index gives the other end's value."""
    height, width = 20, 30
    values = 1 + np.arange(600, dtype=np.float32).reshape(height, width)
    rows = np.array([-1, -2, 20, 21, 5, 5, 5, 5, -1, 20])
    columns = np.array([9, 9, 9, 9, -1, -2, 30, 31, -1, 30])
    with open_stack(write("a.tif", values)) as stack:
        for source in tiers(stack, tmp_path).values():
            got, valid = taken(source, rows, columns, size)
            assert got.shape == (10, size, size)  # always whole
            for k, (row, column) in enumerate(zip(rows, columns, strict=True)):
                for i, j in np.ndindex(size, size):
                    y, x = row - size // 2 + i, column - size // 2 + j
                    known = 0 <= y < height and 0 <= x < width
                    assert valid[k, i, j] == known
                    assert got[k, i, j] == (values[y, x] if known else 0)
            source.close()


def test_the_right_and_the_lower_edge_are_outside(write):
    """MALPOLON: `int()` cuts off, so that a point just west of it is inside."""
    with open_stack(write("a.tif", np.ones((20, 30), np.uint8))) as stack:
        found = locate(
            stack.grid,
            longitude=[18.0, 17.999, 3.0, 2.999, 5.0, 5.0, 5.0],
            latitude=[55.0, 55.0, 60.0, 55.0, 50.0, 50.001, 60.001],
            outside="exclude",
        )
        assert found.kept.tolist() == [1, 2, 5]
        assert "4 of 7 places outside" in found.report


def test_a_point_far_away_is_not_inside():
    """MALPOLON: bounds in one order, read in another: (30 E, 30 N) is in France."""
    france = RasterGrid("EPSG:4326", (0.01, 0.0, -5.0, 0.0, -0.01, 51.0), 1000, 1400)
    with pytest.raises(ValueError, match="1 of 1 places outside"):
        locate(france, longitude=[30.0], latitude=[30.0])
    with pytest.raises(ValueError, match="1 of 1 places outside"):
        locate(france, x=[30.0], y=[30.0])


@pytest.mark.parametrize("keep", [0, 0.5, 0.97])
def test_a_truncated_file_in_a_folder_is_never_skipped(write, tmp_path, keep):
    """torchgeo: `except RasterioIOError: continue`, one of two files is used."""
    values = np.random.default_rng(0).random((64, 64), np.float32)
    write("bio1.tif", values)
    path = write("bio2.tif", values)
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(OSError, match=r"bio2\.tif"):
        open_stack(tmp_path)


def test_missing_cells_are_not_zeros_and_zeros_are_not_missing(write, tmp_path):
    """Torchgeo before PR #3847: nodata and what lies outside become a plain 0."""
    values = np.full((20, 30), 5, np.int16)
    values[:10], values[10:, :15] = -9999, 0
    with open_stack(write("a.tif", values, nodata=-9999)) as stack:
        for source in tiers(stack, tmp_path).values():
            got, valid = taken(source, [4, 14, 14, 25], [8, 8, 22, 8], 5)
            assert not valid[[0, 3]].any()  # nodata; outside
            assert valid[[1, 2]].all()
            assert (got[1] == 0).all()
            assert (got[2] == 5).all()
            if not isinstance(source, DevicePatches):
                places = Places(np.array([4, 14, 10]), np.array([8, 8, 8]))
                share = valid_fraction(source, places, Window(5))
                np.testing.assert_allclose(share[:, 0], [0, 1, 0.6], rtol=1e-6)
            source.close()


def test_255_is_a_value_where_nobody_says_otherwise(write, tmp_path):
    """DeepMaxent: 255 is nodata whatever the file says."""
    values = np.array([[255, 0], [7, 255]], np.uint8)
    for name, nodata in (("plain", None), ("zero", 0), ("full", 255)):
        path = write(f"{name}.tif", values, nodata=nodata)
        with open_stack(path) as stack:
            for source in tiers(stack, tmp_path / name).values():
                _, valid = taken(source, [1], [1], 2)
                want = np.ones((2, 2), bool) if nodata is None else values != nodata
                np.testing.assert_array_equal(valid[0], want)
                source.close()


def test_one_grid_written_with_other_digits_is_one_grid(write):
    """MegaSDM #2: a cell size that differs in the 16th decimal is another raster."""
    ones = np.ones((20, 30), np.uint8)
    for number, size in enumerate((1 / 120, 0.008333333333333333, 0.0083333333)):
        write(f"bio{number + 1}.tif", ones, (size, 0, -180, 0, -size, 90))
    folder = write("bio4.tif", ones, (1 / 120, 0, -180, 0, -1 / 120, 90)).parent
    with open_stack(folder) as stack:
        assert stack.load()[1].all()
        assert len(stack.names) == 4


def test_metres_of_a_utm_zone(write):
    """MALPOLON 2.1.2: `KeyError: 'init'` of any raster in EPSG:32631."""
    values = np.arange(600, dtype=np.float32).reshape(20, 30)
    path = write("a.tif", values, (100, 0, 5e5, 0, -100, 5.6e6), crs=32631)
    with open_stack(path) as stack:
        x, y = stack.grid.center([3, 17], [4, 29])
        longitude, latitude = warp.transform("EPSG:32631", "EPSG:4326", x, y)
        found = locate(stack.grid, longitude=longitude, latitude=latitude)
        source = FilePatches(stack)
        got = source.take(*found.places, Window(1))
        assert got.values.ravel().tolist() == [94, 539]
        source.close()


def test_a_float_band_with_nodata_among_integer_ones(shared, tmp_path):
    """MALPOLON: it comes out as zeros (the bands are of its own sample data)."""
    folder = shared / "data" / "geolifeclef" / "custom_bioclim" / "bioclim_rasters"
    with open_stack(folder) as stack:
        rng = np.random.default_rng(0)
        height, width = stack.grid.height, stack.grid.width
        rows, columns = rng.integers(0, height, 40), rng.integers(0, width, 40)
        want = []
        for band in stack.bands:
            with rasterio.open(band.source) as raster:
                whole = raster.read(1, masked=True)
            known = np.pad(~np.ma.getmaskarray(whole), 8)
            whole = np.pad(whole.filled(0).astype(np.float32), 8)
            patches = [
                np.where(k, v, 0)
                for k, v in (
                    (known[r + 4 : r + 12, c + 4 : c + 12],
                     whole[r + 4 : r + 12, c + 4 : c + 12])
                    for r, c in zip(rows, columns, strict=True)
                )
            ]  # fmt: skip
            want.append(np.stack(patches))
        assert (want[2] != 0).mean() > 0.1
        for source in tiers(stack, tmp_path).values():
            got = source.take(rows, columns, Window(8))
            np.testing.assert_array_equal(got.values, np.stack(want, axis=-1))
            source.close()


def test_an_unknown_level_stops_patches_and_preparations(write, tmp_path):
    """What no peer looks at: codes of another map, or of a newer version of it."""
    cover = np.random.default_rng(0).integers(1, 4, (20, 30)).astype(np.uint8)
    cover[17, 25] = 9
    path = write("cover.tif", cover)
    with open_stack(path, categorical={"cover": (1, 2, 3)}) as stack:
        source = FilePatches(stack)
        message = r"band cover .*1 cells with unknown level 9; the levels are 1, 2, 3"
        with pytest.raises(ValueError, match=message):
            source.take([16], [24], Window(4))
        for layout in ("memmap", "zarr"):
            with pytest.raises(ValueError, match=message):
                prepare(stack, tmp_path / layout, layout=layout)
            assert not (tmp_path / layout).exists()
        source.close()
