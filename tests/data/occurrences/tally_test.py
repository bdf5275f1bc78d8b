"""Tests for jaxsdm.data.occurrences.tally."""

import collections

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.occurrences.occurrences import KINDS
from jaxsdm.data.occurrences.tally import tally

record = st.tuples(
    st.integers(0, 3), st.sampled_from("abc"), st.booleans(), st.integers(0, 4)
)


def loop(kind, records):
    """Pairs and what they come to, row by row."""
    pairs = collections.defaultdict(float)
    for group, species, present, count in records:
        if kind == "presence_only" and not present:
            continue
        before = pairs[group, species]
        if kind in ("presence_only", "abundance"):
            pairs[group, species] = before + count
        else:
            pairs[group, species] = max(before, float(present))
    return dict(pairs)


@given(st.sampled_from(KINDS), st.lists(record, max_size=20), st.booleans())
def test_same_as_a_loop_over_rows(make_occurrences, kind, records, far):
    # Far groups: numbers of pairs that do not fit an int64.
    shift = 2**62 if far else 0
    columns = list(zip(*records, strict=True)) or [[]] * 4
    group, species, present, count = (list(column) for column in columns)
    occurrences = make_occurrences(
        species, [0] * len(group), [0] * len(group), kind=kind, present=present
    )
    occurrences.table["count"] = np.array(count, np.float64)
    got = tally(occurrences, np.array(group, np.int64) + shift)
    want = loop(kind, records)
    keys = zip(got.group - shift, got.species, strict=True)
    pairs = [(number, got.names[code]) for number, code in keys]
    assert pairs == sorted(want)
    assert dict(zip(pairs, got.records, strict=True)) == want
    assert got.names == tuple(sorted({name for _, name in want}))

    if not want:
        return
    groups, names = np.array([3, 0, 0, 5]), ["z", *"cb", got.names[0] + "!", "a"]
    names[0] = got.names[0] if got.names[0] not in names else "z"
    matrix = got.dense(groups + shift, names)
    visited = {number for number, _ in want}
    for row, number in enumerate(groups):
        listed = kind == "survey_lists" and number in visited
        blank = 0.0 if kind == "presence_only" or listed else np.nan
        expected = [want.get((number, name), blank) for name in names]
        np.testing.assert_array_equal(matrix[row], expected)


def test_unknown_and_repeated_names_are_refused(make_occurrences):
    got = tally(make_occurrences(["a", "b"], [0, 0], [0, 0]), np.array([0, 1]))
    with pytest.raises(ValueError, match="asked for twice: a"):
        got.dense(np.array([0]), ["a", "b", "a"])
    with pytest.raises(ValueError, match=r"None of the species A has.* are a, b"):
        got.dense(np.array([0]), ["A"])


def test_sums_are_in_the_order_of_rows(make_occurrences):
    # Just at a tie of float32, which the small ones break if they are added first.
    cover = np.array([1 + 2.0**-24] + [2.0**-54] * 199)
    rows = make_occurrences(
        ["a"] * 200, [0] * 200, [0] * 200, kind="abundance", count=cover
    )
    assert np.float32(cover[::-1].cumsum()[-1]) > 1
    assert tally(rows, np.zeros(200, np.int64)).records.tolist() == [1]
