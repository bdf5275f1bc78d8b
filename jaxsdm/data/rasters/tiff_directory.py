"""Is a TIFF file whole? Its directories say where everything in it lies.

GDAL opens whatever has a header. What the directories point to beyond the end of the
file it leaves out with a line in a log: scale, offset, nodata, names and coordinates
are then silently those of a file without any. So the directories are read here first.
"""

import os
import struct
from typing import BinaryIO, NamedTuple

import numpy as np

_SIZES = dict(
    zip(
        range(1, 19),
        (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8),
        strict=True,
    )
)
"""Bytes of a value of each TIFF type (TIFF 6.0, section 2; BigTIFF adds 16 to 18)."""

_WHOLE_NUMBERS = {3: "u2", 4: "u4", 16: "u8"}

_BLOCKS = ((273, 279), (324, 325))
"""Tags of where blocks lie and how long they are: strips, tiles."""


class _Form(NamedTuple):
    """How numbers lie in a file: classic TIFF or BigTIFF, in either byte order."""

    order: str
    length: str
    pointer: str

    @property
    def entry(self) -> np.dtype:
        names = ("tag", "type", "count", "value")
        kinds = ("u2", "u2", f"u{self.width}", f"V{self.width}")
        return np.dtype(
            [(n, self.order + k) for n, k in zip(names, kinds, strict=True)]
        )

    @property
    def width(self) -> int:
        """Bytes of an offset, and of a value inside its entry."""
        return struct.calcsize(self.order + self.pointer)


def check_whole(path: str) -> None:
    """Refuses a TIFF file that ends before something that it says it has.

    Every directory of the chain is looked at (bands, overviews, masks): the directory
    itself, the values of its tags, and its blocks. No block is read. What is no TIFF
    file passes.

    Raises:
      OSError: if something lies beyond the end; names the file and what is missing.
    """
    with open(path, "rb") as file:
        start = file.read(16)
        form = _form(start)
        if form is None:
            return
        size = os.fstat(file.fileno()).st_size
        first = 4 if form.width == 4 else 8
        if len(start) < first + form.width:
            raise _truncated(path, size, "its header", first + form.width)
        (offset,) = struct.unpack_from(form.order + form.pointer, start, first)
        seen: set[int] = set()
        while offset and offset not in seen:  # a circle: GDAL stops there too
            seen.add(offset)
            offset = _check_directory(file, path, size, form, offset, len(seen))


def _form(start: bytes) -> _Form | None:
    order = {b"II": "<", b"MM": ">"}.get(start[:2])
    if order is None or len(start) < 4:
        return None
    (version,) = struct.unpack_from(order + "H", start, 2)
    forms = {42: _Form(order, "H", "I"), 43: _Form(order, "Q", "Q")}
    return forms.get(version)


def _check_directory(
    file: BinaryIO, path: str, size: int, form: _Form, offset: int, number: int
) -> int:
    """Checks one directory and returns where the next one lies, 0 after the last."""
    what = f"directory {number}"
    wide = struct.calcsize(form.order + form.length)
    if offset + wide > size:
        raise _truncated(path, size, what, offset + wide)
    file.seek(offset)
    (count,) = struct.unpack(form.order + form.length, file.read(wide))
    end = offset + wide + count * form.entry.itemsize + form.width
    if end > size:
        raise _truncated(path, size, what, end)
    rest = file.read(end - offset - wide)
    entries = np.frombuffer(rest, form.entry, count)
    values: dict[int, np.ndarray] = {}
    for entry in entries:
        tag, kind, length = (int(entry[name]) for name in ("tag", "type", "count"))
        nbytes = length * _SIZES.get(kind, 0)
        raw = entry["value"].tobytes()
        where = struct.unpack(form.order + form.pointer, raw)[0]
        inside = nbytes <= form.width
        if not inside and where + nbytes > size:
            raise _truncated(path, size, f"tag {tag} of {what}", where + nbytes)
        if kind in _WHOLE_NUMBERS and any(tag in pair for pair in _BLOCKS):
            if not inside:
                file.seek(where)
                raw = file.read(nbytes)
            values[tag] = np.frombuffer(
                raw, form.order + _WHOLE_NUMBERS[kind], length
            ).astype(np.uint64)
    for starts, lengths in _BLOCKS:
        if starts in values and lengths in values:
            _check_blocks(path, size, what, values[starts], values[lengths])
    return int(struct.unpack(form.order + form.pointer, rest[-form.width :])[0])


def _check_blocks(
    path: str, size: int, what: str, starts: np.ndarray, lengths: np.ndarray
) -> None:
    shared = min(len(starts), len(lengths))
    ends = starts[:shared] + lengths[:shared]
    # A block of no bytes is one without data (a sparse file).
    beyond = np.flatnonzero((ends > size) & (lengths[:shared] > 0))
    if len(beyond):
        worst = int(beyond[ends[beyond].argmax()])
        raise _truncated(path, size, f"block {worst} of {what}", int(ends[worst]))


def _truncated(path: str, size: int, what: str, end: int) -> OSError:
    return OSError(
        f"{path} is truncated: it has {size} bytes, and {what} ends at {end}. Fetch it "
        "again."
    )
