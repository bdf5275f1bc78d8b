"""Small rasters on disk for the tests of stacks."""

import numpy as np
import pytest

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
