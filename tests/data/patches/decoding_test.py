"""Tests for what streaming from big blocks costs, and for the warning about it."""

import re
import warnings

import numpy as np
import pytest
from patch_oracle import NORTH_UP, Stack, random_places, random_window

from jaxsdm.data.patches import FilePatches, Input, Places, Samples, Window, pipeline
from jaxsdm.data.patches.decoding import blocks_touched, cells_decoded
from jaxsdm.data.rasters import RasterGrid, open_stack

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("grain")

SIDE = 512


def test_blocks_touched_are_those_that_a_source_reads(rng):
    for _ in range(30):
        height, width, *block = (int(one) for one in rng.integers(1, 40, 4))
        values = np.ones((height, width, 1), np.float32)
        stack, window = Stack(values, values > 0), random_window(rng)
        rows, columns = random_places(rng, values.shape, 12, reach=15)
        top, left = window.first(rows, axis=0), window.first(columns, axis=1)
        got = blocks_touched(top, left, window.extent, (height, width), tuple(block))
        want = np.zeros_like(got)
        for row, column in zip(rows, columns, strict=True):
            with_it = FilePatches(stack, block=tuple(block), cache_bytes=0, threads=1)
            stack.reads.clear()
            with_it.take([row], [column], window)
            with_it.close()
            for first_row, first_column, *_ in stack.reads:
                want[first_row // block[0], first_column // block[1]] += 1
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("together", [1, 20, 200])
def test_cells_decoded_are_those_of_random_batches(together, rng):
    shape, block, window = (160, 200), (32, 20), Window(9)
    rows, columns = rng.integers(0, 60, 500), rng.integers(0, 200, 500)
    top, left = window.first(rows, axis=0), window.first(columns, axis=1)
    got = cells_decoded(
        top,
        left,
        window.extent,
        shape=shape,
        block=block,
        cached_blocks=0.0,
        together=together,
    )
    counts = []
    for _ in range(400):
        some = rng.integers(0, 500, together)
        touched = {
            (i, j)
            for k in some
            for i in {max(top[k], 0) // 32, (top[k] + 8) // 32}
            for j in {max(left[k], 0) // 20, min(left[k] + 8, 199) // 20}
        }
        counts.append(len(touched) * 32 * 20 / together)
    np.testing.assert_allclose(got, np.mean(counts), rtol=0.1)


def test_nothing_is_decoded_that_the_cache_holds():
    places = np.zeros(5, np.int64), np.array([0, 10, 20, 30, 40])
    options = {"shape": (64, 64), "block": (16, 16), "together": 1}
    cost = [
        cells_decoded(*places, (1, 1), cached_blocks=float(blocks), **options)
        for blocks in (0, 1, 3, 9)
    ]
    assert cost == [256, pytest.approx(256 * 2 / 3), 0, 0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One raster: deflated or not, in blocks of 256."""
    found = tmp_path_factory.mktemp("rasters")
    values = np.random.default_rng(0).normal(size=(1, SIDE, SIDE)).astype(np.float32)
    for name, compress in (("deflated", "deflate"), ("plain", None)):
        with rasterio.open(
            found / f"{name}.tif",
            "w",
            driver="GTiff",
            count=1,
            height=SIDE,
            width=SIDE,
            dtype="float32",
            crs="EPSG:4326",
            transform=rasterio.Affine(*NORTH_UP),
            tiled=True,
            blockxsize=256,
            blockysize=256,
            compress=compress,
        ) as raster:
            raster.write(values)
    return found


RNG = np.random.default_rng(1)
EVERYWHERE = Samples(Places(RNG.integers(0, SIDE, 400), RNG.integers(0, SIDE, 400)))
ONE_BLOCK = 256 * 256 * 5


def run(source, samples=EVERYWHERE, window=None, batch_size=4, **options):
    """Batches of patches; whatever it warns of is an error."""
    inputs = {"a": Input(source, window or Window(16))}
    with pipeline(samples, inputs, batch_size=batch_size, epochs=1, **options) as found:
        return list(found)


def test_the_blocks_told_are_those_of_the_file(folder):
    with open_stack(folder / "deflated.tif") as stack:
        source = FilePatches(stack, block=(512, 256), cache_bytes=0)
        with pytest.warns(UserWarning, match="cells are decoded for each") as told:
            run(source)
        source.close()
    message = str(told[0].message)
    assert "lies in blocks of 256 x 256 cells (deflate)" in message
    assert "and is read by 512 x 256" in message


def test_streaming_from_big_compressed_blocks_is_told_with_the_command(folder):
    with open_stack(folder / "deflated.tif") as stack:
        reads, read = [], stack.sources[0].stored
        stack.sources[0].stored = lambda *window: reads.append(window) or read(*window)
        source = FilePatches(stack, cache_bytes=0, threads=1)
        with pytest.warns(UserWarning, match="cells are decoded for each") as told:
            run(source)
        message = str(told[0].message)
        path = folder / "deflated.tif"
        assert f"{path} lies in blocks of 256 x 256 cells (deflate)" in message
        command = f"python scripts/prepare.py --rasters={path} --output=prepared"
        assert command in message
        # What it says is what happened.
        decoded = sum(height * width for *_, height, width in reads)
        said = int(re.search(r"(\d+) cells are", message)[1])
        assert said == pytest.approx(decoded / (400 * 16 * 16), rel=0.1)
        run(source)  # once is enough
        source.close()


def test_what_costs_little_is_not_told(folder):
    deflated, plain = (folder / f"{name}.tif" for name in ("deflated", "plain"))
    corner = Samples(Places(RNG.integers(8, 200, 400), RNG.integers(8, 200, 400)))
    for path, cache_bytes, options in (
        (deflated, 4 * ONE_BLOCK, {}),  # the whole raster
        (deflated, ONE_BLOCK, {"samples": corner}),  # all blocks that are needed
        (deflated, 0, {"window": Window(200)}),
        (deflated, 0, {"batch_size": 100, "together": 2}),
        (plain, 0, {}),
    ):
        with open_stack(path) as stack:
            source = FilePatches(stack, cache_bytes=cache_bytes, threads=1)
            assert len(run(source, **options)) >= 4
            source.close()


def test_resampling_is_told_like_decoding(folder):
    grid = RasterGrid("EPSG:4326", (0.6, 0.0, 3.0, 0.0, -0.6, 60.0), 400, 400)
    with open_stack(folder / "plain.tif", template=grid) as stack:
        source = FilePatches(stack, cache_bytes=0)
        with pytest.warns(UserWarning, match=r"256 x 256 cells \(resampled\)"):
            pipeline(
                Samples(Places(np.arange(300), np.arange(300))),
                {"a": Input(source, Window(16))},
                batch_size=4,
            )
        source.close()
    moved = RasterGrid("EPSG:4326", (0.5, 0.0, 4.0, 0.0, -0.5, 60.0), 300, 300)
    for name, kind in (("plain", None), ("deflated", "deflate")):
        with open_stack(folder / f"{name}.tif", template=moved) as stack:
            assert stack.sources[0].decoding == kind


@pytest.mark.parametrize("kind", ["nc", "zarr"])
@pytest.mark.parametrize("compressed", [False, True])
def test_compressed_chunks_of_netcdf_and_zarr(kind, compressed, tmp_path):
    xarray = pytest.importorskip("xarray")
    pytest.importorskip({"nc": "netCDF4"}.get(kind, kind))
    data = xarray.Dataset(
        {"heat": (("lat", "lon"), np.ones((200, 200), np.float32))},
        coords={"lat": 60 - 0.1 * np.arange(200), "lon": 0.1 * np.arange(200)},
    )
    path, chunks = tmp_path / f"a.{kind}", (100, 100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zarr, about its own format
        if kind == "nc":
            encoding = {"zlib": compressed, "chunksizes": chunks}
            data.to_netcdf(path, encoding={"heat": encoding})
        else:
            encoding = {"chunks": chunks} | ({} if compressed else {"compressors": ()})
            data.to_zarr(path, encoding={"heat": encoding})
    samples = Samples(Places(RNG.integers(0, 200, 99), RNG.integers(0, 200, 99)))
    with open_stack(path) as stack:
        source = FilePatches(stack, cache_bytes=0)
        if compressed:
            with pytest.warns(UserWarning, match=r"100 x 100 cells \(compressed\)"):
                run(source, samples)
        else:
            run(source, samples)
        source.close()
    engine = {"nc": "netcdf4"}.get(kind, kind)
    with xarray.open_dataset(path, engine=engine) as opened:
        in_memory = opened.load()
    assert open_stack(in_memory).sources[0].decoding is None
