"""Rasters to prepare, and stripes small enough for several of them."""

import pathlib
import sys

import numpy as np
import pytest

from jaxsdm.data.prepared import writing

sys.path.insert(0, str(pathlib.Path(__file__).parent))


@pytest.fixture
def files(tmp_path):
    """Two GeoTIFFs of 53 x 41 cells: real numbers with nodata, and codes."""
    rasterio = pytest.importorskip("rasterio")

    rng = np.random.default_rng(0)
    folder = tmp_path / "rasters"
    folder.mkdir()
    heat = rng.normal(10, 5, (53, 41)).astype(np.float32)
    heat[rng.random(heat.shape) < 0.2] = -9999
    heat[:20, :20] = -9999
    soil = rng.integers(0, 5, heat.shape).astype(np.uint8)
    paths = []
    for name, values, nodata in (("heat", heat, -9999), ("soil", soil, 0)):
        paths.append(str(folder / f"{name}.tif"))
        with rasterio.open(
            paths[-1],
            "w",
            driver="GTiff",
            count=1,
            height=53,
            width=41,
            dtype=values.dtype,
            crs="EPSG:4326",
            transform=rasterio.Affine(0.5, 0, 3, 0, -0.5, 60),
            nodata=nodata,
        ) as raster:
            raster.write(values, 1)
    return paths


@pytest.fixture
def stack(files):
    """Both as one stack."""
    from jaxsdm.data.rasters import open_stack

    with open_stack(files, categorical=["soil"]) as opened:
        yield opened


@pytest.fixture(autouse=True)
def small_stripes(monkeypatch):
    """Stripes of 8 rows, or 16 with chunks of 16."""
    monkeypatch.setattr(writing, "_STRIPE_VALUES", 41 * 2 * 8)
    monkeypatch.setattr(writing, "_MOST_VALUES", 0)
