"""Tests for jaxsdm.data.patches.file on GeoTIFFs, beside rasterio itself."""

import numpy as np
import pytest

from jaxsdm.data.patches import DevicePatches, FilePatches, MemoryPatches, Window
from jaxsdm.data.rasters import open_stack

rasterio = pytest.importorskip("rasterio")


LAYOUTS = {
    "tiled": {"tiled": True, "blockxsize": 16, "blockysize": 32, "compress": "deflate"},
    "strips": {"compress": "lzw"},
    "planes": {"interleave": "band", "tiled": True, "blockxsize": 16, "blockysize": 16},
}


@pytest.mark.filterwarnings("ignore:Use `@` matmul")  # rasterio about affine
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8", "float64"])
def test_every_tier_equals_the_windowed_read_of_rasterio(
    write_raster, rng, layout, dtype
):
    values = rng.integers(0, 200, (3, 70, 90)).astype(dtype)
    values[rng.random(values.shape) < 0.1] = 255
    if values.dtype.kind == "f":
        values[:, :4, :4] = np.nan
    path = write_raster("a.tif", values, nodata=255, **LAYOUTS[layout])
    rows, columns = rng.integers(-5, 75, 40), rng.integers(-5, 95, 40)
    window = Window(12)
    values_want, valid_want = [], []
    with rasterio.open(path) as raster:
        for row, column in zip(rows, columns, strict=True):
            at = rasterio.windows.Window(column - 6, row - 6, 12, 12)
            read = raster.read(window=at, boundless=True, masked=True)
            known = ~np.ma.getmaskarray(read) & np.isfinite(read.data)
            values_want.append(np.where(known, read.data, 0).transpose(1, 2, 0))
            valid_want.append(known.transpose(1, 2, 0))
    with open_stack(path) as stack:
        file = FilePatches(stack, cache_bytes=20_000)
        memory = MemoryPatches.from_stack(stack)
        for source in (file, memory, DevicePatches.from_memory(memory)):
            got = source.take(rows, columns, window)
            np.testing.assert_array_equal(got.valid, np.stack(valid_want))
            want = np.stack(values_want).astype(np.float32)
            np.testing.assert_array_equal(got.values, want)
        file.close()


def test_a_damaged_block_is_an_error_that_names_the_file(write_raster, rng):
    values = rng.normal(size=(1, 128, 128)).astype(np.float32)
    path = write_raster("damaged.tif", values, **LAYOUTS["tiled"])
    with open(path, "rb+") as file:
        content = file.read()
        file.seek(len(content) // 2)
        file.write(b"\0" * 4000)
    with open_stack(path) as stack:
        source = FilePatches(stack)
        rows, columns = np.repeat(np.arange(128), 2), np.tile([30, 90], 128)
        with pytest.raises(OSError, match=r"damaged\.tif"):
            source.take(rows, columns, Window(8))
        source.close()
