"""Numbers from text: decimal commas are understood, what is no number is reported."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float64

from jaxsdm.data.occurrences.source import MISSING_WORDS

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


@dataclasses.dataclass
class Numbers:
    """One column of numbers, block by block.

    Attributes:
      file: which it is of, for messages.
      column: its name there.
      unreadable: cells so far that hold something that is no number.
    """

    file: str
    column: str

    def __post_init__(self) -> None:
        self._values: list[Float64[np.ndarray, " rows"]] = []
        self._rows = self._filled = self._commas = self.unreadable = 0
        self._first: tuple[int, str] | None = None

    def add(self, block: pa.ChunkedArray) -> None:
        """The rows of the next block."""
        values = self._read(block)
        self._filled += len(block) - block.null_count
        self._rows += len(block)
        self._values.append(values)

    def finish(self, *, needed: bool = False) -> Float64[np.ndarray, " rows"]:
        """All rows; NaN where there is no number.

        Args:
          needed: whether most of the cells that hold something must hold a number.

        Raises:
          ValueError: if they do not; the message names the first that does not.
        """
        if needed and 2 * self.unreadable > self._filled:
            raise ValueError(
                f"{self.file}: column {self.column}: {self.unreadable:,} of "
                f"{self._filled:,} cells hold no number, the first in {self._where()}."
            )
        return np.concatenate([np.empty(0), *self._values])

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the numbers should know."""
        notes = []
        if self._commas:
            notes.append(
                f"column {self.column}: {self._commas:,} decimal commas read as points"
            )
        if self.unreadable:
            notes.append(
                f"column {self.column}: {self.unreadable:,} cells that hold no number "
                f"taken as missing, the first in {self._where()}"
            )
        return tuple(notes)

    def _where(self) -> str:
        assert self._first is not None
        row, text = self._first
        return f"row {row} ({text[:40]!r})"

    def _read(self, block: pa.ChunkedArray) -> Float64[np.ndarray, " rows"]:
        try:
            values = _as_float64(block)
        except pa.ArrowInvalid:
            return self._read_slowly(block)
        if np.isinf(values).any():
            return self._read_slowly(block.cast(pa.string()))
        return values

    def _read_slowly(self, block: pa.ChunkedArray) -> Float64[np.ndarray, " rows"]:
        """A block where at least one cell is not a number as programs write it."""
        text = pc.replace_substring(pc.utf8_trim_whitespace(block), "−", "-")
        text = pc.utf8_ltrim(text, "+")
        absent = pc.is_in(pc.utf8_lower(text), pa.array(MISSING_WORDS))
        pointed = pc.replace_substring(text, ",", ".")
        number = pc.match_substring_regex(pointed, _NUMBER)
        unreadable = pc.invert(pc.or_(pc.or_(number, absent), pc.is_null(text)))
        unreadable = np.asarray(pc.fill_null(unreadable, False))
        commas = pc.and_(number, pc.match_substring(text, ","))
        self._commas += pc.sum(commas).as_py() or 0
        self.unreadable += int(unreadable.sum())
        self._filled -= pc.sum(absent).as_py() or 0
        if self._first is None and unreadable.any():
            row = int(unreadable.argmax())
            self._first = self._rows + row + 1, str(block[row].as_py())
        return _as_float64(pc.if_else(number, pointed, pa.scalar(None, pa.string())))


def _as_float64(block: Any) -> Float64[np.ndarray, " rows"]:
    floats = pc.cast(block, pa.float64())
    return np.asarray(floats.to_numpy(), np.float64)
