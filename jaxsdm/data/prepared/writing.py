"""Writing a raster stack out for random patches, stripe by stripe.

A journal has a line for each stripe of rows that is safely on the disk, with its
checksum and its share of the statistics. A preparation that was stopped goes on after
the last of them and ends with the same bytes as one that was not.
"""

import hashlib
import json
import math
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float32

from jaxsdm.data.files import write_text
from jaxsdm.data.prepared.layouts import Layout, checksum_of, layout_of
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
from jaxsdm.data.rasters.stack import RasterStack

_LAYOUTS = ("memmap", "zarr")

_STRIPE_VALUES = 2**24
"""Numbers in a stripe, about: 64 MiB of float32."""

_MOST_VALUES = 2**28
"""Numbers in a stripe at most, for the sake of whole blocks: 1 GiB of float32."""

_CHECKED = ("grid", "bands", "layout", "dtype", "chunk", "statistics_of", "cells")


def prepare(
    stack: RasterStack,
    folder: str | os.PathLike[str],
    *,
    layout: str = "memmap",
    chunk: int = 128,
    dtype: npt.DTypeLike = np.float32,
    cells: Bool[np.ndarray, "y x"] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Writes a stack into a folder made for random patches.

    Called again after an interruption, it goes on where it stopped; on a finished
    folder of the same stack it does nothing. Memory: a few copies of one stripe of
    rows, about 64 MiB of values; more, up to 1 GiB, where the blocks of the sources are
    so large, since each is read once; and a row of chunks at least for `"zarr"`.

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

    Raises:
      ValueError: if an argument is impossible, the folder holds something else or
        another stack, a source changed since the preparation began, or a value does not
        fit `dtype`.
      OSError: if a source cannot be read, or the folder not written.
    """
    wanted = _description(stack, layout, chunk, dtype, cells)
    folder = pathlib.Path(folder).resolve()
    if (folder / MANIFEST).is_file():
        _check_same(wanted, read_manifest(folder), folder)
        (folder / JOURNAL).unlink(missing_ok=True)
        return open_prepared(folder)
    journal = _begun(folder, wanted)
    if journal is None:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise ValueError(
                f"prepare: {folder} holds something else; name a new or empty folder."
            )
        folder.mkdir(parents=True, exist_ok=True)
        wanted["stripe"] = _stripe(stack, layout, chunk)
        _append(folder, wanted)
        journal = [wanted]
    head, done = journal[0], journal[1:]
    files = layout_of(folder, layout, _shape(stack), head["dtype"], chunk)
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
        record = _write(stack, files, top, min(rows, height - top), head, cells)
        _append(folder, record)
        done.append(record)
        if progress is not None:
            progress(top + record["rows"], height)
    changed = _changed(head["sources"], _sources(stack))
    if changed:
        raise ValueError(_changed_message(folder, changed))
    manifest = {name: head[name] for name in head if name != "stripe"}
    looked_at = stack.grid.height * stack.grid.width if cells is None else cells.sum()
    manifest["statistics"] = _merged([one["moments"] for one in done], int(looked_at))
    manifest["stripes"] = [
        {name: one[name] for name in ("row", "rows", "sha256")} for one in done
    ]
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1, allow_nan=False))
    (folder / JOURNAL).unlink()
    return open_prepared(folder)


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
            f"prepare: cells is bool of shape {size}, got {cells.dtype} of shape "
            f"{cells.shape}."
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
    moments = _moments(
        values, valid, None if cells is None else cells[top : top + rows]
    )
    stored = _stored(values, valid, head["dtype"], stack.names)
    files.write(top, stored, valid)
    mask = valid if head["layout"] == "memmap" else None
    sha256 = checksum_of(stored, mask)
    return {"row": top, "rows": rows, "sha256": sha256, "moments": moments}


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
            f"which {dtype} does not hold; use dtype float32."
        )
    return plain.astype(dtype)


def _moments(
    values: Float32[np.ndarray, "y x band"],
    valid: Bool[np.ndarray, "y x band"],
    cells: Bool[np.ndarray, "y x"] | None,
) -> list[list[float]]:
    """Count, mean, sum of squares about it, least and greatest value of each band."""
    found: list[list[float]] = []
    for band in range(values.shape[2]):
        counted = valid[..., band] if cells is None else valid[..., band] & cells
        numbers = values[..., band][counted].astype(np.float64)
        if not len(numbers):
            found.append([0.0] * 5)
            continue
        mean = float(numbers.mean())
        about = float(np.square(numbers - mean).sum())
        span = [float(numbers.min()), float(numbers.max())]
        found.append([float(len(numbers)), mean, about, *span])
    return found


def _merged(stripes: list[list[list[float]]], looked_at: int) -> list[dict[str, Any]]:
    """Statistics of bands from those of stripes (Chan, Golub & LeVeque 1983)."""
    found = []
    for parts in zip(*stripes, strict=True):
        count, mean, about = 0, 0.0, 0.0
        seen = [part for part in parts if part[0]]
        for number, other, squares, _, _ in seen:
            total, apart = count + int(number), other - mean
            about += squares + apart * apart * count * number / total
            mean += apart * number / total
            count = total
        record: dict[str, Any] = dict.fromkeys(("mean", "sd", "min", "max"))
        if count:
            record["mean"], record["sd"] = mean, math.sqrt(about / count)
            record["min"] = min(part[3] for part in seen)
            record["max"] = max(part[4] for part in seen)
        share = count / looked_at if looked_at else 0.0
        found.append({"count": count, **record, "valid_share": share})
    return found


def _begun(folder: pathlib.Path, wanted: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The lines of a journal that fits, or None where there is none."""
    path = folder / JOURNAL
    if not path.is_file():
        return None
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
    except ValueError as error:
        raise ValueError(
            f"prepare: {path} is damaged; delete the folder and start anew."
        ) from error
    if not lines:  # stopped within the first line: nothing else is there yet
        path.unlink()
        return None
    _check_same(wanted, lines[0], folder)
    if len(whole) < len(text):
        os.truncate(path, len(whole))
    return lines


def _append(folder: pathlib.Path, record: dict[str, Any]) -> None:
    with open(folder / JOURNAL, "a", encoding="utf-8") as file:
        file.write(json.dumps(record, allow_nan=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _check_same(
    wanted: dict[str, Any], found: dict[str, Any], folder: pathlib.Path
) -> None:
    if found["jaxsdm_prepared"] != VERSION:
        raise ValueError(
            f"prepare: {folder} was begun with version {found['jaxsdm_prepared']} of "
            f"the layout, this jaxsdm writes {VERSION}; name a new folder."
        )
    other = [name for name in _CHECKED if found[name] != wanted[name]]
    if other:
        shown = ", ".join(
            f"{name} {found[name]} there, {wanted[name]} now"
            if name in ("layout", "dtype", "chunk")
            else name
            for name in other
        )
        raise ValueError(
            f"prepare: {folder} holds another stack or other options ({shown}); name "
            "a new folder, or delete this one."
        )
    changed = _changed(found["sources"], wanted["sources"])
    if changed:
        raise ValueError(_changed_message(folder, changed))


def _changed(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> str:
    """Names of the sources that are not as they were."""
    pairs = zip(before, now, strict=True)
    return ", ".join(new["name"] for old, new in pairs if old != new)


def _changed_message(folder: pathlib.Path, changed: str) -> str:
    return (
        f"prepare: {changed} changed since {folder} was begun; delete the folder and "
        "prepare it anew."
    )


def _shape(stack: RasterStack) -> tuple[int, int, int]:
    return stack.grid.height, stack.grid.width, len(stack.bands)
