"""Tests for patches at the edge of rasters that go around the globe."""

import numpy as np
import pytest

from jaxsdm.data.patches import (
    DevicePatches,
    FilePatches,
    MemoryPatches,
    Window,
    locate,
)
from jaxsdm.data.prepared import prepare
from jaxsdm.data.rasters import open_stack

xarray = pytest.importorskip("xarray")
pytest.importorskip("pyproj")
pytest.importorskip("tensorstore")

VALUES = np.random.default_rng(0).normal(size=(18, 36)).astype(np.float32)
LONGITUDE = np.array([179.9, -179.9, 180.0, -180.0, 175.0, 5.0, 190.0])
LATITUDE = np.full(7, 4.0)
SIZE = 5


def globe(west):
    """Cells of 10 degrees from a meridian on."""
    return xarray.DataArray(
        np.roll(VALUES, -(west + 180) // 10, axis=1),
        dims=("lat", "lon"),
        coords={
            "lat": 85.0 - 10 * np.arange(18),
            "lon": west + 5.0 + 10 * np.arange(36),
        },
        name="heat",
    )


def tiers(stack, folder):
    memory = MemoryPatches.from_stack(stack)
    prepared = prepare(stack, folder, layout="zarr", chunk=7)
    device = DevicePatches.from_memory(memory)
    return memory, FilePatches(stack, block=(4, 6)), prepared.patches(), device


@pytest.mark.parametrize("west", [-180, 0])
def test_beyond_the_last_meridian_nothing_is_valid(west, tmp_path):
    stack = open_stack(globe(west))
    found = locate(stack.grid, longitude=LONGITUDE, latitude=LATITUDE)
    rows, columns = found.places
    across = columns[:, None] - SIZE // 2 + np.arange(SIZE)
    want = (across >= 0) & (across < 36)
    assert 0 < want.mean() < 1
    for source in tiers(stack, tmp_path / "s"):
        got = np.asarray(source.take(rows, columns, Window(SIZE)).valid)
        np.testing.assert_array_equal(got[..., 0], want[:, None].repeat(SIZE, 1))
        source.close()


@pytest.mark.parametrize("west", [-180, 0])
def test_on_a_grid_that_goes_on_patches_are_whole(west, tmp_path):
    grid = open_stack(globe(west)).grid
    wider = grid.window(0, -SIZE, grid.height, grid.width + 2 * SIZE)
    stack = open_stack(globe(west), template=wider)
    found = locate(stack.grid, longitude=LONGITUDE, latitude=LATITUDE)
    rows, columns = found.places
    # By hand: the columns of -180 to 180, counted on around the globe.
    cell = ((LONGITUDE + 180) // 10).astype(int)
    across = (cell[:, None] - SIZE // 2 + np.arange(SIZE)) % 36
    down = np.floor((90 - LATITUDE[:, None]) / 10).astype(int) + np.arange(-2, 3)
    want = VALUES[down[:, :, None], across[:, None, :]]
    for source in tiers(stack, tmp_path / "s"):
        got = source.take(rows, columns, Window(SIZE))
        assert np.asarray(got.valid).all()
        np.testing.assert_array_equal(np.asarray(got.values)[..., 0], want)
        source.close()
