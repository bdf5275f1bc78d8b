"""Patches from compressed files as they are: each block read once a batch.

A window of a compressed raster costs the decoding of every block that it touches. Read
patch by patch in random order, a raster larger than the cache decodes most blocks anew
for every patch. Here the patches of a batch are sorted by block, each block is decoded
once, by a few threads, and its cells go straight into all patches that touch it. The
larger the batch, the more patches share a block: `pipeline(..., together=4)` takes four
batches at once.
"""

import concurrent.futures
import os
import threading
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxsdm.data.patches.block_cache import Block, BlockCache
from jaxsdm.data.patches.decoding import cells_decoded
from jaxsdm.data.patches.orientation import laid_back
from jaxsdm.data.patches.source import Patches, first_cells, inside, new_batch
from jaxsdm.data.patches.window import Window

_LEAST_BLOCK = 64
"""Rows and columns read at once at least: files in strips have blocks of one row."""

_DEFAULT_BLOCK = 256

_DEFAULT_CACHE = 2**30

_COSTLY = 8.0
"""From so many cells decoded for each one used, a warning says so. Patches of 64 x 64
cells out of blocks of 256 x 256 take up 16 where they share no block."""

_CELL_BYTES = 5
"""Of a decoded cell of one band: float32 and validity."""


class FilePatches:
    """Patches of a `RasterStack`, read block by block.

    Resident memory: the cache, one block for each thread and the batch, however many
    patches pass. Safe from several threads; pickles without cache and threads.

    Args:
      stack: what `jaxsdm.data.open_stack` gives.
      block: rows and columns read at once; by default those of the file's own blocks.
      cache_bytes: decoded blocks kept from batch to batch.
      threads: blocks read at the same time; as many as cores, 8 at most, by default.

    Raises:
      ValueError: if a number is below 1, or the cache below 0.
    """

    def __init__(
        self,
        stack: Any,
        *,
        block: tuple[int, int] | None = None,
        cache_bytes: int = _DEFAULT_CACHE,
        threads: int | None = None,
    ) -> None:
        self.stack = stack
        self.block = _block(stack) if block is None else (int(block[0]), int(block[1]))
        self.threads = min(8, _cores()) if threads is None else int(threads)
        if min(*self.block, self.threads) < 1:
            raise ValueError(
                "FilePatches: blocks of 1 cell and 1 thread at least, got "
                f"{self.block} and {self.threads}."
            )
        self.cache = BlockCache(cache_bytes)
        self._lock = threading.Lock()
        self._threads: concurrent.futures.ThreadPoolExecutor | None = None
        self._warned = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the raster."""
        return self.stack.grid.height, self.stack.grid.width

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands."""
        return self.stack.names

    def take(
        self,
        rows: npt.ArrayLike,
        columns: npt.ArrayLike,
        window: Window,
        orientation: npt.ArrayLike | None = None,
    ) -> Patches:
        """The patches around places; see `PatchSource.take`.

        Raises:
          OSError: if a block cannot be decoded; the message names the file.
        """
        top, left, turned = first_cells(window, rows, columns, orientation)
        shape = (len(top), *window.shape, len(self.names))
        out, valid = new_batch(shape)
        out[...], valid[...] = 0, False
        batch = (top.tolist(), left.tolist(), turned.tolist(), window, out, valid)
        wanted = self._blocks_of(top, left, window)
        # First what the cache still has, before anything new drives it out.
        jobs = [
            self._pool().submit(self._spread, position, wanted[position], *batch)
            for position in sorted(wanted, key=lambda one: (one not in self.cache, one))
        ]
        try:
            for job in jobs:
                job.result()
        finally:
            for job in jobs:
                job.cancel()
        return Patches(out, valid)

    def warn_if_costly(
        self,
        rows: npt.ArrayLike,
        columns: npt.ArrayLike,
        window: Window,
        together: int,
    ) -> None:
        """Warns, once, where random batches of patches would decode mostly in vain.

        That is where the blocks are compressed (or resampled), those that the places
        need do not fit the cache, and more than 8 cells are decoded for each one used.
        `pipeline` asks for it; nothing is read.

        Args:
          rows: `[places]` rows of all places that patches may be taken around.
          columns: `[places]` columns.
          window: of the patches.
          together: patches that one `take` will be asked for.
        """
        work = [
            source for source in getattr(self.stack, "sources", ()) if source.decoding
        ]
        if self._warned or not work:
            return
        block_bytes = self.block[0] * self.block[1] * len(self.names) * _CELL_BYTES
        top, left, _ = first_cells(window, rows, columns)
        decoded = cells_decoded(
            top,
            left,
            window.extent,
            shape=self.shape,
            block=self.block,
            cached_blocks=self.cache.capacity / block_bytes,
            together=together,
        )
        times = decoded / (window.shape[0] * window.shape[1])
        if times <= _COSTLY:
            return
        self._warned = True
        costly = max(work, key=lambda source: source.block[0] * source.block[1])
        read = f" and is read by {self.block[0]} x {self.block[1]}"
        read = read if costly.block != self.block else ""
        files = list(dict.fromkeys(band.source for band in self.stack.bands))
        more = ",..." if len(files) > 3 else ""
        warnings.warn(
            f"FilePatches: {times:.0f} cells are decoded for each one used: "
            f"{costly.bands[0].source} lies in blocks of {costly.block[0]} x "
            f"{costly.block[1]} cells ({costly.decoding}){read}, "
            f"patches are {window.shape[0]} x {window.shape[1]} cells, and the cache "
            f"of {self.cache.capacity / 1e6:.0f} MB is smaller than what the places "
            "need. Written out once for random patches, a batch copies what it uses "
            "and decodes nothing: python scripts/prepare.py "
            f"--rasters={','.join(files[:3])}{more} --output=prepared (and "
            "--layout=zarr if that is larger than memory); "
            "open_prepared('prepared').patches() opens it. Otherwise a larger "
            "cache_bytes=, or pipeline(together=), reads blocks less often.",
            UserWarning,
            stacklevel=4,
        )

    def close(self) -> None:
        """Ends the threads, empties the cache and closes the files."""
        with self._lock:
            pool, self._threads = self._threads, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        self.cache.clear()
        self.stack.close()

    def _blocks_of(
        self, top: np.ndarray, left: np.ndarray, window: Window
    ) -> dict[tuple[int, int], list[int]]:
        """The patches that touch each block, by the block's number down and across."""
        touching = np.ones(len(top), bool)
        ranges: list[list[int]] = []
        for axis, first in enumerate((top, left)):
            limit, size = self.shape[axis], self.block[axis]
            last = first + window.extent[axis] - 1
            touching &= (last >= 0) & (first < limit)
            for cells in (first, last):
                ranges.append((np.clip(cells, 0, limit - 1) // size).tolist())
        found: dict[tuple[int, int], list[int]] = {}
        for k in np.flatnonzero(touching).tolist():
            i0, i1, j0, j1 = (one[k] for one in ranges)
            for i in range(i0, i1 + 1):
                for j in range(j0, j1 + 1):
                    found.setdefault((i, j), []).append(k)
        return found

    def _spread(
        self,
        position: tuple[int, int],
        patches: list[int],
        top: list[int],
        left: list[int],
        turned: list[int],
        window: Window,
        out: np.ndarray,
        valid: np.ndarray,
    ) -> None:
        """Writes the cells of one block into the patches that touch it."""
        block = self.cache.get(position)
        if block is None:
            block = self._read(position)
            self.cache.put(position, block)
        (size_y, size_x), (step_y, step_x) = window.shape, window.steps
        high, wide = block.valid.shape[:2]
        row0, column0 = position[0] * self.block[0], position[1] * self.block[1]
        for k in patches:
            row, column = top[k] - row0, left[k] - column0
            y0, y1 = inside(row, step_y, size_y, high)
            x0, x1 = inside(column, step_x, size_x, wide)
            if y1 == y0 or x1 == x0:
                continue  # the steps pass over this block
            cells = (
                slice(row + y0 * step_y, row + (y1 - 1) * step_y + 1, step_y),
                slice(column + x0 * step_x, column + (x1 - 1) * step_x + 1, step_x),
            )
            laid_back(out[k], turned[k])[y0:y1, x0:x1] = block.values[cells]
            laid_back(valid[k], turned[k])[y0:y1, x0:x1] = block.valid[cells]

    def _read(self, position: tuple[int, int]) -> Block:
        row, column = position[0] * self.block[0], position[1] * self.block[1]
        high = min(self.block[0], self.shape[0] - row)
        wide = min(self.block[1], self.shape[1] - column)
        values, valid = self.stack.read(row, column, high, wide)
        if not valid.all():
            values[~valid] = 0
        return Block(values, valid)

    def _pool(self) -> concurrent.futures.ThreadPoolExecutor:
        with self._lock:
            if self._threads is None:
                self._threads = concurrent.futures.ThreadPoolExecutor(
                    self.threads, thread_name_prefix="patches"
                )
            return self._threads

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_lock"], state["_threads"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock, self._threads = threading.Lock(), None


def _block(stack: Any) -> tuple[int, int]:
    """Blocks of the files, taken several at a time where they are thin."""
    own = [source.block for source in getattr(stack, "sources", ())]
    limits = (stack.grid.height, stack.grid.width)
    rows, columns = (
        min(max(sizes), limit)
        for sizes, limit in zip(
            zip(*own, strict=True) if own else ((_DEFAULT_BLOCK,),) * 2,
            limits,
            strict=True,
        )
    )
    return (
        min(-(-_LEAST_BLOCK // rows) * rows, limits[0]),
        min(-(-_LEAST_BLOCK // columns) * columns, limits[1]),
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
