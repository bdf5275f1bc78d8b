"""Tests for jaxsdm.data.occurrences.said and .status."""

import numpy as np
import pytest

from jaxsdm.data.occurrences.said import what_rows_say
from jaxsdm.data.occurrences.status import read_status

NAN = np.nan


@pytest.mark.parametrize("text", ["1", "1.0", "Present", " TRUE", "yes", "y", "t"])
def test_words_for_a_presence(text):
    status, notes = read_status(np.zeros(1, np.int32), [text], file="t", column="pa")
    assert (status.tolist(), notes) == ([1.0], ())


@pytest.mark.parametrize("text", ["0", "0.0", "ABSENT", "false", "No", "absence"])
def test_words_for_an_absence(text):
    status, _ = read_status(np.zeros(1, np.int32), [text], file="t", column="pa")
    assert status.tolist() == [0.0]


def test_few_cells_that_say_neither_are_noted():
    codes = np.array([0, 1, -1, 0], np.int32)
    status, notes = read_status(codes, ["1", "maybe"], file="t", column="pa")
    np.testing.assert_array_equal(status, [1, NAN, NAN, 1])
    assert notes[0].startswith("column pa: 1 cells that say neither")
    assert notes[0].endswith("row 2 ('maybe')")


def test_an_absence_without_a_count_is_a_count_of_none():
    status, count = np.array([0.0, 1.0, 1.0]), np.array([NAN, NAN, 2.0])
    said = what_rows_say("t", 3, "abundance", status, count)
    np.testing.assert_array_equal(said.count, [0, NAN, 2])
    assert said.known.tolist() == [True, False, True]


def test_counts_of_records():
    count = np.array([3.0, NAN, 0.0])
    said = what_rows_say("t", 3, None, None, count)
    assert said.kind == "presence_only"
    assert said.count.tolist() == [3, 1, 0]
    assert said.present.tolist() == [True, True, False]
    assert said.notes == ("1 rows without a count taken as one record",)


def test_presences_alone_stay_what_they_were_said_to_be():
    status = np.array([1.0, 1.0])
    assert what_rows_say("t", 2, None, status, None).kind == "presence_only"
    said = what_rows_say("t", 2, "presence_absence", status, None)
    assert said.kind == "presence_absence"
