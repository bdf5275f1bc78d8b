"""Tests for the tiers of jaxsdm.data.patches: the same values from all of them."""

import pickle
import threading
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec
from patch_oracle import (
    Stack,
    oracle,
    random_places,
    random_raster,
    random_window,
)

from jaxsdm import parallel
from jaxsdm.data.patches import (
    DevicePatches,
    FilePatches,
    MemoryPatches,
    PatchSource,
    Window,
)
from jaxsdm.data.patches.block_cache import Block, BlockCache


def memory(values, valid):
    return MemoryPatches(np.where(valid, values, np.float32(np.nan)))


def masked(values, valid):
    return MemoryPatches(values, valid)


def blocks(values, valid):
    return FilePatches(Stack(values, valid), block=(7, 5), cache_bytes=500, threads=2)


def sliced(values, valid):
    return DevicePatches.put(values, valid, margin=13)


def gathered(values, valid):
    return DevicePatches.put(values, valid, margin=0)


TIERS = (memory, masked, blocks, sliced, gathered)


def same(got, want):
    for one, other in zip(got, want, strict=True):
        one = np.asarray(one)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("tier", TIERS)
def test_equal_to_the_oracle(tier, rng):
    compiled = tier in (sliced, gathered)
    for _ in range(4 if compiled else 60):
        values, valid = random_raster(rng)
        source = tier(values, valid)
        window = random_window(rng)
        count = 200 if compiled else 9
        rows, columns = random_places(rng, values.shape, count)
        codes = rng.integers(0, 8, count)
        if not window.is_square:
            codes &= 6
        assert isinstance(source, PatchSource)
        assert source.shape == values.shape[:2]
        want = oracle(values, valid, rows, columns, window, codes)
        take = partial(source.take, window=window)
        take = jax.jit(take) if compiled else take
        same(take(rows, columns, orientation=codes), want)
        if not compiled:
            want = oracle(values, valid, rows, columns, window)
            same(source.take(rows, columns, window), want)
        source.close()


@pytest.mark.parametrize("tier", TIERS)
def test_far_outside_nothing_is_valid_and_nothing_wraps(tier):
    values = np.ones((20, 30, 2), np.float32)
    source = tier(values, values > 0)
    far = np.array([-(2**30), -21, 40, 2**30, 5, 5, 5, 5])
    got = source.take(far, far[::-1].copy(), Window(9))
    assert not np.asarray(got.valid).any()
    assert not np.asarray(got.values).any()
    source.close()


@pytest.mark.parametrize("tier", TIERS)
def test_a_raster_smaller_than_the_window(tier, rng):
    values, valid = random_raster(rng, 3, 4, 2)
    rows, columns = np.array([0, 1, 2]), np.array([3, 0, 1])
    source = tier(values, valid)
    window = Window(11)
    got = source.take(rows, columns, window)
    same(got, oracle(values, valid, rows, columns, window))
    source.close()


@pytest.mark.parametrize("tier", TIERS)
def test_vectors_of_different_lengths_are_refused(tier, as_a_user):
    source = tier(np.ones((4, 4, 1), np.float32), np.ones((4, 4, 1), bool))
    two = np.array([1, 2])
    for arguments in ((two, two[:1], Window(2)), (two, two, Window(2), two[:1])):
        with pytest.raises(ValueError, match=r"of one shape\s+\[batch\]"):
            source.take(*arguments)


@pytest.mark.parametrize("tier", [memory, blocks])
def test_turns_of_a_patch_that_is_not_square_are_refused(tier):
    source = tier(np.ones((4, 4, 1), np.float32), np.ones((4, 4, 1), bool))
    one = np.array([1])
    with pytest.raises(ValueError, match="2 x 3 cells cannot make a quarter turn"):
        source.take(one, one, Window((2, 3)), one)
    with pytest.raises(ValueError, match="0 to 7"):
        source.take(one, one, Window(2), one + 7)


def test_real_numbers_are_points_for_the_tiers_on_the_host(rng):
    values, valid = random_raster(rng, 30, 30, 2)
    rows, columns = rng.uniform(0, 30, 20), rng.uniform(0, 30, 20)
    for convention in ("cell", "point"):
        window = Window(6, 1, convention)
        cells = window.cells(rows, axis=0), window.cells(columns, axis=1)
        want = oracle(values, valid, *cells, window)
        same(memory(values, valid).take(rows, columns, window), want)
        same(blocks(values, valid).take(rows, columns, window), want)
    source = sliced(values, valid)
    with pytest.raises(TypeError, match=r"Window\.cells"):
        source.take(jnp.ones(2), jnp.ones(2), Window(3))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32])
def test_integers_with_scale_offset_and_nodata(dtype, rng):
    low, high = max(np.iinfo(dtype).min, -9999), min(np.iinfo(dtype).max, 10_000)
    stored = rng.integers(low, high, (40, 50, 2), endpoint=True).astype(dtype)
    nodata = [low, high]
    stored[rng.random(stored.shape) < 0.2] = low
    scale, offset = [0.1, 1 / 3], [-273.15, 0.0]
    source = MemoryPatches(stored, scale=scale, offset=offset, nodata=nodata)
    values = (stored.astype(float) * scale + offset).astype(np.float32)
    valid = stored != np.array(nodata)
    rows, columns = random_places(rng, stored.shape, 30)
    window = Window(8, 2)
    codes = rng.integers(0, 8, 30)
    want = oracle(values, valid, rows, columns, window, codes)
    same(source.take(rows, columns, window, codes), want)
    device = DevicePatches.from_memory(source)
    same(device.take(rows, columns, window, codes), want)


def test_numbers_that_are_not_finite_are_never_valid():
    values = np.array([[1, np.inf], [np.nan, -np.inf]], np.float32)[..., None]
    for source in (
        MemoryPatches(values),
        MemoryPatches(values, np.ones(values.shape, bool)),
        DevicePatches.put(values, np.ones(values.shape, bool)),
    ):
        got = source.take(np.array([1]), np.array([1]), Window(2))
        known = np.asarray(got.valid)[0, ..., 0]
        assert known.tolist() == [[True, False], [False, False]]
        assert np.asarray(got.values).sum() == 1


def test_a_float_nodata_is_that_of_the_stored_type():
    values = np.array([[[np.float32(-3.4e38)], [1]]], np.float32)
    source = MemoryPatches(values, nodata=-3.4e38)
    got = source.take([0], [1], Window((1, 2)))
    assert got.valid[0, 0, :, 0].tolist() == [False, True]


@pytest.mark.parametrize("as_map", [False, True])
def test_a_memory_map_is_opened_late_and_pickles_as_a_path(tmp_path, rng, as_map):
    values, valid = random_raster(rng, 200, 150, 3)
    holed = np.where(valid, values, np.float32(np.nan))
    path, mask = tmp_path / "values.npy", tmp_path / "valid.npy"
    np.save(path, values)
    np.save(mask, valid)
    given = np.load(path, mmap_mode="r") if as_map else path
    source = MemoryPatches(given, str(mask))
    assert source.nbytes == 0
    sent = pickle.dumps(source)
    assert len(sent) < 2000
    rows, columns = random_places(rng, values.shape, 20)
    want = MemoryPatches(holed).take(rows, columns, Window(9))
    same(pickle.loads(sent).take(rows, columns, Window(9)), want)
    source.close()
    same(source.take(rows, columns, Window(9)), want)
    assert MemoryPatches(holed).nbytes == holed.nbytes


def test_a_part_of_a_memory_map_is_taken_as_it_is(tmp_path, rng):
    values = rng.normal(size=(30, 30, 2)).astype(np.float32)
    np.save(tmp_path / "values.npy", values)
    part = np.load(tmp_path / "values.npy", mmap_mode="r")[3:20, 5:]
    got = pickle.loads(pickle.dumps(MemoryPatches(part))).take([4], [6], Window(5))
    same(got, MemoryPatches(values[3:20, 5:].copy()).take([4], [6], Window(5)))


def test_files_that_are_none_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*none\.npy"):
        MemoryPatches(tmp_path / "none.npy")
    whole = tmp_path / "whole.npy"
    np.save(whole, np.ones((20, 20, 2), np.float32))
    for name, content in (("empty", b""), ("cut", whole.read_bytes()[:900])):
        (tmp_path / f"{name}.npy").write_bytes(content)
        with pytest.raises(OSError, match=rf"{name}\.npy is no whole"):
            MemoryPatches(tmp_path / f"{name}.npy")


def test_arrays_of_other_shapes_and_types_are_refused():
    values = np.ones((3, 4, 2), np.float32)
    with pytest.raises(ValueError, match=r"\[y, x, band\], got float32 of shape"):
        MemoryPatches(values[0])
    with pytest.raises(ValueError, match="float32 or integers, got float64"):
        MemoryPatches(values.astype(float))
    with pytest.raises(ValueError, match="valid is bool of shape"):
        MemoryPatches(values, values[..., :1] > 0)
    with pytest.raises(ValueError, match="scale is one number"):
        MemoryPatches(values, scale=[1, 2, 3])
    with pytest.raises(ValueError, match="2 different names"):
        MemoryPatches(values, names=["a", "a"])
    with pytest.raises(ValueError, match="margin from 0"):
        DevicePatches.put(values, margin=-1)


def test_all_of_a_stack_in_memory(rng):
    values, valid = random_raster(rng, 20, 20, 3)
    source = MemoryPatches.from_stack(Stack(values, valid))
    assert source.names == ("a", "b", "c")
    places = random_places(rng, values.shape, 20)
    same(source.take(*places, Window(5)), oracle(values, valid, *places, Window(5)))


def test_a_batch_reads_each_block_once_in_order(rng):
    values, valid = random_raster(rng, 64, 64, 2)
    stack = Stack(values, valid)
    source = FilePatches(stack, block=(16, 16), cache_bytes=0, threads=1)
    source.take(*random_places(rng, values.shape, 300, 0), Window(7))
    assert len(stack.reads) == 16
    assert stack.reads == sorted(stack.reads)
    source.close()
    assert stack.closed == 1


def test_blocks_stay_in_the_cache_within_its_bytes(rng):
    values, valid = random_raster(rng, 64, 64, 2)
    stack = Stack(values, valid)
    block = 16 * 16 * 2 * 5
    source = FilePatches(stack, block=(16, 16), cache_bytes=3 * block + 1, threads=2)
    for _ in range(20):
        source.take(*random_places(rng, values.shape, 5, 0), Window(7))
        assert source.cache.nbytes <= 3 * block
    before = len(stack.reads)
    for _ in range(3):
        source.take([8, 9], [8, 9], Window(3))
    assert len(stack.reads) <= before + 1
    sent = pickle.loads(pickle.dumps(source))
    assert sent.cache.nbytes == 0
    same(sent.take([8], [8], Window(3)), source.take([8], [8], Window(3)))
    source.close()
    sent.close()
    assert source.cache.nbytes == 0


def test_blocks_that_thin_strips_are_read_several_at_once():
    class Strip:
        block = (1, 500)

    stack = Stack(np.ones((300, 500, 1), np.float32), np.ones((300, 500, 1), bool))
    stack.sources = (Strip(),)
    assert FilePatches(stack).block == (64, 500)
    Strip.block = (256, 256)
    assert FilePatches(stack).block == (256, 256)
    Strip.block = (20, 20)
    assert FilePatches(stack).block == (80, 80)
    with pytest.raises(ValueError, match="1 thread at least"):
        FilePatches(stack, threads=0)
    with pytest.raises(ValueError, match="capacity from 0"):
        FilePatches(stack, cache_bytes=-1)


def test_patches_outside_read_nothing():
    stack = Stack(np.ones((20, 30, 1), np.float32), np.ones((20, 30, 1), bool))
    source = FilePatches(stack, block=(16, 16))
    rows, columns = np.array([-9, 29, 5, 5]), np.array([5, 5, -9, 39])
    assert not source.take(rows, columns, Window(9)).valid.any()
    assert not stack.reads
    source.close()


def test_what_is_in_the_cache_is_used_before_it_is_driven_out(rng):
    values, valid = random_raster(rng, 64, 64, 2)
    stack = Stack(values, valid)
    block = 16 * 16 * 2 * 5
    source = FilePatches(stack, block=(16, 16), cache_bytes=5 * block, threads=1)
    everywhere = np.arange(8, 64, 16).repeat(4), np.tile(np.arange(8, 64, 16), 4)
    for _ in range(3):
        source.take(*everywhere, Window(3))
    assert len(stack.reads) == 16 + 11 + 11
    source.close()


def test_an_error_while_reading_comes_to_the_caller(rng):
    stack = Stack(*random_raster(rng, 64, 64, 2))

    def read(row, column, height, width):
        raise OSError("rows 0 to 15 of a.tif cannot be read")

    stack.read = read
    source = FilePatches(stack, block=(16, 16))
    with pytest.raises(OSError, match=r"a\.tif cannot be read"):
        source.take([8, 20, 40], [8, 20, 40], Window(7))
    source.close()


def test_threads_may_take_from_one_source_at_once(rng):
    values, valid = random_raster(rng, 64, 64, 2)
    source = FilePatches(Stack(values, valid), block=(16, 16), cache_bytes=4000)
    places = [random_places(rng, values.shape, 40) for _ in range(8)]
    got = [None] * 8

    def run(i):
        got[i] = source.take(*places[i], Window(9))

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, place in zip(got, places, strict=True):
        same(one, oracle(values, valid, *place, Window(9)))
    source.close()


def test_a_block_cache_drops_what_was_not_asked_for_longest():
    block = Block(np.zeros((1, 1, 1), np.float32), np.zeros((1, 1, 1), bool))
    cache = BlockCache(2 * block.nbytes)
    for position in ((0, 0), (0, 1)):
        cache.put(position, block)
    assert cache.get((0, 0)) is block
    cache.put((0, 2), block)
    assert cache.get((0, 1)) is None
    assert cache.get((0, 0)) is block
    cache.clear()
    assert cache.get((0, 0)) is None


@pytest.mark.parametrize("spec", [(), (None, None, "species")])
def test_on_a_mesh_inside_jit_replicated_or_by_band(rng, spec):
    mesh = parallel.make_mesh(2, 4)
    values, valid = random_raster(rng, 40, 50, 8)
    sharding = NamedSharding(mesh, PartitionSpec(*spec))
    source = DevicePatches.put(values, valid, sharding=sharding, margin=16)
    window = Window(9)
    rows, columns = random_places(rng, values.shape, 16)
    codes = rng.integers(0, 8, 16)
    data = NamedSharding(mesh, PartitionSpec("data"))
    put = [jax.device_put(one, data) for one in (rows, columns, codes)]
    compiled = jax.jit(lambda source, r, c, o: source.take(r, c, window, o))
    got = compiled(source, *put)
    same(got, oracle(values, valid, rows, columns, window, codes))
    if spec:  # no device has to see the bands of another
        assert got.values.sharding.shard_shape(got.values.shape) == (8, 9, 9, 2)
        text = compiled.lower(source, *put).compile().as_text()
        assert "all-gather" not in text
        assert "all-reduce" not in text
