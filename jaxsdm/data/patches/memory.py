"""Patches from an array in memory, or from a memory map of a file.

The fastest tier on the host: one copy from the raster into the batch, while the patch
is in the cache of the processor it is also checked for missing cells. A memory map
costs no memory of its own: the system keeps the pages in use and drops the others.
"""

import mmap
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Float32

from jaxsdm.data.patches.orientation import laid_back
from jaxsdm.data.patches.source import (
    Patches,
    band_names,
    first_cells,
    inside,
    new_batch,
)
from jaxsdm.data.patches.window import Window

_CHUNK = 8
"""Patches that are gathered, then checked while they are in the processor's cache."""

PerBand = float | int | Sequence[float | int]
"""One number for all bands, or one for each."""


class MemoryPatches:
    """Patches of a raster `[y, x, band]` in memory or in a memory-mapped file.

    Stored numbers are float32, or integers that take less room. Values are
    `scale * stored + offset`, in double precision and rounded to float32, as those of a
    `RasterStack`. Numbers that are not finite are never valid.

    Args:
      values: `[y, x, band]` stored numbers; or the path of an `.npy` file of them,
        opened when it is first needed and never read as a whole. Band-last order: a
        patch is then in few pieces.
      valid: `[y, x, band]` bool, or the path of such a file; by default every cell is
        valid whose number is finite and not `nodata`.
      scale: of each band, or one for all.
      offset: of each band, or one for all, in units of the values.
      nodata: stored number that means "no value", of each band or one for all.
      names: of the bands.

    Raises:
      ValueError: if the arrays have other shapes or types.
    """

    def __init__(
        self,
        values: np.ndarray | str | os.PathLike[str],
        valid: np.ndarray | str | os.PathLike[str] | None = None,
        *,
        scale: PerBand = 1.0,
        offset: PerBand = 0.0,
        nodata: PerBand | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self._values, self._valid = _Stored(values), None
        stored = self._values.array()
        if valid is not None:
            self._valid = _Stored(valid)
        mask = None if self._valid is None else self._valid.array()
        check_arrays(stored, mask, "MemoryPatches")
        self._shape = stored.shape
        self.dtype = stored.dtype
        bands = stored.shape[2]
        self.names = band_names(None if names is None else tuple(names), bands)
        self.scale = _each(scale, bands, "scale")
        self.offset = _each(offset, bands, "offset")
        self.nodata = None
        if nodata is not None:
            self.nodata = _each(nodata, bands, "nodata").astype(stored.dtype)
        plain = bool((self.scale == 1).all() and (self.offset == 0).all())
        self._copied = plain and self.nodata is None and stored.dtype == np.float32

    @classmethod
    def from_stack(cls, stack: Any) -> "MemoryPatches":
        """All of a `RasterStack`, read into memory once; NaN marks what is missing."""
        values, _ = stack.load()
        return cls(values, names=stack.names)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the raster."""
        return self._shape[0], self._shape[1]

    @property
    def nbytes(self) -> int:
        """Bytes that every copy of this object holds in memory; 0 for a map."""
        return self._values.nbytes + (self._valid.nbytes if self._valid else 0)

    def arrays(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Stored numbers and the mask, if one was given."""
        return self._values.array(), self._valid.array() if self._valid else None

    def decoded(self, rows: slice) -> Float32[np.ndarray, "y x band"]:
        """Whole rows of the raster as values, NaN where not valid."""
        stored, mask = self.arrays()
        part = stored[rows]
        out, valid = np.array(part, np.float32), np.empty(part.shape, bool)
        self._decode(part, out, valid)
        if mask is not None:
            valid &= mask[rows]
        out[~valid] = np.nan
        return out

    def take(
        self,
        rows: npt.ArrayLike,
        columns: npt.ArrayLike,
        window: Window,
        orientation: npt.ArrayLike | None = None,
    ) -> Patches:
        """The patches around places; see `PatchSource.take`."""
        top, left, turned = first_cells(window, rows, columns, orientation)
        stored, mask = self.arrays()
        out, valid = new_batch((len(top), *window.shape, self._shape[2]))
        buffer = out
        if not self._copied:
            buffer = np.empty((_CHUNK, *out.shape[1:]), stored.dtype)
        # A cell with all its bands is one item to copy, however it is strided.
        whole = np.dtype((np.void, stored.itemsize * self._shape[2]))
        joined = stored.flags.c_contiguous
        source = stored.view(whole)[..., 0] if joined else stored
        cut = self._cut(top, left, window)
        first = (top.tolist(), left.tolist(), turned.tolist(), cut.tolist())
        batch = list(zip(*first, strict=True))
        (high, wide), (down, across) = window.extent, window.steps
        for start in range(0, len(batch), _CHUNK):
            here = batch[start : start + _CHUNK]
            part = slice(start, start + len(here))
            numbers = out[part] if self._copied else buffer[: len(here)]
            cells = numbers.view(whole)[..., 0] if joined else numbers
            for k, (row, column, code, over) in enumerate(here):
                patch = laid_back(cells[k], code) if code else cells[k]
                if over:
                    inner, outer = self._known(row, column, window)
                    patch[inner] = source[outer]
                else:
                    patch[...] = source[
                        row : row + high : down, column : column + wide : across
                    ]
            self._decode(numbers, out[part], valid[part])
            for k, (row, column, code, over) in enumerate(here, start):
                if over or mask is not None:
                    inner, outer = self._known(row, column, window)
                    known = np.zeros(out.shape[1:], bool)
                    laid_back(known, code)[inner] = (
                        True if mask is None else mask[outer]
                    )
                    valid[k] &= known
        if not valid.all():
            out[~valid] = 0
        return Patches(out, valid)

    def close(self) -> None:
        """Lets go of memory maps; a later `take` opens them again."""
        self._values.close()
        if self._valid:
            self._valid.close()

    def _cut(self, top: np.ndarray, left: np.ndarray, window: Window) -> np.ndarray:
        """Which patches reach beyond the raster."""
        height, width = self.shape
        high, wide = window.extent
        return (top < 0) | (top > height - high) | (left < 0) | (left > width - wide)

    def _known(
        self, row: int, column: int, window: Window
    ) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        """The part of a patch that the raster has, and where in the raster it is."""
        inner, outer = [], []
        for axis, first in enumerate((row, column)):
            step = window.steps[axis]
            begin, end = inside(first, step, window.shape[axis], self.shape[axis])
            inner.append(slice(begin, end))
            start = max(first + begin * step, 0)
            outer.append(slice(start, max(first + end * step, start), step))
        return (inner[0], inner[1]), (outer[0], outer[1])

    def _decode(self, stored: np.ndarray, out: np.ndarray, valid: np.ndarray) -> None:
        if self._copied:
            np.isfinite(out, out=valid)
            return
        with np.errstate(over="ignore", invalid="ignore"):
            out[...] = stored.astype(np.float64) * self.scale + self.offset
        np.isfinite(out, out=valid)
        if self.nodata is not None:
            valid &= stored != self.nodata


def check_arrays(stored: np.ndarray, mask: np.ndarray | None, caller: str) -> None:
    """Refuses arrays that are no raster.

    Raises:
      ValueError: if they have other shapes or types; the message names the caller.
    """
    if stored.ndim != 3 or stored.dtype.kind not in "iuf" or not stored.size:
        raise ValueError(
            f"{caller}: numbers of shape [y, x, band], got {stored.dtype} of shape "
            f"{stored.shape}."
        )
    if stored.dtype.kind == "f" and stored.dtype != np.float32:
        raise ValueError(
            f"{caller}: float32 or integers, got {stored.dtype}; convert it once with "
            "astype('float32')."
        )
    if mask is not None and (mask.shape != stored.shape or mask.dtype != bool):
        raise ValueError(
            f"{caller}: valid is bool of shape {stored.shape}, got {mask.dtype} of "
            f"shape {mask.shape}."
        )


class _Stored:
    """An array, or the file that it is a map of: pickled as a path, opened late."""

    def __init__(self, source: np.ndarray | str | os.PathLike[str]) -> None:
        self._array: np.ndarray | None = None
        self._file: dict[str, Any] | None = None
        if isinstance(source, np.memmap) and isinstance(source.base, mmap.mmap):
            order = "C" if source.flags.c_contiguous else "F"
            self._file = {
                "filename": os.fspath(source.filename),
                "dtype": source.dtype,
                "shape": source.shape,
                "offset": source.offset,
                "order": order,
            }
        elif isinstance(source, np.ndarray):
            self._array = source
        else:
            self._file = {"filename": str(pathlib.Path(source).resolve())}

    @property
    def nbytes(self) -> int:
        return 0 if self._file or self._array is None else self._array.nbytes

    def array(self) -> np.ndarray:
        if self._array is None:
            self._array = self._open()
        return self._array

    def close(self) -> None:
        if self._file:
            self._array = None

    def _open(self) -> np.ndarray:
        assert self._file is not None
        name = self._file["filename"]
        if not os.path.exists(name):
            raise FileNotFoundError(f"MemoryPatches: no file {name}.")
        try:
            if len(self._file) > 1:
                return np.asarray(np.memmap(**self._file, mode="r"))
            return np.asarray(np.load(name, mmap_mode="r", allow_pickle=False))
        except (ValueError, EOFError, OSError) as error:
            raise OSError(
                f"MemoryPatches: {name} is no whole .npy file of numbers; empty, "
                f"truncated or half written? ({error})"
            ) from error

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | ({"_array": None} if self._file else {})


def _each(number: PerBand, bands: int, name: str) -> np.ndarray:
    found = np.asarray(number, np.float64)
    if found.shape not in ((), (bands,)):
        raise ValueError(
            f"MemoryPatches: {name} is one number, or one for each of {bands} bands, "
            f"got shape {found.shape}."
        )
    return np.broadcast_to(found, bands)
