"""Writing a raster stack out for random patches, stripe by stripe.

The journal has a line for each stripe of rows that is safely on the disk, with its
checksum and its share of the statistics. A preparation that was stopped goes on after
the last of them and ends with the same bytes as one that was not.
"""

import contextlib
import hashlib
import json
import math
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool

from jaxsdm.data.files import write_text
from jaxsdm.data.prepared.journal import (
    append,
    begun,
    check_same,
    check_unchanged,
    useless_removed,
)
from jaxsdm.data.prepared.layouts import Layout, checksum_of, layout_of
from jaxsdm.data.prepared.lock import LOCK, alone_in
from jaxsdm.data.prepared.manifest import (
    JOURNAL,
    MANIFEST,
    VERSION,
    Prepared,
    band_record,
    grid_record,
    open_prepared,
    read_manifest,
)
from jaxsdm.data.prepared.statistics import merged, moments
from jaxsdm.data.rasters.stack import RasterStack

_LAYOUTS = ("memmap", "zarr")

_STRIPE_VALUES = 2**24
"""Numbers in a stripe, about: 64 MiB of float32."""

_MOST_VALUES = 2**28
"""Numbers in a stripe at most, for the sake of whole blocks: 1 GiB of float32."""


def prepare(
    stack: RasterStack,
    folder: str | os.PathLike[str],
    *,
    layout: str = "memmap",
    chunk: int = 128,
    dtype: npt.DTypeLike = np.float32,
    cells: Bool[np.ndarray, "y x"] | None = None,
    progress: Callable[[int, int], None] | None = None,
    command: str | None = None,
) -> Prepared:
    """Writes a stack into a folder made for random patches.

    Called again after an interruption, it goes on where it stopped; on a finished
    folder of the same stack it does nothing. What is refused before anything of use is
    written leaves nothing behind. Memory: a few copies of one stripe of rows, about 64
    MiB of values; more, up to 1 GiB, where the blocks of the sources are so large,
    since each is read once; and a row of chunks at least for `"zarr"`.

    Args:
      stack: what `jaxsdm.data.open_stack` gives.
      folder: new, empty, or one of the same stack; made if missing.
      layout: `"memmap"`: one array of numbers, the fastest where it fits in memory or
        nearly so. `"zarr"`: uncompressed zarr v3 for TensorStore, where a patch reads a
        few chunks of a raster of any size.
      chunk: rows and columns of the chunks of `"zarr"`; 64 to 128 suits patches of 64.
      dtype: of the stored numbers; for `"memmap"` also a type of integers, if all
        values are such.
      cells: `[y, x]` the cells that statistics are taken over, such as those of the
        training split; all by default.
      progress: called with the rows done and the rows in all, after each stripe.
      command: that does the same in a shell; whoever opens the folder before it is
        finished is told it.

    Raises:
      ValueError: if an argument is impossible, the folder holds something else or
        another stack, a source changed since the preparation began, or a value does not
        fit `dtype`.
      OSError: if a source cannot be read, the folder cannot be written, or another
        process is writing into it.
    """
    wanted = _description(stack, layout, chunk, dtype, cells)
    folder = pathlib.Path(folder).resolve()
    if (folder / MANIFEST).is_file() and not (folder / JOURNAL).is_file():
        check_same(wanted, read_manifest(folder), folder)
        return open_prepared(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"prepare: {folder} is a file; name a new or empty folder.")
    new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with alone_in(folder), useless_removed(folder, _Refused):
            _prepare(stack, folder, wanted, cells, progress, command)
    except Exception:
        if new:
            with contextlib.suppress(OSError):  # not empty: there is something to keep
                folder.rmdir()
        raise
    return open_prepared(folder)


class _Refused(ValueError):
    """Values that these options cannot have, such as a code that is no level.

    The folder cannot be finished as it was begun, and not with other options either.
    """


def _prepare(
    stack: RasterStack,
    folder: pathlib.Path,
    wanted: dict[str, Any],
    cells: np.ndarray | None,
    progress: Callable[[int, int], None] | None,
    command: str | None,
) -> None:
    """Writes what is missing; see `prepare`."""
    if (folder / MANIFEST).is_file():  # stopped at the very end, or another was here
        check_same(wanted, read_manifest(folder), folder)
        (folder / JOURNAL).unlink(missing_ok=True)
        return
    journal = begun(folder, wanted)
    if journal is None:
        if any(path.name != LOCK for path in folder.iterdir()):
            raise ValueError(
                f"prepare: {folder} holds something else; name a new or empty folder."
            )
        layout, chunk = wanted["layout"], wanted["chunk"]
        wanted["stripe"] = _stripe(stack, layout, chunk)
        wanted["command"] = command
        append(folder, wanted)
        journal = [wanted]
    head, done = journal[0], journal[1:]
    files = layout_of(
        folder, head["layout"], _shape(stack), head["dtype"], head["chunk"]
    )
    if done:
        try:
            files.check()
        except OSError as error:
            raise OSError(
                f"prepare: {folder} cannot go on: {error} Delete the folder and start "
                "anew."
            ) from error
    else:
        files.create()
    height, rows = stack.grid.height, head["stripe"]
    for top in range(len(done) * rows, height, rows):
        try:
            record = _write(stack, files, top, min(rows, height - top), head, cells)
        except ValueError as error:
            raise _Refused(str(error)) from error
        append(folder, record)
        done.append(record)
        if progress is not None:
            progress(top + record["rows"], height)
    check_unchanged(head["sources"], _sources(stack), folder)
    manifest = {name: head[name] for name in head if name not in ("stripe", "command")}
    looked_at = stack.grid.height * stack.grid.width if cells is None else cells.sum()
    manifest["statistics"] = merged([one["moments"] for one in done], int(looked_at))
    manifest["stripes"] = [
        {name: one[name] for name in ("row", "rows", "sha256")} for one in done
    ]
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1, allow_nan=False))
    (folder / JOURNAL).unlink()


def _description(
    stack: RasterStack,
    layout: str,
    chunk: int,
    dtype: npt.DTypeLike,
    cells: np.ndarray | None,
) -> dict[str, Any]:
    """What the manifest says before anything is read; the arguments checked."""
    if layout not in _LAYOUTS:
        raise ValueError(
            f"prepare: unknown layout {layout!r}; known: {', '.join(_LAYOUTS)}."
        )
    if chunk < 1:
        raise ValueError(f"prepare: chunks of 1 cell at least, got {chunk}.")
    kind = np.dtype(dtype)
    if kind != np.float32 and (layout == "zarr" or kind.kind not in "iu"):
        raise ValueError(
            f"prepare: float32{'' if layout == 'zarr' else ' or integers'}, got {kind}."
        )
    size = (stack.grid.height, stack.grid.width)
    if cells is not None and (cells.shape != size or cells.dtype != bool):
        raise ValueError(
            f"prepare: the training cells (cells=, --training-cells) are bool of shape "
            f"{size}, got {cells.dtype} of shape {cells.shape}."
        )
    return {
        "jaxsdm_prepared": VERSION,
        "layout": layout,
        "dtype": kind.newbyteorder("<").name,
        "chunk": int(chunk),
        "grid": grid_record(stack.grid),
        "bands": [band_record(band) for band in stack.bands],
        "sources": _sources(stack),
        "statistics_of": "all cells" if cells is None else "training cells",
        "cells": None if cells is None else hashlib.sha256(cells.tobytes()).hexdigest(),
    }


def _sources(stack: RasterStack) -> list[dict[str, Any]]:
    """Name, size and time of change of what the bands are read from.

    A folder counts with all files in it. What has no path, such as an object in memory
    or a URL, has a name only: its changes go unseen.
    """
    found = []
    for name in dict.fromkeys(band.source for band in stack.bands):
        path, size, modified = pathlib.Path(name), None, None
        if path.exists():
            inner = path.rglob("*") if path.is_dir() else (path,)
            states = [one.stat() for one in inner if one.is_file()]
            size = sum(one.st_size for one in states)
            modified = max((one.st_mtime_ns for one in states), default=0)
        found.append({"name": name, "bytes": size, "modified_ns": modified})
    return found


def _stripe(stack: RasterStack, layout: str, chunk: int) -> int:
    """Rows in a stripe: whole chunks of the store and, if they fit, whole blocks."""
    _, width, bands = _shape(stack)
    unit = chunk if layout == "zarr" else 1
    blocks = [source.block[0] for source in stack.sources]
    both = math.lcm(unit, max(blocks, default=1))
    wanted = max(1, _STRIPE_VALUES // (width * bands))
    if both * width * bands <= _MOST_VALUES:
        unit = both
    return max(wanted // unit, 1) * unit


def _write(
    stack: RasterStack,
    files: Layout,
    top: int,
    rows: int,
    head: dict[str, Any],
    cells: np.ndarray | None,
) -> dict[str, Any]:
    """Writes one stripe and gives its line of the journal."""
    values, valid = stack.read(top, 0, rows, stack.grid.width)
    looked_at = None if cells is None else cells[top : top + rows]
    found = moments(values, valid, looked_at)
    stored = _stored(values, valid, head["dtype"], stack.names)
    files.write(top, stored, valid)
    mask = valid if head["layout"] == "memmap" else None
    sha256 = checksum_of(stored, mask)
    return {"row": top, "rows": rows, "sha256": sha256, "moments": found}


def _stored(
    values: np.ndarray, valid: np.ndarray, dtype: str, names: Sequence[str]
) -> np.ndarray:
    if dtype == "float32":
        return values
    limits, plain = np.iinfo(dtype), np.where(valid, values, 0).astype(np.float64)
    wrong = (plain != np.rint(plain)) | (plain < limits.min) | (plain > limits.max)
    if wrong.any():
        row, column, band = np.argwhere(wrong)[0]
        raise ValueError(
            f"prepare: band {names[band]} has the value {plain[row, column, band]:g}, "
            f"which {dtype} does not hold; use dtype float32 (--dtype=float32)."
        )
    return plain.astype(dtype)


def _shape(stack: RasterStack) -> tuple[int, int, int]:
    return stack.grid.height, stack.grid.width, len(stack.bands)
