"""Darwin Core archives: tables of text, and meta.xml which says what is in them.

The core has a row a record (then it is the table), or a row an event or taxon, and an
extension has the records: then what a record does not say itself, its event says.
Source: Darwin Core text guide, https://dwc.tdwg.org/text/ (defaults of attributes).
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.compute as pc

from jaxsdm.data.occurrences.delimited import Dialect, first_cells, read_blocks
from jaxsdm.data.occurrences.source import Source

META = "meta.xml"

_ESCAPES = {r"\t": "\t", r"\n": "\n", r"\r": "\r", r"\r\n": "\r\n"}
_ID = "id"


@dataclasses.dataclass(frozen=True)
class _Field:
    """Where the values of a term are: a column, a value for all rows, or for gaps."""

    place: int | None
    default: str | None


@dataclasses.dataclass(frozen=True)
class _Table:
    """A core or an extension.

    Attributes:
      row_type: what a row is, such as `"occurrence"`.
      files: names of its files, one after the other.
      dialect: of all of them.
      fields: by term; `_ID` is what joins core and extension.
    """

    row_type: str
    files: tuple[str, ...]
    dialect: Dialect
    fields: dict[str, _Field]


def archive_source(
    name: str, open_member: Callable[[str], Any], encoding: str | None
) -> Source:
    """The occurrences of an archive.

    Args:
      name: of the archive, for messages.
      open_member: opens one of its files at its beginning.
      encoding: of the tables, whatever meta.xml says; None is what it says.

    Raises:
      ValueError: meta.xml cannot be understood or describes no occurrences, a file is
        missing, or has fewer columns than described.
    """
    core, extensions = _described(name, open_member, encoding)
    occurrences = [one for one in (core, *extensions) if one.row_type == "occurrence"]
    if not occurrences:
        types = ", ".join(one.row_type or "?" for one in (core, *extensions))
        raise ValueError(
            f"{name}: meta.xml describes no rows of type Occurrence, but {types}."
        )
    table = occurrences[0]
    _check(name, open_member, table)
    if table is core:
        return Source(
            name,
            tuple(table.fields),
            lambda wanted: _rows(name, open_member, table, wanted),
        )
    _check(name, open_member, core)
    return _joined(name, open_member, table, core)


def _joined(
    name: str, open_member: Callable[[str], Any], table: _Table, core: _Table
) -> Source:
    """Records with what the core says of their event, where they do not say it."""
    # The identifier of the core is that of the event (or taxon), not of the record.
    own = [term for term in table.fields if term != _ID]
    outer = {term: term for term in core.fields if term != _ID}
    outer.setdefault(f"{core.row_type}ID", _ID)

    def blocks(wanted: Sequence[str]) -> Iterator[pa.Table]:
        asked = [term for term in wanted if term in outer]
        needed = list(dict.fromkeys([_ID, *(outer[term] for term in asked)]))
        parts = list(_rows(name, open_member, core, needed))
        events = pa.concat_tables(parts) if parts else None
        reading = [_ID, *(term for term in wanted if term in own)]
        for block in _rows(name, open_member, table, reading):
            columns = {term: block[term] for term in reading}
            if events is not None:
                place = pc.index_in(block[_ID], events[_ID].combine_chunks())
                for term in asked:
                    joined = events[outer[term]].take(place)
                    columns[term] = (
                        pc.coalesce(columns[term], joined) if term in own else joined
                    )
            empty = pa.nulls(len(block), pa.string())
            yield pa.table({term: columns.get(term, empty) for term in wanted})

    return Source(name, tuple(dict.fromkeys([*own, *outer])), blocks)


def _rows(
    name: str, open_member: Callable[[str], Any], table: _Table, wanted: Sequence[str]
) -> Iterator[pa.Table]:
    """Some terms of all files of a table; constants and defaults filled in."""
    fields = {term: table.fields[term] for term in wanted}
    # A table of constants alone still has rows: count those of any column.
    places = sorted({f.place for f in fields.values() if f.place is not None} or {0})
    for member in table.files:
        label = f"{name}/{member}"
        width = _width(label, open_member, member, table.dialect)
        if not width:
            continue
        opener = functools.partial(open_member, member)
        for block in read_blocks(label, opener, table.dialect, width, places):
            yield pa.table(
                {term: _filled(block, field) for term, field in fields.items()}
            )


def _filled(block: pa.Table, field: _Field) -> pa.ChunkedArray | pa.Array:
    if field.place is None:
        return pa.repeat(pa.scalar(field.default, pa.string()), len(block))
    column = block[str(field.place)]
    return column if field.default is None else pc.fill_null(column, field.default)


def _width(
    label: str, open_member: Callable[[str], Any], member: str, dialect: Dialect
) -> int:
    """Cells of the first line; 0 where there is none, as an extension may be empty."""
    try:
        with open_member(member) as stream:
            if not stream.read(1):
                return 0
    except (KeyError, FileNotFoundError) as error:
        raise ValueError(
            f"{label}: meta.xml names this file, but it is not in the archive."
        ) from error
    cells, _ = first_cells(label, lambda: open_member(member), dialect)
    return len(cells)


def _check(name: str, open_member: Callable[[str], Any], table: _Table) -> None:
    """That the files are there, with the columns that are described."""
    for member in table.files:
        label = f"{name}/{member}"
        width = _width(label, open_member, member, table.dialect)
        for term, field in table.fields.items():
            if width and field.place is not None and field.place >= width:
                raise ValueError(
                    f"{label}: meta.xml puts {term} at index {field.place}, but the "
                    f"first line has {width} cells (indices from 0); is "
                    f"fieldsTerminatedBy {table.dialect.delimiter!r} right?"
                )


def _described(
    name: str, open_member: Callable[[str], Any], encoding: str | None
) -> tuple[_Table, list[_Table]]:
    try:
        with open_member(META) as stream:
            root = ElementTree.fromstring(stream.read())
    except ElementTree.ParseError as error:
        raise ValueError(f"{name}: {META} is no sound XML: {error}.") from error
    cores = [one for one in root if _last(one.tag) == "core"]
    if len(cores) != 1:
        raise ValueError(f"{name}: {META} describes {len(cores)} cores, not one.")
    extensions = [one for one in root if _last(one.tag) == "extension"]
    return (
        _table(name, cores[0], encoding),
        [_table(name, one, encoding) for one in extensions],
    )


def _table(name: str, node: ElementTree.Element, encoding: str | None) -> _Table:
    delimiter = _unescaped(node.get("fieldsTerminatedBy", ","))
    quote = _unescaped(node.get("fieldsEnclosedBy", '"'))
    line_end = _unescaped(node.get("linesTerminatedBy", "\n"))
    if len(delimiter) != 1 or len(quote) > 1 or line_end not in ("\n", "\r", "\r\n"):
        raise ValueError(
            f"{name}: {META} ends fields with {delimiter!r}, encloses them with "
            f"{quote!r} and ends lines with {line_end!r}; only single characters and "
            "common line ends can be read."
        )
    dialect = Dialect(
        delimiter,
        quote,
        (encoding or node.get("encoding") or "utf-8").lower(),
        _whole(name, node.get("ignoreHeaderLines") or "0"),
    )
    files = tuple(
        (one.text or "").strip() for one in node.iter() if _last(one.tag) == "location"
    )
    if not all(files) or not files:
        raise ValueError(f"{name}: {META} names no file for its {_last(node.tag)}.")
    fields: dict[str, _Field] = {}
    for one in node:
        tag, index = _last(one.tag), one.get("index")
        if tag == "field":
            term = _last(one.get("term", ""))
        elif tag in (_ID, "coreid"):
            term = _ID
        else:
            continue
        place = None if index is None else _whole(name, index)
        if place is None and one.get("default") is None:
            continue
        fields.setdefault(term, _Field(place, one.get("default")))
    return _Table(_last(node.get("rowType", "")).lower(), files, dialect, fields)


def _last(uri: str) -> str:
    """The name of a term or tag, without where it is defined."""
    return uri.strip().replace("#", "/").replace("}", "/").rpartition("/")[2]


def _unescaped(text: str) -> str:
    return _ESCAPES.get(text, text)


def _whole(name: str, text: str) -> int:
    if not text.strip().isdigit():
        raise ValueError(f"{name}: {META} has {text!r} where a number from 0 belongs.")
    return int(text)
