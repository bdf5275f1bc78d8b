"""Tests for jaxsdm.data.occurrences.progress."""

import io
import sys

import pyarrow as pa
import pytest

from jaxsdm.data.occurrences.progress import with_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("rows", "told"), [(400_000, False), (600_000, True)])
def test_long_tables_are_counted_on_a_terminal(monkeypatch, rows, told):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_PROGRESS", raising=False)
    block = pa.table({"a": pa.nulls(rows)})
    assert [len(one) for one in with_progress(iter([block]), "in/t.csv")] == [rows]
    assert (f"t.csv: {rows:,} rows read" in sys.stderr.getvalue()) == told


def test_nothing_is_said_without_a_terminal_or_if_it_is_not_wanted(monkeypatch, capsys):
    block = pa.table({"a": pa.nulls(600_000)})
    assert list(with_progress(iter([block]), "t.csv")) == [block]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("NO_PROGRESS", "1")
    assert list(with_progress(iter([block]), "t.csv")) == [block]
    assert sys.stderr.getvalue() == ""
