"""Tests for jaxsdm.data.occurrences.categories."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.occurrences.categories import Categories, as_category, as_text


def category(blocks, **settings):
    categories = Categories(**settings)
    for block in blocks:
        categories.add(pa.chunked_array([pa.array(block, pa.string())]))
    return as_category(*categories.finish())


@given(st.lists(st.lists(st.sampled_from(["b", " b", "a", "NA", "", "c.0", None]))))
def test_rows_keep_their_text_whatever_the_blocks(blocks):
    got = category(blocks)
    want = [cell for block in blocks for cell in block]
    clean = [None if cell in ("NA", "", None) else cell.strip() for cell in want]
    assert [None if value != value else value for value in got] == clean
    assert got.categories.tolist() == sorted({cell for cell in clean if cell})


def test_whole_numbers_lose_their_zero():
    got = category([["35.0", "35", "-7.00", "1.50", "v1.0"]])
    assert list(got) == ["35", "35", "-7", "1.50", "v1.0"]


def test_only_the_first_characters():
    assert (
        list(category([["2019-05-01T1", "2019-05-01"]], first_characters=10))
        == ["2019-05-01"] * 2
    )


def test_floats_as_text():
    whole = as_text(pa.chunked_array([[4e16, float("nan"), None]]))
    assert whole.to_pylist() == ["40000000000000000", None, None]
    assert as_text(pa.chunked_array([[1.5, 2.0]])).to_pylist() == ["1.5", "2"]
