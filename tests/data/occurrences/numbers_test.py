"""Tests for jaxsdm.data.occurrences.numbers."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.occurrences.numbers import Numbers


def read(*blocks):
    numbers = Numbers("t.csv", "lat")
    for block in blocks:
        numbers.add(pa.chunked_array([block]))
    return numbers


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)), st.booleans())
def test_what_python_writes_is_read_bit_for_bit(values, commas):
    texts = [repr(value) for value in values]
    if commas:
        texts = [text.replace(".", ",") for text in texts]
    numbers = read(pa.array(texts, pa.string()))
    assert numbers.finish().tolist() == values
    written = sum("," in text for text in texts)
    assert len(numbers.notes) == (written > 0)
    if written:
        assert f"lat: {written:,} decimal commas" in numbers.notes[0]


@pytest.mark.parametrize(
    ("text", "want"),
    [(" 4.5 ", 4.5), ("+4", 4.0), ("−4.5", -4.5), ("4,", 4.0), (",5", 0.5), ("5.", 5.0),
     ("1E3", 1000.0), ("-0,25", -0.25)],
)  # fmt: skip
def test_ways_to_write_a_number(text, want):
    numbers = read(pa.array(["x", text]))
    assert numbers.finish()[1] == want
    assert numbers.unreadable == 1


@pytest.mark.parametrize(
    "text", ["1.234,5", "1,234.5", "12°30'", "N", "--4", "1e", "inf", ".", "1 2"]
)
def test_what_is_no_number_is_missing_and_noted(text):
    numbers = read(pa.array(["1", "2"]), pa.array(["3", text, "?"]))
    values = numbers.finish()
    assert values[:3].tolist() == [1, 2, 3]
    assert np.isnan(values[3:]).all()
    (note,) = numbers.notes
    assert note.startswith("column lat: 2 cells that hold no number")
    assert f"row 4 ({text!r})" in note


@pytest.mark.parametrize("text", [None, "NA", "nan", " n/a", "NULL", "\\N", ""])
def test_cells_without_a_value_are_missing_and_not_noted(text):
    numbers = read(pa.array(["1", text, "2,5"]))
    assert math.isnan(numbers.finish(needed=True)[1])
    assert numbers.unreadable == 0


def test_half_may_be_no_numbers_and_no_more():
    read(pa.array(["1", "x", "NA", None])).finish(needed=True)
    with pytest.raises(
        ValueError, match=r"t\.csv: column lat: 2 of 3 .* row 2 \('x'\)"
    ):
        read(pa.array(["1", "x"]), pa.array(["y", "NA"])).finish(needed=True)


@pytest.mark.parametrize(
    "block",
    [pa.array([1, None], pa.int32()), pa.array([1.0, None], pa.float32()),
     pa.array([1.0, math.nan]), pa.array([1.0, -math.inf]),
     pa.array([True, None]), pa.array(["1", None]).dictionary_encode()],
)  # fmt: skip
def test_columns_that_have_a_type(block):
    np.testing.assert_array_equal(read(block).finish(), [1, np.nan])


def test_no_block_at_all():
    assert read().finish().shape == (0,)
