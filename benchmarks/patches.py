"""Patches of a compressed GeoTIFF by every tier, beside rasterio's windowed reads.

    python benchmarks/patches.py                     4608 x 4608 pixels, 4 bands
    python benchmarks/patches.py --size 1536 --rounds 3
    python benchmarks/patches.py --file my.tif       a raster of yours
    python benchmarks/patches.py --memory 50000      resident memory, so many patches

All contenders cut 64 x 64 patches of float32 around the same random places out of one
deflate-compressed raster of 256-pixel blocks, in alternating rounds in this process.
GDAL's block cache is held at 64 MB; "whole raster cached" is the same reading in a
process whose cache holds all of it. Rates are medians over the rounds.

* rasterio, random: a windowed read for each patch, in the order of the batch.
* torchgeo, random: `RasterDataset`, a box for each patch; where torchgeo is installed.
* FilePatches: the file itself, block-sorted, its own cache also held at 64 MB; through
  the pipeline four or eight batches are read together; "1 GiB" is its default cache.
* MemoryPatches: one gather a batch; through the pipeline: targets, validity, shuffling
  and the copy to the device included, ready there.
* DevicePatches: the gather inside `jit`, from row and column numbers on the host.
* copy: the bytes of the values of a batch, from one array to another.

With `--memory` the tiers for rasters beyond memory each take so many random patches in
a process of their own: MemoryPatches on a memory map, StorePatches with a cache of 64
MB. What their processes hold is told along the way, beside its bound: the pages of the
map, or the cache and the chunks of patches under way; for both, two batches and 16 MB
for all else.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import reporting

CACHE = 64 * 2**20
BATCH = 256


def main() -> None:
    """Writes the raster, runs the contenders in turn, prints rates and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=4608, help="pixels a side")
    parser.add_argument("--bands", type=int, default=4)
    parser.add_argument("--patch", type=int, default=64, help="pixels a side")
    parser.add_argument("--rounds", type=int, default=7, help="alternating rounds")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--file", help="a GeoTIFF in place of a generated one")
    parser.add_argument("--only", nargs="+", help="words of the names of contenders")
    parser.add_argument("--output", help="JSON file of all numbers")
    parser.add_argument(
        "--memory", type=int, metavar="N", help="resident memory over N patches"
    )
    parser.add_argument("--cached", help=argparse.SUPPRESS)  # see _cached_rasterio
    parser.add_argument("--resident", help=argparse.SUPPRESS)  # see _memory
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    if options.cached:
        _serve_cached(options)
        return
    if options.resident:
        _tell_resident(options)
        return
    os.environ["GDAL_CACHEMAX"] = "64"
    os.environ.setdefault("JAX_PLATFORMS", "cpu" if _no_accelerator() else "")
    reporting.warn_if_busy()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        path = options.file or write_raster(
            pathlib.Path(folder) / "raster.tif", options.size, options.bands
        )
        print(f"{path}: {os.path.getsize(path) / 1e6:.0f} MB")
        if options.memory:
            _memory(path, pathlib.Path(folder), options)
            return
        contenders = _contenders(path, options, stack)
        if options.only:
            contenders = {
                name: one
                for name, one in contenders.items()
                if any(word in name for word in options.only)
            }
        rates = _rates(contenders, options.rounds)
    _report(rates, options)


def write_raster(path: pathlib.Path, size: int, bands: int) -> str:
    """A smooth field with noise in float32, tiled and compressed."""
    import rasterio

    rng = np.random.default_rng(0)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=size,
        height=size,
        count=bands,
        dtype="float32",
        crs="EPSG:3035",
        transform=rasterio.Affine(1000, 0, 2e6, 0, -1000, 5e6),
        nodata=-9999,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
    ) as raster:
        x = np.linspace(0, 40, size, dtype=np.float32)
        for row in range(0, size, 256):
            high = min(256, size - row)
            y = x[row : row + high, None]
            block = np.empty((bands, high, size), np.float32)
            for band in range(bands):
                noise = rng.random((high, size), dtype=np.float32)
                block[band] = np.sin(x + band) * np.cos(y - band) + 0.1 * noise
            raster.write(block, window=rasterio.windows.Window(0, row, size, high))
    return str(path)


def _contenders(
    path: str, options: argparse.Namespace, stack: contextlib.ExitStack
) -> dict[str, Callable[[], tuple[int, float]]]:
    """What to time: each call gives patches and seconds."""
    import jax

    from jaxsdm.data.patches import (
        DevicePatches,
        FilePatches,
        Input,
        MemoryPatches,
        Places,
        Samples,
        StorePatches,
        Window,
        device_prefetch,
        pipeline,
    )
    from jaxsdm.data.prepared import prepare
    from jaxsdm.data.rasters import open_stack

    raster = stack.enter_context(open_stack(path))
    height, width = raster.grid.height, raster.grid.width
    window, rng = Window(options.patch), np.random.default_rng(1)
    half = options.patch // 2
    samples = Samples(
        Places(
            rng.integers(half, height - half, 100_000),
            rng.integers(half, width - half, 100_000),
        ),
        {"species": rng.integers(0, 1000, 100_000).astype(np.int32)},
    )

    def places() -> tuple[np.ndarray, np.ndarray]:
        some = rng.integers(0, len(samples), BATCH)
        return samples.places_of("").at(some)

    def taking(source: Any, batches: int) -> Callable[[], tuple[int, float]]:
        def run() -> tuple[int, float]:
            batch = [places() for _ in range(batches)]
            started = time.perf_counter()
            for one in batch:
                source.take(*one, window)
            return batches * BATCH, time.perf_counter() - started

        return run

    def piped(
        source: Any, batches: int, **settings: Any
    ) -> Callable[[], tuple[int, float]]:
        running = stack.enter_context(
            device_prefetch(
                pipeline(
                    samples,
                    {"climate": Input(source, window)},
                    batch_size=BATCH,
                    **settings,
                )
            )
        )

        def run() -> tuple[int, float]:
            # Threads must not work while the others are timed: start here, stop here.
            running.set_state(running.get_state())
            for _ in range(2):
                jax.block_until_ready(next(running))
            started = time.perf_counter()
            for _ in range(batches):
                jax.block_until_ready(next(running))
            seconds = time.perf_counter() - started
            running.set_state(running.get_state())
            return batches * BATCH, seconds

        return run

    small = {"cache_bytes": CACHE, "threads": options.cores}
    memory = MemoryPatches.from_stack(raster)
    device = DevicePatches.from_memory(memory)
    take = jax.jit(lambda source, rows, columns: source.take(rows, columns, window))

    def on_device() -> tuple[int, float]:
        batch = [[one.astype(np.int32) for one in places()] for _ in range(16)]
        started = time.perf_counter()
        for one in batch:
            jax.block_until_ready(take(device, *one))
        return 16 * BATCH, time.perf_counter() - started

    shape = (BATCH, options.patch, options.patch, len(raster.names))
    here, there = rng.random(shape, dtype=np.float32), np.empty(shape, np.float32)

    def copy() -> tuple[int, float]:
        started = time.perf_counter()
        for _ in range(16):
            there[...] = here
        return 16 * BATCH, time.perf_counter() - started

    files = [
        stack.enter_context(contextlib.closing(FilePatches(raster, **settings)))
        for settings in (small, small, small, {"threads": options.cores})
    ]
    cached = stack.enter_context(_cached_rasterio(path, options))
    prepared = stack.enter_context(tempfile.TemporaryDirectory())
    prepare(raster, prepared, layout="zarr", chunk=64)
    store = stack.enter_context(
        contextlib.closing(StorePatches(prepared, cache_bytes=CACHE))
    )
    return {
        "rasterio, random": _rasterio(path, options.patch, places, BATCH),
        **_torchgeo(path, options.patch, places),
        "FilePatches, 64 MB": taking(files[0], 2),
        "FilePatches, 64 MB, pipeline, 4 together": piped(files[1], 16, together=4),
        "FilePatches, 64 MB, pipeline, 8 together": piped(files[2], 16, together=8),
        "FilePatches, 1 GiB": taking(files[3], 4),
        "StorePatches, 64 MB": taking(store, 8),
        "rasterio, whole raster cached": cached,
        "MemoryPatches": taking(memory, 16),
        "MemoryPatches, pipeline to device": piped(memory, 30),
        "DevicePatches in jit": on_device,
        "copy": copy,
    }


def _rasterio(
    path: str, patch: int, places: Callable[[], Any], count: int
) -> Callable[[], tuple[int, float]]:
    import rasterio

    raster = rasterio.open(path)
    half = patch // 2

    def run() -> tuple[int, float]:
        rows, columns = (one[:count].tolist() for one in places())
        started = time.perf_counter()
        batch = np.empty((count, patch, patch, raster.count), np.float32)
        for k, (row, column) in enumerate(zip(rows, columns, strict=True)):
            at = rasterio.windows.Window(column - half, row - half, patch, patch)
            batch[k] = raster.read(window=at).transpose(1, 2, 0)
        return count, time.perf_counter() - started

    return run


def _torchgeo(
    path: str, patch: int, places: Callable[[], Any]
) -> dict[str, Callable[[], tuple[int, float]]]:
    """Its reading, once what it reads is what rasterio reads; or a note."""
    try:
        version = importlib.metadata.version("torchgeo")
        from torchgeo.datasets import RasterDataset
    except ImportError as error:
        print(f"torchgeo is left out: {error}")
        return {}
    if tuple(int(part) for part in version.split(".")[:2]) < (0, 8):
        print(f"torchgeo is left out: version {version} is queried in another way")
        return {}
    import rasterio

    dataset, half = RasterDataset(path), patch // 2
    raster = rasterio.open(path)

    def read(row: int, column: int) -> Any:
        left, top = raster.transform * (column - half, row - half)
        right, bottom = raster.transform * (column + half, row + half)
        return dataset[left:right, bottom:top]["image"]

    row, column = (int(one[0]) for one in places())
    at = rasterio.windows.Window(column - half, row - half, patch, patch)
    np.testing.assert_array_equal(read(row, column).numpy(), raster.read(window=at))

    def run() -> tuple[int, float]:
        rows, columns = (one.tolist() for one in places())
        started = time.perf_counter()
        batch = np.empty((BATCH, patch, patch, raster.count), np.float32)
        for k, (row, column) in enumerate(zip(rows, columns, strict=True)):
            batch[k] = read(row, column).numpy().transpose(1, 2, 0)
        return BATCH, time.perf_counter() - started

    return {"torchgeo, random": run}


@contextlib.contextmanager
def _cached_rasterio(
    path: str, options: argparse.Namespace
) -> Iterator[Callable[[], tuple[int, float]]]:
    """The same reading in a process of its own, whose cache holds the raster."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--cached", path, "--patch", str(options.patch)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"GDAL_CACHEMAX": "4096"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    standard_in, standard_out = process.stdin, process.stdout

    def run() -> tuple[int, float]:
        standard_in.write("go\n")
        standard_in.flush()
        count, seconds = standard_out.readline().split()
        return int(count), float(seconds)

    try:
        yield run
    finally:
        standard_in.close()
        process.wait()


def _serve_cached(options: argparse.Namespace) -> None:
    import rasterio

    with rasterio.open(options.cached) as raster:
        raster.read(out=np.empty((raster.count, *raster.shape), np.float32))
        shape = raster.shape
    rng, half = np.random.default_rng(2), options.patch // 2

    def places() -> list[np.ndarray]:
        return [rng.integers(half, size - half, 2048) for size in shape]

    run = _rasterio(options.cached, options.patch, places, 2048)
    run()
    for _ in sys.stdin:
        print(*run(), flush=True)


def _memory(path: str, folder: pathlib.Path, options: argparse.Namespace) -> None:
    """Runs each tier in a process of its own, and shows what these hold."""
    from jaxsdm.data.prepared import prepare
    from jaxsdm.data.rasters import open_stack

    rows = []
    for layout in ("memmap", "zarr"):
        with open_stack(path) as stack:
            prepare(stack, folder / layout, layout=layout, chunk=64)
        command = [sys.executable, __file__, "--resident", str(folder / layout)]
        command += ["--memory", str(options.memory), "--patch", str(options.patch)]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows += [json.loads(line) for line in told.stdout.splitlines()]
    reporting.show(
        f"resident MB over {options.patch} x {options.patch} patches",
        ["", "patches", "own", "of files", "more than before", "bound", "within"],
        rows,
    )
    reporting.write_json(options.output, {"resident_mb": rows})


def _tell_resident(options: argparse.Namespace) -> None:
    """Takes patches, and tells what this process holds after more and more of them."""
    from jaxsdm.data.patches import Window
    from jaxsdm.data.prepared import open_prepared

    prepared = open_prepared(options.resident)
    height, width, bands = prepared.shape
    batch = BATCH * options.patch**2 * bands * 5  # float32 and validity
    if prepared.layout == "memmap":
        source: Any = prepared.patches()
        name, held = "MemoryPatches, map", height * width * bands * 4
    else:
        source = prepared.patches(cache_bytes=CACHE)
        chunk = prepared.manifest["chunk"]
        touched = (-(-(options.patch - 1) // chunk) + 1) ** 2
        name = f"StorePatches, {CACHE // 2**20} MiB"
        held = CACHE + source.concurrency * touched * chunk**2 * bands * 4
    rng, window = np.random.default_rng(3), Window(options.patch)
    # The first batch is let go when the next is there: two at the same time.
    bound = (held + 2 * batch + 16 * 2**20) / 1e6
    before, done = sum(_resident_mb()), 0
    for part in (0, 1, 2, 4, 8, 16):
        while done < options.memory * part // 16:
            places = (rng.integers(0, size, BATCH) for size in (height, width))
            taken = source.take(*places, window)
            done += BATCH
        own, files = _resident_mb()
        more = own + files - before
        within = "yes" if more <= bound else "NO"
        print(json.dumps([name, done, own, files, more, bound, within]))
    del taken


def _resident_mb() -> tuple[float, float]:
    """Memory of this process that is its own, and pages of files that it maps."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    own, files = (int(told[key].split()[0]) for key in ("RssAnon", "RssFile"))
    return own * 1024 / 1e6, files * 1024 / 1e6


def _rates(
    contenders: dict[str, Callable[[], tuple[int, float]]], rounds: int
) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(-1, rounds):
        for name, run in contenders.items():
            count, seconds = run()
            if number >= 0:  # the first round warms up
                rates[name].append(count / seconds)
        print(".", end="", file=sys.stderr, flush=True)
    return rates


def _report(rates: dict[str, list[float]], options: argparse.Namespace) -> None:
    medians = {name: statistics.median(found) for name, found in rates.items()}
    columns = {
        "x rasterio": medians.get("rasterio, random"),
        "x rasterio cached": medians.get("rasterio, whole raster cached"),
        "of copy": medians.get("copy"),
    }
    rows = [
        [name, f"{rate:,.0f}", f"{min(rates[name]):,.0f}", f"{max(rates[name]):,.0f}"]
        + [rate / base if base else "" for base in columns.values()]
        for name, rate in medians.items()
    ]
    reporting.show(
        f"{options.patch} x {options.patch} patches a second, {options.cores} cores",
        ["", "median", "least", "most", *columns],
        rows,
    )
    reporting.write_json(options.output, {"rates": rates, "medians": medians})


def _no_accelerator() -> bool:
    devices = pathlib.Path("/dev")
    return not (any(devices.glob("nvidia[0-9]*")) or (devices / "kfd").exists())


if __name__ == "__main__":
    main()
