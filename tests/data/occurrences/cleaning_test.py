"""Tests for jaxsdm.data.occurrences.cleaning."""

import numpy as np
import pytest

from jaxsdm.data.occurrences import filters
from jaxsdm.data.occurrences.cleaning import clean, default_filters
from jaxsdm.data.occurrences.filters import Filter
from jaxsdm.data.rasters import RasterGrid, open_stack

NAN = np.nan
GRID = RasterGrid("EPSG:4326", (0.5, 0.0, 3.0, 0.0, -0.5, 60.0), 8, 10)
"""3 to 8 E, 56 to 60 N."""


def took(occurrences):
    return {step.reason: step.dropped for step in occurrences.report.steps}


@pytest.fixture
def dirty(make_occurrences):
    """A row for each of the default filters, in their order, and two good ones."""
    rows = [
        (None, 4, 58, True, "OBSERVATION"),
        ("b", NAN, 58, True, "OBSERVATION"),
        ("b", 4, 95, True, "OBSERVATION"),
        ("b", 0, 0, True, "OBSERVATION"),
        ("b", 4, 58, False, "OBSERVATION"),
        ("b", 4, 58, True, "FOSSIL_SPECIMEN"),
        ("a", 4, 58, True, "OBSERVATION"),
        ("a", 4, 58, True, None),
        ("b", 4, 50, True, "OBSERVATION"),
        ("b", 7.9, 58, True, "OBSERVATION"),
        ("b", 4, 58, True, "OBSERVATION"),
    ]
    species, x, y, present, basis = (list(c) for c in zip(*rows, strict=True))
    return make_occurrences(species, x, y, present=present, basisOfRecord=basis)


def test_each_default_filter_takes_its_row(dirty, write_raster):
    values = np.ones((8, 10), np.float32)
    values[:, 9] = NAN
    with open_stack(write_raster("land.tif", values)) as stack:
        cleaned = clean(dirty, rasters=stack)
    reasons = [
        "missing species",
        "missing coordinates",
        "impossible coordinates",
        "coordinates (0, 0)",
        "absences",
        "basis of record FOSSIL_SPECIMEN, LIVING_SPECIMEN",
        "duplicates (same species, coordinates)",
        "outside the rasters",
        "without data in the rasters (in the sea)",
    ]
    assert took(cleaned) == dict.fromkeys(reasons, 1)
    table = cleaned.report.table
    assert table["rows"].tolist() == list(range(11, 1, -1))
    assert table["species"].tolist() == [2] * 10
    assert cleaned.species == ("a", "b")
    assert cleaned.table.index.tolist() == [0, 1]
    assert len(dirty) == 11
    assert dirty.report.steps == ()


def test_rows_add_up_whatever_the_order(dirty):
    chosen = [*default_filters(dirty, GRID), filters.rare_species(2)]
    rng = np.random.default_rng(0)
    for _ in range(10):
        order = [chosen[i] for i in rng.permutation(len(chosen))]
        cleaned = clean(dirty, order, rasters=GRID)
        assert [step.reason for step in cleaned.report.steps] == [f[0] for f in order]
        assert sum(took(cleaned).values()) + len(cleaned) == len(dirty)


def test_a_row_is_counted_by_the_first_that_takes_it(dirty):
    fossil = filters.basis_of_record()
    far = filters.Filter("all of b", lambda o: (o.table["species"] == "b").to_numpy())
    assert list(took(clean(dirty, [fossil, far])).values()) == [1, 7]
    assert list(took(clean(dirty, [far, fossil])).values()) == [8, 0]


def test_rare_species_depend_on_what_was_taken_before(make_occurrences):
    rows = make_occurrences([*"aab"] * 1 + ["b"], [4, 4, 4, 5], [58] * 4)
    same, rare = filters.duplicates(), filters.rare_species(2)
    assert clean(rows, [rare, same]).species == ("a", "b")
    assert clean(rows, [same, rare]).species == ("b",)


@pytest.mark.parametrize("kind", ["presence_absence", "survey_lists", "abundance"])
def test_surveys_keep_absences_and_repeated_visits(make_occurrences, kind):
    rows = make_occurrences(
        [*"aaa"], [4] * 3, [58] * 3, kind=kind, present=[True, True, False]
    )
    cleaned = clean(rows)
    assert len(cleaned) == 3
    assert cleaned.kind == kind
    assert set(took(cleaned).values()) == {0}
    assert len(cleaned.report.steps) == 4


def test_records_of_two_days_are_no_duplicates(make_occurrences):
    days = ["2000-01-01", "2000-01-02", "2000-01-01"]
    rows = make_occurrences([*"aaa"], [4] * 3, [58] * 3, eventDate=days)
    cleaned = clean(rows)
    assert cleaned.table["eventDate"].dt.day.tolist() == [1, 2]
    assert took(cleaned)["duplicates (same species, eventDate, coordinates)"] == 1


def test_points_on_edges(make_occurrences):
    rows = make_occurrences([*"abcd"], [3, 8, 5, 5], [58, 58, 60, 56])
    cleaned = clean(rows, rasters=GRID)
    assert cleaned.species == ("a", "c")  # the left and the upper edge are inside


def test_nothing_left_says_why(make_occurrences):
    rows = make_occurrences(["a", "b", "c"], [58, 58, NAN], [4, 5, 4])
    message = (
        r"No row is left after cleaning. made.csv: 3 rows read, missing coordinates "
        r"took 1, outside the rasters took 2, 0 left. 2 rows outside the rasters "
        r"\(of a, b\) would be inside"
    )
    with pytest.raises(ValueError, match=message):
        clean(rows, rasters=GRID)
    # What comes after an empty table is not asked.
    broken = Filter("broken", lambda _: 1 / 0)
    with pytest.raises(ValueError, match="No row is left"):
        clean(rows, [filters.outside(GRID), broken])


def test_no_filters_no_steps(dirty):
    cleaned = clean(dirty, [])
    assert cleaned.report.steps == ()
    assert len(cleaned) == len(dirty)
