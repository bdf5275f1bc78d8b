"""Tests for jaxsdm.data.occurrences.place_filters."""

import math

import numpy as np
import pytest

from jaxsdm.data.occurrences import filters, place_filters
from jaxsdm.data.rasters import RasterGrid, open_stack

NAN = np.nan


def lost(make_occurrences, chosen, *places):
    longitude, latitude = np.array(places, np.float64).reshape(-1, 2).T
    occurrences = make_occurrences(["a"] * len(places), longitude, latitude)
    return chosen.lost(occurrences).tolist()


@pytest.mark.parametrize(
    ("chosen", "place", "want"),
    [
        (filters.missing_coordinates(), (NAN, 1), True),
        (filters.missing_coordinates(), (1, NAN), True),
        (filters.missing_coordinates(), (1, np.inf), True),
        (filters.missing_coordinates(), (999, 999), False),
        (filters.impossible_coordinates(), (NAN, 999), False),  # missing
        (filters.impossible_coordinates(), (-180, -90), False),
        (filters.impossible_coordinates(), (360, 90), False),
        (filters.impossible_coordinates(), (-180.01, 0), True),
        (filters.impossible_coordinates(), (360.01, 0), True),
        (filters.impossible_coordinates(), (0, 90.01), True),
        (filters.impossible_coordinates(), (0, -90.01), True),
        (filters.zero_coordinates(), (0, 0), True),
        (filters.zero_coordinates(), (-0.0, 0), True),
        (filters.zero_coordinates(), (360, 0), True),
        (filters.zero_coordinates(), (0.001, 0), False),
        (filters.zero_coordinates(), (0, 50), False),
        (filters.zero_coordinates(), (NAN, 0), False),
        (filters.zero_coordinates(0.5), (-0.5, 0.5), True),
        (filters.zero_coordinates(0.5), (359.5, 0), True),
        (filters.zero_coordinates(0.5), (0.51, 0), False),
        (filters.zero_coordinates(0.5), (0, -0.51), False),
        (filters.equal_coordinates(), (12.5, 12.5), True),
        (filters.equal_coordinates(), (12.5, -12.5), False),
        (filters.equal_coordinates(), (NAN, NAN), False),
        (filters.low_precision(2), (4.3, 50.8), True),
        (filters.low_precision(2), (-4, 50), True),
        (filters.low_precision(2), (4.31, 50.8), False),
        (filters.low_precision(2), (4.3, 50.81), False),
        (filters.low_precision(1), (4.3, 50), False),
        (filters.low_precision(1), (4, 50), True),
        (filters.low_precision(2), (NAN, 50), False),
    ],
)
def test_one_row(make_occurrences, chosen, place, want):
    assert lost(make_occurrences, chosen, place) == [want]


def test_decimals_below_1_are_refused():
    with pytest.raises(ValueError, match="decimals of at least 1, got 0"):
        filters.low_precision(0)


def haversine(a, b):
    """Metres between two places, each longitude and latitude in degrees."""
    x1, y1, x2, y2 = (math.radians(v) for v in (*a, *b))
    h = math.sin((y2 - y1) / 2) ** 2
    h += math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(min(h, 1.0)))


def test_near_is_what_haversine_says(make_occurrences, monkeypatch):
    monkeypatch.setattr(place_filters, "_CHUNK", 50)  # several chunks
    rng = np.random.default_rng(0)
    # Around the antimeridian and the pole.
    places = [(179.0, 5.0), (-178.0, -3.0), (30.0, 89.5)]
    records = np.concatenate(
        [
            np.stack([rng.uniform(170, 190, 150), rng.uniform(-10, 10, 150)], 1),
            np.stack([rng.uniform(-180, 180, 50), rng.uniform(85, 90, 50)], 1),
        ]
    )
    want = [min(haversine(p, r) for p in places) <= 400_000 for r in records]
    assert 20 < sum(want) < 180
    chosen = filters.near(places, 400_000, "a museum")
    assert chosen.reason == "within 400000 m of a museum"
    assert lost(make_occurrences, chosen, *records) == want


def test_near_passes_over_rows_without_coordinates(make_occurrences):
    chosen = filters.near([(4.0, 50.0)], 0, "a museum")
    rows = [(NAN, 50), (4, 50), (4, 999), (4.001, 50)]
    assert lost(make_occurrences, chosen, *rows) == [False, True, False, False]


@pytest.mark.parametrize(
    ("places", "message"),
    [
        ([(4.0, 50.0), (50.0, 104.0)], "place 1 is at longitude 50, latitude 104"),
        ([(NAN, 50.0)], "place 0 is at longitude nan"),
        (np.zeros((0, 2)), r"at least one, got shape \(0, 2\)"),
        ([4.0, 50.0], r"got shape \(2,\)"),
    ],
)
def test_places_that_are_none(places, message):
    with pytest.raises(ValueError, match=message):
        filters.near(places, 10, "a capital")


def test_outside_is_half_open(make_occurrences):
    grid = RasterGrid("EPSG:4326", (1.0, 0.0, 170.0, 0.0, -1.0, 2.0), 2, 20)
    rows = {
        (170.0, 2.0): False,  # left and upper edge
        (-170.0, 1.0): True,  # right edge, 190
        (175.0, 0.0): True,  # lower edge
        (-175.0, 1.0): False,  # 185
        (185.0, 1.0): False,
        (169.9, 1.0): True,
        (180.0, 2.1): True,
        (NAN, 1.0): True,
        (180.0, 200.0): True,
    }
    got = lost(make_occurrences, filters.outside(grid), *rows)
    assert got == list(rows.values())


def test_without_data(make_occurrences, write_raster, monkeypatch):
    monkeypatch.setattr(place_filters, "_CHUNK", 3)  # several chunks
    land = np.ones((8, 10), np.float32)
    land[:, 6:] = -9999
    lake = np.ones((8, 10), np.uint8)
    lake[3, 2] = 0
    paths = [
        write_raster("land.tif", land, nodata=-9999),
        write_raster("lake.tif", lake, nodata=0),
    ]
    rng = np.random.default_rng(0)
    x, y = rng.uniform(3, 8, 200), rng.uniform(56.001, 60, 200)
    row, column = ((60 - y) * 2).astype(int), ((x - 3) * 2).astype(int)
    want = (column >= 6) | ((row == 3) & (column == 2))
    assert want.any()
    places = [*zip(x, y, strict=True), (2.0, 58.0), (NAN, 58.0), (8.0, 58.0)]
    with open_stack(paths) as stack:
        chosen = filters.without_data(stack)
        got = lost(make_occurrences, chosen, *places)
        np.testing.assert_array_equal(got[:-3], want)
        assert got[-3:] == [True, True, True]
        # One of the bands alone.
        alone = filters.without_data(stack.select(["land"]))
        np.testing.assert_array_equal(
            lost(make_occurrences, alone, *places)[:-3], column >= 6
        )
        assert lost(make_occurrences, filters.outside(stack), *places[-4:]) == [
            False,
            True,
            True,
            True,
        ]
