"""Tests for jaxsdm.data.occurrences.surveys."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import MultiLabelBinarizer

from jaxsdm.data.occurrences.surveys import survey_matrix

NAN = np.nan


def test_survey_lists_are_multi_label(make_occurrences):
    rng = np.random.default_rng(0)
    survey = rng.integers(0, 12, 60)
    species = np.array([*"dcba"])[rng.integers(0, 4, 60)]
    rows = make_occurrences(
        species,
        survey / 8,
        survey / 4,
        kind="survey_lists",
        survey=[f"s{number}" for number in survey],
    )
    got = survey_matrix(rows)
    first = pd.unique(survey)  # in the order of rows
    lists = [set(species[survey == number]) for number in first]
    binarizer = MultiLabelBinarizer()
    np.testing.assert_array_equal(got.counts, binarizer.fit_transform(lists))
    assert got.species == tuple(binarizer.classes_)
    assert got.surveys == tuple(f"s{number}" for number in first)
    assert len(got) == len(first)
    np.testing.assert_array_equal(got.longitude, first / 8)
    np.testing.assert_array_equal(got.latitude, first / 4)
    np.testing.assert_array_equal(survey[got.first_row], first)
    assert (np.diff(got.first_row) > 0).all()


record = st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.booleans())


@given(st.lists(record, min_size=1, max_size=15), st.booleans())
def test_presences_win_and_the_rest_is_unknown(make_occurrences, records, named):
    survey, species, present = (list(c) for c in zip(*records, strict=True))
    columns = {"survey": [f"s{number}" for number in survey]} if named else {}
    rows = make_occurrences(
        species,
        np.array(survey) / 10,
        [50.0] * len(survey),
        kind="presence_absence",
        present=present,
        **columns,
    )
    got = survey_matrix(rows)
    want = {}
    for number, name, there in records:
        found = want.setdefault(number, {})
        found[name] = max(found.get(name, 0), there)
    matrix = [[found.get(name, NAN) for name in got.species] for found in want.values()]
    np.testing.assert_array_equal(got.counts, matrix)
    np.testing.assert_array_equal(got.longitude, np.array(list(want)) / 10)
    assert got.species == tuple(sorted({*species}))


def test_abundances_add_up_and_0_stays(make_occurrences):
    rows = make_occurrences(
        [*"aabb"],
        [4.0, 4.0, 4.0, 5.0],
        [50.0] * 4,
        kind="abundance",
        count=[1, 2, 0, 7],
        survey=[*"xxxy"],
    )
    got = survey_matrix(rows)
    np.testing.assert_array_equal(got.counts, [[3, 0], [NAN, 7]])


def test_a_place_and_day_is_a_survey_where_none_is_named(make_occurrences):
    rows = make_occurrences(
        [*"aabab"],
        [190.0, -170.0, -170.0, 190.0, 190.0],
        [5.0] * 5,
        kind="presence_absence",
        present=[True, False, True, False, False],
        eventDate=["2000-01-01", "2000-01-02", "2000-01-01", None, None],
    )
    got = survey_matrix(rows)
    assert got.surveys == (
        "(190, 5) 2000-01-01",
        "(-170, 5) 2000-01-02",
        "(190, 5) without date",
    )
    np.testing.assert_array_equal(got.counts, [[1, 1], [0, NAN], [0, 0]])


def test_a_survey_at_two_places_is_named(make_occurrences):
    rows = make_occurrences(
        [*"abcab"],
        [4.0, 5.0, 4.0, 4.0 + 1e-10, 6.0],
        [50.0] * 5,
        kind="presence_absence",
        survey=["s1", "s2", "s3", "s1", "s2"],
    )
    message = (
        r"made.csv: survey s2 is at two places, \(5, 50\) in row 1 and \(6, 50\) in "
        r"row 4; 1 surveys are"
    )
    with pytest.raises(ValueError, match=message):
        survey_matrix(rows)


@pytest.mark.parametrize(
    ("species", "latitude", "survey", "message"),
    [
        (["a", None], [5, 5], ["x", "y"], "1 of 2 rows are without a species.* row 1"),
        (["a", "b"], [NAN, 5], ["x", "y"], "without possible coordinates.* row 0"),
        (["a", "b"], [5, 95], ["x", "y"], "without possible coordinates.* row 1"),
        (["a", "b"], [5, 5], ["x", None], "without a survey.* row 1"),
    ],
)
def test_what_is_not_clean_is_refused(
    make_occurrences, species, latitude, survey, message
):
    rows = make_occurrences(
        species, [4, 4], latitude, kind="presence_absence", survey=survey
    )
    with pytest.raises(ValueError, match=message):
        survey_matrix(rows)


def test_presence_only_records_are_no_surveys(make_occurrences):
    with pytest.raises(ValueError, match=r"made.csv: presence-only .*count_in_cells"):
        survey_matrix(make_occurrences(["a"], [4], [5]))
