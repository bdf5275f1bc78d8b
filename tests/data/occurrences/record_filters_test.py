"""Tests for jaxsdm.data.occurrences.record_filters."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.occurrences import filters
from jaxsdm.data.occurrences.places import place_numbers

NAN = np.nan


@pytest.fixture
def rows(make_occurrences):
    """A function that makes rows at one place which differ in the columns given."""

    def make(count, **columns):
        species = columns.pop("species", ["a"] * count)
        return make_occurrences(species, [4.0] * count, [50.0] * count, **columns)

    return make


def test_missing_species(rows):
    got = filters.missing_species().lost(rows(3, species=["b", None, "a"]))
    assert got.tolist() == [False, True, False]


def test_absences(rows):
    got = filters.absences().lost(rows(2, present=[True, False]))
    assert got.tolist() == [False, True]


@pytest.mark.parametrize(
    ("missing", "want"), [("keep", [0, 0, 1, 0]), ("drop", [0, 0, 1, 1])]
)
def test_uncertain(rows, missing, want):
    table = rows(4, coordinateUncertaintyInMeters=[10.0, 1000.0, 1000.1, NAN])
    got = filters.uncertain(1000, missing).lost(table)
    assert got.tolist() == [bool(v) for v in want]


DAYS = ["1999-12-31", "2000-01-01", "2000-12-31 18:30", "2001-01-01", None]


@pytest.mark.parametrize(
    ("first", "last", "missing", "want"),
    [
        ("2000", None, "keep", [1, 0, 0, 0, 0]),
        (None, "2000", "keep", [0, 0, 0, 1, 0]),
        ("2000-01-02", "2000-12-31", "keep", [1, 1, 0, 1, 0]),
        ("1999-12-31", "2000-11", "keep", [0, 0, 1, 1, 0]),
        (datetime.date(2000, 1, 1), datetime.date(2000, 1, 1), "drop", [1, 0, 1, 1, 1]),
        (None, None, "drop", [0, 0, 0, 0, 1]),
    ],
)
def test_dates(rows, first, last, missing, want):
    days = pd.to_datetime(pd.Series(DAYS), format="ISO8601")
    got = filters.dates(first, last, missing).lost(rows(5, eventDate=days))
    assert got.tolist() == [bool(v) for v in want]


@pytest.mark.parametrize("text", ["May 2000", "2000-13", "", "NaT"])
def test_what_is_no_date(text):
    with pytest.raises(ValueError, match="is no date; write it as 2000-05-17"):
        filters.dates(first=text)


@pytest.mark.parametrize(
    ("chosen", "want"),
    [
        (filters.years(first=2000), [1, 0, 0, 0]),
        (filters.years(last=2000), [0, 0, 1, 0]),
        (filters.years(2000, 2000), [1, 0, 1, 0]),
        (filters.years(missing="drop"), [0, 0, 0, 1]),
    ],
)
def test_years(rows, chosen, want):
    got = chosen.lost(rows(4, year=[1999.0, 2000.0, 2001.0, NAN]))
    assert got.tolist() == [bool(v) for v in want]


def test_basis_of_record(rows):
    basis = ["FOSSIL_SPECIMEN", "FossilSpecimen", "HUMAN_OBSERVATION", None, "living"]
    table = rows(5, basisOfRecord=basis)
    got = filters.basis_of_record().lost(table)
    assert got.tolist() == [True, True, False, False, False]
    got = filters.basis_of_record(but=["Human observation"]).lost(table)
    assert got.tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("chosen", "column"),
    [
        (filters.uncertain(10), "coordinateUncertaintyInMeters"),
        (filters.dates("2000"), "eventDate"),
        (filters.years(2000), "year"),
        (filters.basis_of_record(), "basisOfRecord"),
        (filters.duplicates(["species", "observer"]), "observer"),
    ],
)
def test_a_filter_names_the_column_that_is_absent(rows, chosen, column):
    message = rf"made.csv: the filter .* needs a column {column}; there are species, "
    with pytest.raises(ValueError, match=message):
        chosen.lost(rows(1))


@pytest.mark.parametrize("make", [filters.dates, filters.years])
def test_missing_is_keep_or_drop(make):
    with pytest.raises(ValueError, match="'keep' or 'drop', got 'maybe'"):
        make(missing="maybe")


record = st.tuples(
    st.sampled_from(["a", "b", None]),
    st.sampled_from([-170.0, 190.0, 4.25, NAN]),
    st.sampled_from([0.0, 50.125, 99.0, NAN]),
    st.booleans(),
    st.sampled_from([1, 2, None]),
)


@given(st.lists(record, max_size=25), st.booleans())
def test_duplicates_are_those_of_a_loop(make_occurrences, records, dated):
    columns = [list(c) for c in zip(*records, strict=True)] or [[] for _ in range(5)]
    species, longitude, latitude, present, day = columns
    dates = [None if d is None else f"2000-01-0{d}" for d in day]
    occurrences = make_occurrences(
        species,
        longitude,
        latitude,
        present=np.array(present, bool),
        eventDate=np.array(dates, "datetime64[s]"),
    )
    by = ["species", "decimalLongitude", "decimalLatitude"]
    got = filters.duplicates([*by, "eventDate"] if dated else by).lost(occurrences)
    seen, want = set(), []
    for name, x, y, there, when in records:
        key = name, x % 360, y, there, when if dated else None
        real = x == x and y == y and y <= 90
        want.append(real and key in seen)
        seen.add(key)
    assert got.tolist() == want


def test_duplicates_are_exact_where_numbers_of_places_are_large(make_occurrences):
    # Two places whose numbers differ by 2 ** 62: four times that is 0 in 64 bits.
    steps = 1_800_000_001
    east, north = divmod(2**62 + 10_000_000, steps)
    longitude, latitude = [0.0, east / 1e7], [-89.0, north / 1e7 - 90]
    one, other = place_numbers(np.array(longitude), np.array(latitude))
    assert other - one == 2**62
    rows = make_occurrences([*"aaa"], [*longitude, 0.0], [*latitude, -89.0])
    assert filters.duplicates().lost(rows).tolist() == [False, False, True]


def test_duplicates_by_other_columns(rows):
    table = rows(
        5,
        survey=["p", "q", "p", "p", "q"],
        year=[2000.0, NAN, 2001.0, 2000.0, NAN],
        present=[True, True, True, False, True],
    )
    got = filters.duplicates(["survey", "year"]).lost(table)
    assert got.tolist() == [False, False, False, False, True]
    got = filters.duplicates(["survey"]).lost(table)
    assert got.tolist() == [False, False, True, False, True]
    with pytest.raises(ValueError, match="at least one column"):
        filters.duplicates([])


def test_rare_species_are_counted_by_their_presences(rows):
    table = rows(
        7,
        species=["a", "b", "a", "b", "c", None, "b"],
        present=[True, True, False, True, True, True, False],
    )
    got = filters.rare_species(fewer_than=2).lost(table)
    # b has 2 presences and an absence; a and c have 1 presence.
    assert got.tolist() == [True, False, True, False, True, False, False]
    assert not filters.rare_species(1).lost(table).any()
