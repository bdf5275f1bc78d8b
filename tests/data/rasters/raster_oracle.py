"""Random rasters, and windows of them as rasterio reads them."""

import warnings

import numpy as np
import pytest

rasterio = pytest.importorskip("rasterio")

KINDS = {
    "uint8 255": ("uint8", 255),
    "uint8 0": ("uint8", 0),
    "int16 -9999": ("int16", -9999),
    "uint16 without": ("uint16", None),
    "int32": ("int32", -(2**31)),
    "float32 nan": ("float32", np.nan),
    "float32 -9999": ("float32", -9999.0),
    "float32 largest": ("float32", 3.4028234663852886e38),
    "float64 without": ("float64", None),
}


def random_values(rng, kind, shape):
    """Whole numbers below 250 of one of `KINDS`, a fifth of them missing."""
    dtype, nodata = KINDS[kind]
    values = rng.integers(0, 250, shape).astype(dtype)
    hole = rng.random(shape) < 0.2
    if nodata is not None:
        values[hole] = nodata
    elif dtype.startswith("float"):
        values[hole] = np.nan
    return values


def padded(path, row, column, height, width):
    """The window from a masked read of the whole file by rasterio, padded by hand."""
    with rasterio.open(path) as raster:
        whole = raster.read(masked=True)
    values = np.full((height, width, len(whole)), np.nan, np.float32)
    for y in range(height):
        for x in range(width):
            r, c = row + y, column + x
            if 0 <= r < whole.shape[1] and 0 <= c < whole.shape[2]:
                cell = whole[:, r, c]
                values[y, x] = np.ma.filled(cell.astype(np.float32), np.nan)
    return values, np.isfinite(values)


def boundless(path, row, column, height, width):
    """The same from rasterio's own reads beyond the edge."""
    window = rasterio.windows.Window(column, row, width, height)
    with rasterio.open(path) as raster, warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # affine 3's own
        read = raster.read(window=window, boundless=True, masked=True)
    values = np.moveaxis(read.astype(np.float32).filled(np.nan), 0, -1)
    return values, np.isfinite(values)
