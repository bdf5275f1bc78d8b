"""Tests for jaxsdm.data.rasters.stack: bands of files, and handles on these."""

import concurrent.futures
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from raster_oracle import padded

from jaxsdm.data.rasters import open_stack

rasterio = pytest.importorskip("rasterio")


def test_files_of_one_and_of_many_bands(three_bands):
    with open_stack(three_bands, categorical=["cover"]) as stack:
        assert stack.names == ("climate_1", "climate_2", "cover")
        assert [band.categorical for band in stack.bands] == [False, False, True]
        want = np.concatenate([padded(p, -3, 20, 40, 40)[0] for p in three_bands], -1)
        np.testing.assert_array_equal(stack.read(-3, 20, 40, 40)[0], want)


def test_bands_are_selected_by_name_in_any_order(three_bands):
    with open_stack(three_bands) as stack:
        every, _ = stack.load()
        some = stack.select(["cover", "climate_1"])
        np.testing.assert_array_equal(some.load()[0], every[..., [2, 0]])
        assert some.select(["climate_1"]).names == ("climate_1",)
        with pytest.raises(
            ValueError, match=r"no band bio1; the stack has climate_1, "
        ):
            stack.select(["bio1", "cover"])
        with pytest.raises(ValueError, match="each band once"):
            stack.select(["cover", "cover"])


def test_pickled_and_closed_stacks_open_files_again(three_bands):
    stack = open_stack(three_bands)
    want, _ = stack.load()
    text = pickle.dumps(stack)
    assert len(text) < 5000
    with pickle.loads(text) as again:
        np.testing.assert_array_equal(again.load()[0], want)
    stack.close()
    np.testing.assert_array_equal(stack.load()[0], want)
    stack.close()


def test_handles_of_finished_threads_are_let_go(three_bands):
    with open_stack(three_bands) as stack:
        for _ in range(5):
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda i: stack.read(i, 0, 2, 2), range(4)))
        assert len(stack.sources[0]._handles) <= 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_opens_files_for_itself(three_bands):
    program = (
        "import os, sys\n"
        "from jaxsdm.data.rasters import open_stack\n"
        f"source = open_stack({three_bands[0]!r}).sources[0]\n"
        "mine = source._raster()\n"
        "assert source._raster() is mine\n"
        "if child := os.fork():\n"
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0 if source._raster() is not mine else 7)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_chelsa_layers_are_those_of_rasterio(shared):
    folder = shared / "data" / "belgium_bcubed"
    with open_stack(folder) as stack:
        numbers = [1, 2, 3, 4, *range(10, 20)]
        assert stack.names == tuple(f"bio{i}" for i in numbers)
        values, valid = stack.load()
        for i, name in enumerate(stack.names):
            with rasterio.open(folder / f"{name}.tif") as raster:
                want = raster.read(1, masked=True)
            np.testing.assert_array_equal(
                values[..., i], want.astype(np.float32).filled(np.nan)
            )
            np.testing.assert_array_equal(valid[..., i], ~np.ma.getmaskarray(want))
        got, inside = stack.sample(longitude=[4.35, 20.0], latitude=[50.85, 50.0])
        with rasterio.open(folder / "bio12.tif") as raster:
            (want,) = raster.sample([(4.35, 50.85)])
        assert got[0, stack.names.index("bio12")] == want[0]
        assert not inside[1].any()


def test_layers_of_a_peer_with_mixed_types(shared):
    folder = shared / "data" / "geolifeclef" / "custom_bioclim" / "bioclim_rasters"
    with open_stack(folder) as stack:
        values, valid = stack.load()
        assert [band.dtype for band in stack.bands] == [
            "uint16",
            "uint16",
            "float32",
            "uint16",
        ]
        for i, band in enumerate(stack.bands):
            with rasterio.open(band.source) as raster:
                want = raster.read(1, masked=True)
            np.testing.assert_array_equal(
                values[..., i], want.astype(np.float32).filled(np.nan)
            )
        assert 0 < np.mean(~valid[..., 2]) < 0.02
