"""Tests for jaxsdm.data.occurrences.delimited: texts of any dialect."""

import csv
import gzip
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data.occurrences.delimited import delimited_source

NAMES = ("species", "place", "n")
ROWS = [
    ["Quercus robur", 'the "old" mill', "1"],
    ["Abies, alba; |", "two\nlines", ""],
    ["", "tab\there", "3"],
]


def read(text, encoding=None, columns=NAMES):
    data = text if isinstance(text, bytes) else text.encode()
    source = delimited_source("t.csv", lambda: io.BytesIO(data), encoding)
    assert source.columns == NAMES
    tables = list(source.blocks(columns))
    whole = pa.concat_tables(tables).to_pydict() if tables else {}
    return [list(row) for row in zip(*whole.values(), strict=True)]


def written(rows, **dialect):
    text = io.StringIO()
    csv.writer(text, **dialect).writerows([NAMES, *rows])
    return text.getvalue()


def nulls(rows):
    return [[cell or None for cell in row] for row in rows]


@pytest.mark.parametrize("delimiter", [",", ";", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_quotes_hold_delimiters_line_ends_and_quotes(delimiter, line_end, quoting):
    text = written(ROWS, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    assert read(text) == nulls(ROWS)


def test_tabs_with_quotes_where_the_header_has_them():
    text = written(ROWS, delimiter="\t", quoting=csv.QUOTE_ALL)
    assert read(text) == nulls(ROWS)


def test_quotes_between_tabs_are_literal_otherwise():
    text = 'species\tplace\tn\n"a\t5" pipe\t1\nb"\t"c\t""\n'
    assert read(text) == [['"a', '5" pipe', "1"], ['b"', '"c', '""']]


cells = st.text(st.sampled_from('ab",;|\t \n€'), max_size=6).filter(
    lambda cell: cell == cell.strip()
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells, st.sampled_from("12"))), st.sampled_from(",;|"))
def test_what_the_csv_module_writes_is_read(rows, delimiter):
    text = written(rows, delimiter=delimiter, lineterminator="\n")
    assert read(text) == nulls(rows)


def test_columns_in_the_order_that_is_asked_for():
    assert read("species,place,n\na,b,1\n", columns=("n", "species")) == [["1", "a"]]


def test_a_byte_order_mark_is_no_part_of_a_name():
    assert read(b"\xef\xbb\xbfspecies,place,n\na,b,1\n") == [["a", "b", "1"]]
    assert read(b'\xef\xbb\xbf"species","place","n"\na,b,1\n') == [["a", "b", "1"]]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_other_encodings_by_name(encoding):
    text = "species,place,n\nChêne,Orléans,1\n"
    assert read(text.encode(encoding), encoding) == [["Chêne", "Orléans", "1"]]


@pytest.mark.parametrize("text", ["species,place,n\nChêne,x,1\n", "spécies,place,n\n"])
def test_an_unnamed_encoding_is_refused(text):
    with pytest.raises(ValueError, match=r"t\.csv: the text is not utf-8; .*latin-1"):
        read(text.encode("latin-1"))


def test_a_wrong_encoding_is_refused():
    with pytest.raises(ValueError, match=r"t\.csv: the text is not ascii"):
        read("species,place,n\nChêne,x,1\n", "ascii")


@pytest.mark.parametrize(
    ("row", "cells"), [("a,b", 2), ("a,b,c,d", 4), ('a,"b,c",d,"e\nf"', 4)]
)
def test_rows_of_another_length_are_named(row, cells):
    text = 'species,place,n\na,"b\nb",1\n' + row + "\n"
    want = rf"t\.csv: row 2 has {cells} cells and the first line 3"
    with pytest.raises(ValueError, match=want):
        read(text)


def test_the_row_of_a_late_fault(monkeypatch):
    from jaxsdm.data.occurrences import delimited

    monkeypatch.setattr(delimited, "BLOCK_BYTES", 100)
    with pytest.raises(ValueError, match=r"row 1001 has 2 cells"):
        read("species\tplace\tn\n" + "a\tb\t1\n" * 1000 + "a\tb\n" + "a\tb\t1\n" * 9)


def test_quoted_line_ends_at_the_ends_of_blocks(monkeypatch):
    from jaxsdm.data.occurrences import delimited

    monkeypatch.setattr(delimited, "BLOCK_BYTES", 100)
    rows = [["a", "\n" * (number % 7) + "b", str(number)] for number in range(200)]
    assert read(written(rows, lineterminator="\n")) == rows


def test_a_column_that_stands_twice_is_refused_where_it_is_needed():
    data = b"a,a,b,,\n1,2,3,4,5\n"
    source = delimited_source("t.csv", lambda: io.BytesIO(data), None)
    (table,) = source.blocks(["b", ""])
    assert table.to_pydict() == {"b": ["3"], "": ["4"]}
    with pytest.raises(
        ValueError, match=r"t\.csv: the header names 'a' more than once"
    ):
        list(source.blocks(["b", "a"]))


@pytest.mark.parametrize("suffix", [".csv.gz", ".gz", ".txt"])
def test_compressed_files_whatever_their_name(tmp_path, suffix):
    from jaxsdm.data.occurrences.opening import open_source

    path = tmp_path / f"t{suffix}"
    path.write_bytes(gzip.compress(b"species,place,n\na,b,1\n"))
    (table,) = open_source(path, encoding=None, layer=None).blocks(["n"])
    assert table.to_pydict() == {"n": ["1"]}
