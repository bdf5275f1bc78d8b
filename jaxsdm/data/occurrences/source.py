"""What a file of any format looks like to the reader: named columns, in blocks of rows.

Only the columns that are asked for are parsed, and only one block of rows is in memory
beside what was kept of the former ones.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

GEOMETRY = ("geometry x", "geometry y")
"""Columns that stand for the coordinates of the points of a vector file."""

MISSING_WORDS = ("", "na", "nan", "n/a", "null", "none", "\\n", "#n/a")
"""What a cell without a value holds, in lower case; `\\N` is that of databases."""


@dataclasses.dataclass(frozen=True)
class Source:
    """A table that can be read more than once.

    Attributes:
      name: of the file, with the member of an archive, for messages.
      columns: names as the file has them, in its order.
      blocks: takes names of columns and gives their rows in order, piece by piece, as
        tables of text or of whatever type the file has.
      crs: of the columns `GEOMETRY`; `""` where the file has no such columns, or does
        not say.
    """

    name: str
    columns: tuple[str, ...]
    blocks: Callable[[Sequence[str]], Iterator[pa.Table]]
    crs: str = ""

    def listed(self) -> str:
        """The columns for a message; a long list is cut."""
        shown = [name or '""' for name in self.columns if name not in GEOMETRY][:60]
        more = len(self.columns) - len(shown)
        return ", ".join(shown) + (f" and {more} more" if more > 2 else "")
