"""Tests for benchmarks/reporting.py."""

import json

import pytest
import reporting


def test_markdown_table_by_hand():
    got = reporting.markdown_table(["a", "b"], [["x", 1.23456], ["y", 1234.56]])
    assert got == "| a | b |\n| --- | --- |\n| x | 1.23 |\n| y | 1235 |"


def test_a_row_of_the_wrong_length_is_an_error():
    with pytest.raises(ValueError, match="want 2 cells"):
        reporting.markdown_table(["a", "b"], [["x"]])


def test_json_holds_the_results_and_the_machine(tmp_path):
    path = tmp_path / "new" / "out.json"
    reporting.write_json(path, {"peer": {"ms": 1.5}})
    content = json.loads(path.read_text())
    assert content["peer"] == {"ms": 1.5}
    assert content["machine"]["cores"] >= 1
    reporting.write_json(None, {})
