"""Tests for jaxsdm.data.occurrences.dates."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.occurrences.dates import days_from_parts, days_of, years_of


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2019-05-01", "2019-05-01"),
        ("2019-5-1", "2019-05-01"),
        ("2019-5-1T1", "2019-05-01"),
        ("2019-05-01T10:20:30.5Z", "2019-05-01"),
        ("2019-05-01 10:20", "2019-05-01"),
        ("2019-05-01/2019-06-30", "2019-05-01"),
        ("2019-05/2019-06", "2019-05-01"),
        ("2019/2020", "2019-01-01"),
        ("2019", "2019-01-01"),
        ("2019-05", "2019-05-01"),
        ("2019/05/01", "2019-05-01"),
        ("20190501", "2019-05-01"),
        (" 1600-02-29 ", "1600-02-29"),
        ("2019-02-29", None),
        ("2019-13-01", None),
        ("2019-00-01", None),
        ("01/05/2019", None),
        ("spring 2019", None),
        ("20191", None),
    ],
)
def test_ways_to_write_a_day(text, want):
    days, odd = days_of([text])
    np.testing.assert_array_equal(days, np.array([want or "NaT"], "M8[s]"))
    assert odd.tolist() == [want is None]


@given(st.lists(st.dates()))
def test_days_as_iso_writes_them(dates):
    days, odd = days_of([date.isoformat() for date in dates])
    assert days.astype("M8[D]").tolist() == dates
    assert not odd.any()
    assert years_of(days).tolist() == [date.year for date in dates]


@given(st.integers(1, 9999), st.integers(-2, 14), st.integers(-2, 33))
def test_days_of_parts_are_those_of_the_calendar(year, month, day):
    try:
        want = datetime.date(year, month, day)
    except ValueError:
        want = None
    (got,) = days_from_parts(*(np.array([float(part)]) for part in (year, month, day)))
    assert got.astype("M8[D]").item() == want


def test_unknown_months_and_days_are_the_first():
    year, unknown = np.array([2001.0, np.nan]), np.full(2, np.nan)
    got = days_from_parts(year, unknown, unknown)
    np.testing.assert_array_equal(got, np.array(["2001-01-01", "NaT"], "M8[s]"))
    np.testing.assert_array_equal(years_of(got), [2001, np.nan])
