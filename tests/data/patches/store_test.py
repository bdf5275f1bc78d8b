"""Tests for jaxsdm.data.patches.store: values as those of memory, damage, pickling."""

import os
import pickle
import threading

import numpy as np
import pytest
from patch_oracle import random_places, random_raster, random_window

from jaxsdm.data.patches import MemoryPatches, PatchSource, Window
from jaxsdm.data.patches import store as module
from jaxsdm.data.patches.store import StorePatches
from jaxsdm.data.prepared import prepare

pytest.importorskip("tensorstore")
xr = pytest.importorskip("xarray")
pytest.importorskip("pyproj")


def stack_of(values, valid):
    from jaxsdm.data.rasters import open_stack

    height, width, bands = values.shape
    data = xr.DataArray(
        np.moveaxis(np.where(valid, values, np.float32(np.nan)), 2, 0),
        dims=("band", "y", "x"),
        coords={
            "y": 60 - 0.25 - 0.5 * np.arange(height),
            "x": 3.25 + 0.5 * np.arange(width),
        },
        name="v",
    )
    return open_stack(data, names=list("abcdefgh"[:bands]), crs="EPSG:4326")


def same(got, want):
    assert got.values.dtype == np.float32
    assert got.values.tobytes() == want.values.tobytes()
    np.testing.assert_array_equal(got.valid, want.valid)


@pytest.fixture
def store(tmp_path, rng):
    """A store of 45 x 37 cells in chunks of 16, and the same in memory."""
    values, valid = random_raster(rng, 45, 37, 3)
    prepare(stack_of(values, valid), tmp_path / "s", layout="zarr", chunk=16)
    return tmp_path / "s", MemoryPatches(values, valid, names=("a", "b", "c"))


@pytest.mark.parametrize("cache_bytes", [0, 3000, 2**20])
def test_equal_to_memory_bit_for_bit(cache_bytes, tmp_path, rng):
    for trial in range(8):
        height, width = rng.integers(2, 60, 2)
        values, valid = random_raster(rng, int(height), int(width))
        stack = stack_of(values, valid)
        chunk = int(rng.integers(4, 70))
        done = prepare(stack, tmp_path / str(trial), layout="zarr", chunk=chunk)
        memory = MemoryPatches(values, valid, names=stack.names)
        with StorePatches(done, cache_bytes=cache_bytes, concurrency=5) as source:
            assert isinstance(source, PatchSource)
            assert (source.shape, source.names) == (memory.shape, memory.names)
            for _ in range(3):
                window = random_window(rng)
                rows, columns = random_places(rng, values.shape, 13)
                codes = rng.integers(0, 8, 13)
                if not window.is_square:
                    codes &= 6
                for turned in (None, codes):
                    same(
                        source.take(rows, columns, window, turned),
                        memory.take(rows, columns, window, turned),
                    )


def test_pickled_it_is_a_path(store):
    folder, memory = store
    source = StorePatches(folder)
    data = pickle.dumps(source)
    assert len(data) < 2000
    same(
        pickle.loads(data).take([3, 44], [0, 36], Window(7)),
        memory.take([3, 44], [0, 36], Window(7)),
    )


def test_closed_it_opens_again(store):
    folder, memory = store
    with StorePatches(folder) as source:
        source.take([3], [5], Window(4))
    same(source.take([3], [5], Window(4)), memory.take([3], [5], Window(4)))
    same(source.take([], [], Window(4)), memory.take([], [], Window(4)))


def test_several_threads(store, rng):
    folder, memory = store
    source, window, failed = StorePatches(folder, concurrency=3), Window(9), []
    places = [random_places(rng, (45, 37), 40) for _ in range(4)]

    def work(rows, columns):
        try:
            same(source.take(rows, columns, window), memory.take(rows, columns, window))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=one) for one in places]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert not failed


def test_a_missing_or_truncated_chunk_is_an_error(store):
    folder, _ = store
    chunk = folder / "values.zarr" / "c" / "1" / "1" / "0"
    raw = chunk.read_bytes()
    chunk.write_bytes(raw[:-5])
    with pytest.raises(OSError, match="is damaged"):
        StorePatches(folder).take([20, 2], [20, 2], Window(3))
    os.unlink(chunk)
    source = StorePatches(folder, concurrency=1)
    with pytest.raises(OSError, match=r"is damaged.*prepare it again"):
        source.take([20, 2, 20, 20], [20, 2, 20, 20], Window(3))
    assert source.take([2], [2], Window(3)).values.shape == (1, 3, 3, 3)


def test_free_memory_goes_back_now_and_then(store, monkeypatch):
    """The benchmark of patches shows what it is for (`--memory`)."""
    folder, _ = store
    trimmed, trim = [], module._give_back_free_memory
    monkeypatch.setattr(module, "_TRIM_BYTES", 2 * 5 * 5 * 3 * 4 * 3)
    monkeypatch.setattr(
        module, "_give_back_free_memory", lambda: trimmed.append(trim())
    )
    with StorePatches(folder) as source:
        for _ in range(9):
            source.take([5, 9], [5, 9], Window(5))
    assert len(trimmed) == 3


def test_impossible_arguments(store, tmp_path):
    folder, _ = store
    for options in ({"cache_bytes": -1}, {"concurrency": 0}):
        with pytest.raises(ValueError, match="0 bytes and 1 patch at a time"):
            StorePatches(folder, **options)
    with pytest.raises(FileNotFoundError, match="no folder"):
        StorePatches(tmp_path / "nowhere")
    values = np.ones((4, 5, 1), np.float32)
    prepare(stack_of(values, values > 0), tmp_path / "map")
    with pytest.raises(ValueError, match=r"holds a memory map; \.patches\(\) opens it"):
        StorePatches(tmp_path / "map")
