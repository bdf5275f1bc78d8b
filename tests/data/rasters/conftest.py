"""Small rasters on disk for the tests of stacks."""

import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

NORTH_UP = (0.5, 0.0, 3.0, 0.0, -0.5, 60.0)


@pytest.fixture
def write_raster(tmp_path):
    """A function that writes `[band, y, x]` values as a GeoTIFF and gives its path."""
    rasterio = pytest.importorskip("rasterio")

    def write(name, values, *, transform=NORTH_UP, crs="EPSG:4326", **options):
        values = np.asarray(values)
        values = values[None] if values.ndim == 2 else values
        scales, offsets = options.pop("scales", None), options.pop("offsets", None)
        descriptions = options.pop("descriptions", None)
        path = tmp_path / name
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            count=len(values),
            height=values.shape[1],
            width=values.shape[2],
            dtype=values.dtype,
            crs=crs,
            transform=rasterio.Affine(*transform),
            **options,
        ) as raster:
            raster.write(values)
            if scales:
                raster.scales = scales
            if offsets:
                raster.offsets = offsets
            if descriptions:
                raster.descriptions = descriptions
        return str(path)

    return write


@pytest.fixture
def three_bands(write_raster):
    """Two files: real numbers in two bands of blocks of 32 x 16, and codes."""
    from raster_oracle import random_values

    rng = np.random.default_rng(1)
    options = {"tiled": True, "blockxsize": 16, "blockysize": 32}
    climate = random_values(rng, "float32 -9999", (2, 70, 50))
    cover = random_values(rng, "uint8 255", (70, 50))
    return [
        write_raster("climate.tif", climate, nodata=-9999, **options),
        write_raster("cover.tif", cover, nodata=255),
    ]
