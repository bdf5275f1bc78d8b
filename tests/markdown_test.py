"""Tests for jaxsdm.markdown."""

from jaxsdm.markdown import markdown_table


def test_cells_of_every_kind():
    table = markdown_table(
        ["a|b", "c"],
        [[0.12345, None], [float("nan"), 3], ["x\ny", 123456.7], [2.5e-8, 0.0]],
    )
    assert table.splitlines() == [
        "| a\\|b | c |",
        "| --- | --- |",
        "| 0.123 |  |",
        "|  | 3 |",
        "| x y | 1.23e+05 |",
        "| 2.5e-08 | 0.000 |",
    ]
