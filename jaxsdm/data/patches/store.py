"""Patches of rasters larger than memory, from a prepared zarr store with TensorStore.

The patches of a batch are read at the same time, each straight into its place in the
batch. Chunks are not compressed, so a patch costs the copy of the few that it touches.
"""

import collections
import contextlib
import ctypes
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from jaxsdm.data.closing import Closing
from jaxsdm.data.patches.orientation import laid_back
from jaxsdm.data.patches.source import Patches, first_cells, inside, new_batch
from jaxsdm.data.patches.window import Window
from jaxsdm.data.prepared.layouts import open_store, store_spec
from jaxsdm.data.rasters.optional import optional

_DEFAULT_CACHE = 2**30

_DEFAULT_CONCURRENCY = 64

_TRIM_BYTES = 2**30
"""After so many bytes of patches, free memory goes back to the system. The C library
keeps what falls free between the chunks of the cache: with a cache of 64 MB, 230 MB
became 330 MB in half a million patches and stay 230 MB with it, for 2 ms each time."""


class StorePatches(Closing):
    """Patches of a folder that `prepare(stack, folder, layout="zarr")` wrote.

    Resident memory: the cache, the chunks of `concurrency` patches and the batch,
    however many patches pass. Safe from several threads; pickles as the path of the
    store. A chunk that is missing is an error, never a hole.

    Args:
      prepared: the folder, or what `open_prepared` gives.
      cache_bytes: chunks kept from batch to batch; 0 for none.
      concurrency: patches read at the same time.

    Raises:
      FileNotFoundError: if there is no such folder.
      ValueError: if the folder is not finished or of another layout, or a number is
        out of range.
      OSError: if the store is damaged.
      ModuleNotFoundError: if TensorStore is not installed.
    """

    def __init__(
        self,
        prepared: Any,
        *,
        cache_bytes: int = _DEFAULT_CACHE,
        concurrency: int = _DEFAULT_CONCURRENCY,
    ) -> None:
        if cache_bytes < 0 or concurrency < 1:
            raise ValueError(
                "StorePatches: a cache of 0 bytes and 1 patch at a time at least, got "
                f"{cache_bytes} and {concurrency}."
            )
        if isinstance(prepared, str | os.PathLike):
            from jaxsdm.data.prepared.manifest import open_prepared

            prepared = open_prepared(prepared)
        self.path = prepared.store_path()
        self.names: tuple[str, ...] = prepared.names
        self.cache_bytes, self.concurrency = int(cache_bytes), int(concurrency)
        self._shape: tuple[int, int, int] = prepared.shape
        self._store: Any = None
        self._passed = 0
        self._opened()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the raster."""
        return self._shape[0], self._shape[1]

    def take(
        self,
        rows: npt.ArrayLike,
        columns: npt.ArrayLike,
        window: Window,
        orientation: npt.ArrayLike | None = None,
    ) -> Patches:
        """The patches around places; see `PatchSource.take`.

        Raises:
          OSError: if a chunk is missing or cannot be read.
        """
        top, left, turned = first_cells(window, rows, columns, orientation)
        store, array = self._opened(), optional("tensorstore").array
        out, valid = new_batch((len(top), *window.shape, self._shape[2]))
        (size_y, size_x), (step_y, step_x) = window.shape, window.steps
        reads: collections.deque[Any] = collections.deque()
        batch = zip(top.tolist(), left.tolist(), turned.tolist(), strict=True)
        try:
            for k, (row, column, code) in enumerate(batch):
                y0, y1 = inside(row, step_y, size_y, self._shape[0])
                x0, x1 = inside(column, step_x, size_x, self._shape[1])
                if (y1 - y0, x1 - x0) != window.shape:
                    out[k] = np.nan
                    if y1 == y0 or x1 == x0:
                        continue
                cells = store[
                    row + y0 * step_y : row + (y1 - 1) * step_y + 1 : step_y,
                    column + x0 * step_x : column + (x1 - 1) * step_x + 1 : step_x,
                ]
                patch = laid_back(out[k], code)[y0:y1, x0:x1]
                if len(reads) == self.concurrency:
                    reads.popleft().result()
                reads.append(array(patch, copy=False).write(cells))
            while reads:
                reads.popleft().result()
        except ValueError as error:
            raise OSError(
                f"StorePatches: {self.path} is damaged: {error} Delete the folder and "
                "prepare it again."
            ) from error
        finally:
            for read in reads:  # nothing may write into the batch once it is given up
                read.exception()
        np.isfinite(out, out=valid)
        if not valid.all():
            out[~valid] = 0
        self._passed += out.nbytes
        if self._passed >= _TRIM_BYTES:
            self._passed = 0
            _give_back_free_memory()
        return Patches(out, valid)

    def close(self) -> None:
        """Empties the cache and lets go of the store; `take` opens it again."""
        self._store = None

    def _opened(self) -> Any:
        store = self._store
        if store is None:
            spec = store_spec(self.path) | {
                "context": {"cache_pool": {"total_bytes_limit": self.cache_bytes}},
                "recheck_cached_data": "open",
                "recheck_cached_metadata": "open",
            }
            store = self._store = open_store(spec, self._shape)
        return store

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_store": None}


def _give_back_free_memory() -> None:
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc
        ctypes.CDLL(None).malloc_trim(0)
