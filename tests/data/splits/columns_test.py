"""Tests for jaxsdm.data.splits.columns."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data.splits import folds_by_column, folds_by_time

REGIONS = pd.Series(list("bbacacaad"), index=range(9, 0, -1))


def test_each_level_is_a_fold():
    got = folds_by_column(REGIONS)
    np.testing.assert_array_equal(got, [1, 1, 0, 2, 0, 2, 0, 0, 3])
    np.testing.assert_array_equal(folds_by_column(REGIONS.astype("category")), got)
    np.testing.assert_array_equal(folds_by_column([7, 7, 3]), [1, 1, 0])


def test_levels_are_dealt_into_folds():
    got = folds_by_column(REGIONS, folds=2)
    assert len(set(zip(REGIONS, got, strict=True))) == 4
    np.testing.assert_array_equal(np.sort(np.bincount(got)), [4, 5])
    counts = (REGIONS.to_numpy()[:, None] < "c").astype(np.float32)
    spread = folds_by_column(REGIONS, folds=2, counts=counts)
    assert spread[0] != spread[2]
    weights = np.where(REGIONS == "d", 9.0, 1.0)
    heavy = folds_by_column(REGIONS, folds=2, weights=weights)
    np.testing.assert_array_equal(np.bincount(heavy), [1, 8])


@pytest.mark.parametrize(
    ("values", "folds", "said"),
    [
        (["a", None], None, r"missing in 1 of 2 rows \(rows 1\)"),
        ([1.0, np.nan, 2.0], None, "missing in 1 of 3 rows"),
        (["a", "a"], None, "from 2 to 1, got 1: there are 1 levels"),
        (["a", "b"], 3, "from 2 to 2, got 3: there are 2 levels"),
    ],
)
def test_bad_columns_are_refused(values, folds, said):
    with pytest.raises(ValueError, match=said):
        folds_by_column(np.array(values, object), folds=folds)


def rows(split):
    return [(train.tolist(), test.tolist()) for train, test in split]


def test_the_past_is_tested_on_nothing_later():
    years = np.array([2003, 2001, 2002, 2001, 2010])
    split = folds_by_time(years, cuts=[2002, 2005])
    assert rows(split) == [([1, 3], [0, 2]), ([0, 1, 2, 3], [4])]
    np.testing.assert_array_equal(split.fold, [0, -1, 0, -1, 1])


def test_each_period_on_all_others():
    split = folds_by_time([3, 1, 2, 1], cuts=[2], forward=False)
    assert rows(split) == [([0, 2], [1, 3]), ([1, 3], [0, 2])]


def test_dates():
    dates = pd.Series(pd.to_datetime(["2020-05-01", "2019-01-01", "2021-01-01"]))
    split = folds_by_time(dates, cuts=["2020-05-01", "2021-01-01"])
    assert rows(split) == [([1], [0]), ([0, 1], [2])]
    even = folds_by_time(dates.to_numpy(), folds=2)
    np.testing.assert_array_equal(even.fold, split.fold)


@given(
    st.lists(st.integers(0, 9), min_size=4, max_size=60),
    st.integers(2, 4),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_periods_are_whole_times_in_order(years, folds, forward):
    years = np.array(years + list(range(20, 26)))
    split = folds_by_time(years, folds=folds, forward=forward)
    assert split.folds == folds
    assert set(split.fold) == set(range(-1 if forward else 0, folds))
    in_order = split.fold[np.argsort(years, kind="stable")]
    assert np.all(np.diff(in_order) >= 0)
    assert len(set(zip(years, split.fold, strict=True))) == len(set(years))
    for train, test in split:
        if forward:
            assert years[train].max() < years[test].min()
        else:
            assert len(train) + len(test) == len(years)


def test_periods_are_as_even_as_whole_years_allow():
    years = np.repeat(np.arange(2000, 2012), 10)
    fold = folds_by_time(years, folds=3).fold
    np.testing.assert_array_equal(np.bincount(fold + 1), [30, 30, 30, 30])
    most_in_one = np.r_[np.zeros(90), np.arange(1, 5)]
    fold = folds_by_time(most_in_one, folds=4).fold
    np.testing.assert_array_equal(np.bincount(fold + 1), [90, 1, 1, 1, 1])


def test_most_sites_in_the_last_year():
    fold = folds_by_time(np.r_[np.arange(1, 5), np.full(90, 9)], folds=4).fold
    np.testing.assert_array_equal(np.bincount(fold + 1), [1, 1, 1, 1, 90])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either folds or cuts, got folds=None and cuts=None"),
        ({"folds": 2, "cuts": [1]}, "either folds or cuts, got folds=2"),
        ({"folds": 4}, "folds: from 1 to 3, got 4: there are 4 different times, and"),
        ({"folds": 0}, "folds: from 1 to 3, got 0"),
        ({"folds": 5, "forward": False}, "folds: from 2 to 4, got 5: there are 4 diff"),
        ({"times": [], "folds": 2}, "folds_by_time: there are no sites"),
        ({"cuts": [3, 2]}, r"cuts ascend, got \[3, 2\]"),
        ({"cuts": [2, 2]}, "cuts ascend"),
        ({"cuts": []}, "cuts ascend"),
        ({"cuts": [2, 9]}, "have 1, 3, 0 sites; leave out cuts of empty periods"),
        ({"times": [1.0, np.nan], "folds": 2}, "missing in 1 of 2 rows"),
    ],
)
def test_bad_times_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        folds_by_time(**{"times": [1, 2, 3, 4]} | options)
