"""Small rasters and tables on disk for the tests of datasets made of files."""

import numpy as np
import pytest

DEGREES = (0.5, 0.0, 3.0, 0.0, -0.5, 60.0)
"""Cells of half a degree, south and east of 60 N, 3 E."""


@pytest.fixture
def write_raster(tmp_path):
    """A function that writes `[y, x]` values as a GeoTIFF and gives its path."""
    rasterio = pytest.importorskip("rasterio")

    def write(name, values, *, transform=DEGREES, crs="EPSG:4326", nodata=None):
        values = np.asarray(values)
        path = tmp_path / name
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=1,
            height=values.shape[0],
            width=values.shape[1],
            dtype=values.dtype,
            crs=crs,
            transform=rasterio.Affine(*transform),
            nodata=nodata,
        ) as raster:
            raster.write(values, 1)
        return path

    return write


@pytest.fixture
def write_table(tmp_path):
    """A function that writes lines of text and gives the path."""

    def write(name, *lines):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
