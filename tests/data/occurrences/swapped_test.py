"""Tests for jaxsdm.data.occurrences.swapped."""

import numpy as np
import pytest

from jaxsdm.data.occurrences import filters
from jaxsdm.data.occurrences.cleaning import clean
from jaxsdm.data.occurrences.swapped import suspect_swapped, swap_coordinates
from jaxsdm.data.rasters import Bounds, RasterGrid, open_stack

EUROPE = RasterGrid("EPSG:4326", (0.5, 0.0, -10.0, 0.0, -0.5, 70.0), 70, 80)
"""10 W to 30 E, 35 to 70 N."""

PLACES = {
    (4.0, 50.0): False,  # Europe
    (50.0, 4.0): True,  # Europe, swapped
    (60.0, 60.0): False,  # elsewhere either way
    (45.0, -5.0): True,
    (44.0, -100.0): False,
    (np.nan, 50.0): False,
    (50.0, np.nan): False,
    (20.0, 36.0): False,  # inside either way would be (36, 20): outside
    (69.0, 29.0): True,
}


@pytest.fixture
def mixed(make_occurrences):
    longitude, latitude = np.array(list(PLACES)).T
    return make_occurrences([*"abcdefghi"], longitude, latitude)


@pytest.mark.parametrize("where", [EUROPE, Bounds(-10.0, 35.0, 30.0, 70.0)])
def test_suspects_are_outside_and_would_be_inside(mixed, where):
    assert suspect_swapped(mixed, where).tolist() == list(PLACES.values())


def test_bounds_across_the_antimeridian_and_around_the_globe(make_occurrences):
    rows = make_occurrences([*"abc"], [10.0, -15.0, 10.0], [175.0, -175.0, 165.0])
    pacific = Bounds(170.0, -20.0, -170.0, 20.0)
    assert suspect_swapped(rows, pacific).tolist() == [True, True, False]
    north = Bounds(-180.0, 60.0, 180.0, 90.0)
    rows = make_occurrences([*"ab"], [70.0, 50.0], [-120.0, -120.0])
    assert suspect_swapped(rows, north).tolist() == [True, False]


def test_without_rasters_only_impossible_latitudes_are_suspect(make_occurrences):
    rows = make_occurrences([*"abcd"], [45.0, 45.0, 95.0, 4.0], [120.0, 400.0, 95, 50])
    assert suspect_swapped(rows).tolist() == [True, False, False, False]


def test_mended_rows_are_inside(mixed):
    suspect = suspect_swapped(mixed, EUROPE)
    mended = swap_coordinates(mixed, suspect)
    assert not suspect_swapped(mended, EUROPE).any()
    before, after = mixed.table, mended.table
    names = ["decimalLongitude", "decimalLatitude"]
    np.testing.assert_array_equal(after[suspect][names], before[suspect][names[::-1]])
    np.testing.assert_array_equal(after[~suspect][names], before[~suspect][names])
    assert mended.report.notes == ("Longitude and latitude of 3 rows were exchanged.",)
    assert before["decimalLongitude"].iloc[1] == 50  # the original is as it was
    assert clean(mended, rasters=EUROPE).species == (*"abdhi",)


def test_clean_notes_suspects_and_takes_them(mixed):
    cleaned = clean(mixed, rasters=EUROPE)
    assert cleaned.species == ("a", "h")
    (note,) = cleaned.report.notes
    assert note.startswith(
        "3 rows outside the rasters (of b, d, i) would be inside with longitude and "
        "latitude exchanged; the first is at longitude 50, latitude 4."
    )
    assert (
        "swap_coordinates(occurrences, suspect_swapped(occurrences, rasters))" in note
    )
    assert clean(cleaned, rasters=EUROPE).report.notes == (note,)


def test_clean_notes_impossible_latitudes_without_rasters(make_occurrences):
    rows = make_occurrences(
        ["a", "b", "c", "d", "e", None],
        [4.0, 45.0, 45.0, 45.0, 45.0, 45.0],
        [50.0, 120.0, 120.0, 120.0, 120.0, 120.0],
    )
    (note,) = clean(rows).report.notes
    assert "5 rows with impossible coordinates (of b, c, d, ...) would be possible" in (
        note
    )
    assert "suspect_swapped(occurrences))" in note


def test_a_stack_stands_for_its_grid(mixed, write_raster):
    values = np.ones((70, 80), np.float32)
    with open_stack(
        write_raster("europe.tif", values, transform=EUROPE.transform)
    ) as s:
        assert suspect_swapped(mixed, s).tolist() == list(PLACES.values())


def test_a_mask_of_another_length_is_refused(mixed):
    with pytest.raises(ValueError, match=r"one bool for each of 9 rows, got .*\(2,\)"):
        swap_coordinates(mixed, np.ones(2, bool))


def test_no_suspects_no_note(mixed):
    fine = clean(mixed, [filters.outside(EUROPE)], rasters=EUROPE)
    assert not clean(fine, rasters=EUROPE).report.notes[1:]
    assert suspect_swapped(fine, EUROPE).sum() == 0
