"""The columns of a table in memory, each under the part that it plays."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsdm.data.occurrences.categories import Categories, as_category, as_text
from jaxsdm.data.occurrences.columns import ALIASES, Chosen
from jaxsdm.data.occurrences.dates import CHARACTERS, days_of
from jaxsdm.data.occurrences.numbers import Numbers
from jaxsdm.data.occurrences.progress import with_progress
from jaxsdm.data.occurrences.source import Source
from jaxsdm.data.occurrences.status import read_status

_COORDINATES = ("x", "y", "longitude", "latitude")
_NUMBERS = (*_COORDINATES, "count", "year", "month", "day", "uncertainty")
_TEXT_NAMES = tuple(name.lower() for name in ALIASES["id"])


@dataclasses.dataclass(frozen=True)
class Parts:
    """What was read.

    Attributes:
      rows: of the table.
      values: of each part: float64 of numbers and `status`, datetime64 of `date`,
        text of `id`, categories of the others.
      wide: `[rows, species]` of the columns that are each a species, NaN where a cell
        is empty.
      kept: further columns by name.
      notes: on what could not be read as it stood.
    """

    rows: int
    values: dict[str, Any]
    wide: Float64[np.ndarray, "rows species"]
    kept: dict[str, Any]
    notes: tuple[str, ...]


def read_parts(source: Source, chosen: Chosen, *, counted: bool) -> Parts:
    """Reads the chosen columns, one block of rows after the other.

    Args:
      source: the table.
      chosen: its columns.
      counted: whether columns that are each a species hold numbers of individuals,
        rather than presences.

    Raises:
      ValueError: there are no rows, or most of a column means nothing.
    """
    readers = {part: _reader(source, part, name) for part, name in chosen.parts.items()}
    wide = {
        name: Numbers(source.name, name) if counted else Categories()
        for name in chosen.wide
    }
    kept: dict[str, list[pa.ChunkedArray]] = {name: [] for name in chosen.kept}
    rows = 0
    for block in with_progress(source.blocks(chosen.needed), source.name):
        rows += len(block)
        for part, reader in readers.items():
            reader.add(block[chosen.parts[part]])
        for name, reader in wide.items():
            reader.add(block[name])
        for name, blocks in kept.items():
            blocks.append(block[name])
    if not rows:
        raise ValueError(f"{source.name}: there are no rows below the header.")
    notes: list[str] = []
    values = {
        part: _finish(source, part, chosen.parts[part], reader, notes)
        for part, reader in readers.items()
    }
    columns = [
        _finish(source, "count" if counted else "status", name, reader, notes)
        for name, reader in wide.items()
    ]
    matrix = np.stack(columns, axis=1) if columns else np.empty((rows, 0))
    return Parts(
        rows,
        values,
        matrix,
        {name: _kept(source, name, blocks) for name, blocks in kept.items()},
        tuple(notes),
    )


class _Text:
    def __init__(self) -> None:
        self.blocks: list[pa.Array] = []

    def add(self, block: pa.ChunkedArray) -> None:
        self.blocks += as_text(block).chunks


def _reader(source: Source, part: str, column: str) -> Numbers | Categories | _Text:
    if part in _NUMBERS:
        return Numbers(source.name, column)
    if part == "id":
        return _Text()
    return Categories(CHARACTERS if part == "date" else None)


def _finish(
    source: Source,
    part: str,
    column: str,
    reader: Numbers | Categories | _Text,
    notes: list[str],
) -> Any:
    if isinstance(reader, _Text):
        return pa.chunked_array(reader.blocks, type=pa.string()).to_pandas()
    if isinstance(reader, Numbers):
        numbers = reader.finish(needed=part in _COORDINATES)
        notes += reader.notes
        return numbers
    codes, texts = reader.finish()
    if part == "date":
        return _dates(column, codes, texts, notes)
    if part == "status":
        status, noted = read_status(codes, texts, file=source.name, column=column)
        notes += noted
        return status
    if part == "country":  # "NA" is Namibia
        return as_category(codes, texts, missing=("",))
    return as_category(codes, texts)


def _dates(column: str, codes: np.ndarray, texts: list[str], notes: list[str]) -> Any:
    days, odd = days_of(texts)
    odd = np.append(odd, False)[codes]
    if odd.any():
        row = int(odd.argmax())
        notes.append(
            f"column {column}: {odd.sum():,} cells that hold no date taken as missing, "
            f"the first in row {row + 1} ({texts[codes[row]]!r})"
        )
    return np.append(days, np.datetime64("NaT"))[codes]


def _kept(source: Source, name: str, blocks: list[pa.ChunkedArray]) -> Any:
    """A column that plays no part: numbers if all are, else text or categories."""
    if name.lower() in _TEXT_NAMES:
        return _finish(source, "id", name, _filled(_Text(), blocks), [])
    if not any(pa.types.is_temporal(block.type) for block in blocks):
        numbers = _filled(Numbers(source.name, name), blocks)
        if not numbers.unreadable:
            return numbers.finish()
    return as_category(*_filled(Categories(), blocks).finish())


def _filled(reader: Any, blocks: list[pa.ChunkedArray]) -> Any:
    for block in blocks:
        reader.add(block)
    return reader
