"""Tables as text: cells between tabs, commas, semicolons or pipes.

GBIF's "CSV" is separated by tabs and quotes nothing: a quotation mark in it is a
character like any other. Elsewhere quotes may hold separators, line ends and doubled
quotes. Which of the two a file is, its header tells.
"""

import csv
import dataclasses
import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.csv as arrow_csv

from jaxsdm.data.occurrences.source import Source

BLOCK_BYTES = 8 * 2**20
"""Read at once; a row that is longer cannot be read (outlines in WKT are long)."""

_PEEK_BYTES = 2**20
_DELIMITERS = ("\t", ";", ",", "|")


@dataclasses.dataclass(frozen=True)
class Dialect:
    """How the cells of a text are told apart.

    Attributes:
      delimiter: between cells; `""` where the first line is to tell.
      quote: around cells that hold delimiters or line ends; `""`: quotes are literal.
      encoding: of the text.
      header_lines: before the first row.
    """

    delimiter: str
    quote: str
    encoding: str
    header_lines: int


def delimited_source(
    name: str, open_bytes: Callable[[], Any], encoding: str | None
) -> Source:
    """A table of text with a header.

    Args:
      name: of the file, for messages.
      open_bytes: opens the file, or the member of an archive, at its beginning.
      encoding: of the text; None is UTF-8, with or without byte-order mark.

    Raises:
      ValueError: the file is empty, or its header is not of this encoding; when rows
        are read, also that a column that is needed stands there twice.
    """
    columns, dialect = first_cells(
        name, open_bytes, Dialect("", '"', encoding or "utf-8", 0)
    )

    def blocks(wanted: Sequence[str]) -> Iterator[pa.Table]:
        # Columns without a name are leavings of spreadsheets.
        twice = [one for one in wanted if one and columns.count(one) > 1]
        if twice:
            raise ValueError(
                f"{name}: the header names {', '.join(map(repr, twice))} more than "
                "once; rename or drop all but one, nothing says which is meant."
            )
        places = [columns.index(one) for one in wanted]
        for table in read_blocks(name, open_bytes, dialect, len(columns), places):
            yield table.rename_columns(list(wanted))

    return Source(name, columns, blocks)


def first_cells(
    name: str, open_bytes: Callable[[], Any], dialect: Dialect
) -> tuple[tuple[str, ...], Dialect]:
    """The cells of the first line, and the dialect with all that it tells.

    An open `delimiter` is the most frequent candidate outside quotes; tabs then go
    with quotes only if the line begins with one. `header_lines` becomes the lines that
    the cells take.

    Raises:
      ValueError: there is no line, or it is not of this encoding.
    """
    # A byte-order mark is no part of the first name.
    codec = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with open_bytes() as stream:
        peeked = stream.read(_PEEK_BYTES)
    try:
        lines = list(_lines(peeked, codec, 1))
    except UnicodeError:
        _refuse_encoding(name, dialect.encoding)
    if not lines or not lines[0].strip():
        raise ValueError(f"{name}: the file is empty, or its first line is.")
    if not dialect.delimiter:
        bare = re.sub(r'"[^"]*"', "", lines[0])
        delimiter = max(_DELIMITERS, key=bare.count)
        literal = delimiter == "\t" and not lines[0].startswith('"')
        quote = "" if literal else '"'
        dialect = dataclasses.replace(dialect, delimiter=delimiter, quote=quote)
    reader = csv.reader(
        _lines(peeked, codec, None),
        delimiter=dialect.delimiter,
        quotechar=dialect.quote or None,
        quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE,
    )
    cells = tuple(cell.strip() for cell in next(reader))
    return cells, dataclasses.replace(dialect, header_lines=reader.line_num)


def read_blocks(
    name: str,
    open_bytes: Callable[[], Any],
    dialect: Dialect,
    width: int,
    places: Sequence[int],
) -> Iterator[pa.Table]:
    """The rows of some columns, by their places, as text; empty cells are null.

    Args:
      name: of the file, for messages.
      open_bytes: opens it at its beginning.
      dialect: how its cells are told apart.
      width: cells that every row has.
      places: of the columns that are wanted, from 0.

    Raises:
      ValueError: a row has more cells or fewer, or the text is of another encoding.
    """
    try:
        with open_bytes() as stream:
            yield from _parsed(stream, dialect, width, places, threads=True)
    except UnicodeError:
        _refuse_encoding(name, dialect.encoding)
    except pa.ArrowInvalid as error:
        if "invalid UTF8" in str(error):
            _refuse_encoding(name, dialect.encoding)
        if "Expected" not in str(error):
            raise ValueError(f"{name}: cannot be read as text: {error}.") from error
        _refuse_ragged(name, open_bytes, dialect, width)


def _lines(peeked: bytes, codec: str, most: int | None) -> Iterator[str]:
    text = io.TextIOWrapper(io.BytesIO(peeked), encoding=codec, newline="")
    for number, line in enumerate(text):
        if number == most:
            return
        yield line


def _parsed(
    stream: Any, dialect: Dialect, width: int, places: Sequence[int], *, threads: bool
) -> Iterator[pa.Table]:
    # Columns go by their places: names may be absent, or stand twice.
    names = [str(place) for place in places]
    try:
        batches = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=threads,
                block_size=BLOCK_BYTES,
                skip_rows=dialect.header_lines,
                column_names=[str(place) for place in range(width)],
                encoding=dialect.encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote or False,
                newlines_in_values=bool(dialect.quote),
            ),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=names,
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        # A header without a line end, and nothing below.
        if "Could not skip" in str(error) or "Empty CSV" in str(error):
            return
        raise
    for batch in batches:
        yield pa.Table.from_batches([batch])


def _refuse_ragged(
    name: str, open_bytes: Callable[[], Any], dialect: Dialect, width: int
) -> NoReturn:
    """Reads again in one thread, which alone numbers the rows, to name the bad one."""
    try:
        with open_bytes() as stream:
            for _ in _parsed(stream, dialect, width, [0], threads=False):
                pass
    except pa.ArrowInvalid as error:
        told = re.search(r"Row #(\d+): Expected \d+ columns, got (\d+)", str(error))
        if told:
            row, cells = int(told[1]) - dialect.header_lines, told[2]
            raise ValueError(
                f"{name}: row {row} has {cells} cells and the first line {width}; "
                "mend the row, or the quotes before it."
            ) from None
        raise ValueError(f"{name}: {error}.") from error
    raise AssertionError("unreachable: the rows were of one length after all.")


def _refuse_encoding(name: str, encoding: str) -> NoReturn:
    raise ValueError(
        f"{name}: the text is not {encoding}; say what it is, such as "
        "encoding='latin-1', 'cp1252' or 'utf-16'."
    ) from None
