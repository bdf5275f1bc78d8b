"""Small rasters on disk for the tests of stacks."""

import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


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
