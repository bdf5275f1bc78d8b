"""Tests for jaxsdm.data.occurrences.report."""

import re

from jaxsdm.data.occurrences.report import CleaningReport, Step

REPORT = CleaningReport("a|b.csv", 10, 3)
CLEANED = (
    REPORT.then(Step("dates | years", 4, 6, 2))
    .then(Step("absences", 0, 6, 2))
    .note("decimal\ncommas in 2 rows")
)


def test_markdown_has_a_row_a_step_and_the_notes():
    text = CLEANED.to_markdown()
    rows = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", row)[1:-1] for row in rows]
    assert all(len(row) == 4 for row in cells)
    assert [[cell.strip() for cell in row] for row in cells[2:]] == [
        ["read", "0", "10", "3"],
        [r"dates \| years", "4", "6", "2"],
        ["absences", "0", "6", "2"],
    ]
    assert text.startswith("Occurrences of `a|b.csv`.\n\n|")
    assert text.endswith("|\n\n* decimal commas in 2 rows\n")
    assert "*" not in REPORT.to_markdown()


def test_in_words():
    assert str(REPORT) == "a|b.csv: 10 rows read, 10 left."
    assert str(CLEANED) == (
        "a|b.csv: 10 rows read, dates | years took 4, 6 left. decimal\ncommas in 2 rows"
    )
