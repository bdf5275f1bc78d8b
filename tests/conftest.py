"""What every test shares: simulated devices, strictness, a cache, the shared data."""

import os
import pathlib

import jax
import numpy as np
import pytest

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_numpy_rank_promotion", "raise")

_CACHE = pathlib.Path(__file__).parents[1] / ".jax_cache"
jax.config.update("jax_compilation_cache_dir", str(_CACHE))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)

if os.environ.get("JAXSDM_TYPECHECK", "1") == "1":
    from jaxtyping import install_import_hook

    install_import_hook(
        [
            "jaxsdm.ops",
            "jaxsdm.losses",
            "jaxsdm.metrics",
            "jaxsdm.decisions",
            "jaxsdm.data",
        ],
        "beartype.beartype",
    )


NORTH_UP = (0.5, 0.0, 3.0, 0.0, -0.5, 60.0)
"""Cells of half a degree, south and east of 60 N, 3 E."""


@pytest.fixture(scope="session")
def shared() -> pathlib.Path:
    """The folder of real data and golden values, or a skip that says why."""
    root = pathlib.Path(__file__).parents[1]
    folder = pathlib.Path(os.environ.get("JAXSDM_SHARED", root.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(
            f"no shared data at {folder}: set JAXSDM_SHARED to the folder that holds "
            "data/ and golden/"
        )
    return folder


@pytest.fixture(scope="session")
def nceas_folder(shared: pathlib.Path) -> pathlib.Path:
    """The NCEAS tables (disdat)."""
    return shared / "data" / "nceas"


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
