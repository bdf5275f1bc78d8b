"""Tests for opening prepared stores of any size: headers are read, no values."""

import json
import pathlib
import resource
import time

import numpy as np
import pytest

from jaxsdm.data.patches import StorePatches, Window
from jaxsdm.data.prepared import open_prepared, prepare
from jaxsdm.data.prepared.layouts import layout_of

pytest.importorskip("rasterio")
pytest.importorskip("tensorstore")

ROWS, COLUMNS = 100_000, 62_500
"""Of 2 bands of float32: 50 GB."""


def enlarged(stack, folder, layout):
    """A folder as of a 50 GB raster: files of that size, or a store, without values."""
    prepare(stack, folder, layout=layout, chunk=128)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["grid"] |= {"height": ROWS, "width": COLUMNS}
    manifest["stripes"] = [
        {"row": row, "rows": 128, "sha256": "0" * 64} for row in range(0, ROWS, 128)
    ]
    layout_of(folder, layout, (ROWS, COLUMNS, 2), "float32", 128).create()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def resident_bytes():
    pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@pytest.mark.parametrize("layout", ["memmap", "zarr"])
def test_50_gb_are_open_within_a_second_and_nothing_is_read(layout, stack, tmp_path):
    folder = enlarged(stack, tmp_path / "large", layout)
    if layout == "memmap":
        assert (folder / "values.npy").stat().st_size > 50e9
        assert (folder / "values.npy").stat().st_blocks * 512 < 2**20  # holes
    before, seconds = resident_bytes(), []
    for _ in range(3):  # the least: other programs may be running
        started = time.perf_counter()
        source = open_prepared(folder).patches()
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 1
    assert resident_bytes() - before < 32 * 2**20
    assert source.shape == (ROWS, COLUMNS)
    # The last corner can be asked for: what lies there was not looked at before.
    if layout == "memmap":
        got = source.take([ROWS - 1], [COLUMNS - 1], Window(3))
        assert got.values.sum() == 0
        assert got.valid[0, ..., 0].tolist() == [[True, True, False]] * 2 + [
            [False] * 3
        ]
    else:
        with pytest.raises(OSError, match="is damaged"):
            source.take([ROWS - 1], [COLUMNS - 1], Window(3))
    source.close()


def test_a_store_keeps_to_its_cache(tmp_path):
    """Chunks of many times the cache pass; resident memory does not grow with them."""
    xarray = pytest.importorskip("xarray")
    from jaxsdm.data.rasters import open_stack

    side, cache = 2048, 8 * 2**20
    values = np.random.default_rng(0).random((side, side, 4), np.float32)
    data = xarray.DataArray(
        np.moveaxis(values, 2, 0),
        dims=("band", "y", "x"),
        coords={"y": -np.arange(side) / 100, "x": np.arange(side) / 100},
        name="v",
    )
    with open_stack(data, names=list("abcd"), crs="EPSG:4326") as stack:
        prepare(stack, tmp_path / "s", layout="zarr", chunk=64)
    rng, window = np.random.default_rng(1), Window(32)
    with StorePatches(tmp_path / "s", cache_bytes=cache) as source:

        def some():
            rows, columns = rng.integers(20, side - 20, (2, 64))
            got = source.take(rows, columns, window)
            first = rows[0] - 16, columns[0] - 16
            want = values[first[0] : first[0] + 32, first[1] : first[1] + 32]
            np.testing.assert_array_equal(got.values[0], want)

        some()
        before = resident_bytes()
        for _ in range(60):  # nearly all of 67 MB, some of it often
            some()
        assert resident_bytes() - before < cache + 24 * 2**20
