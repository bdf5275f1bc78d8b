"""Tests for jaxsdm.data.occurrences.places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.occurrences.places import is_on_earth, place_numbers

NAN = np.nan


def numbers(*places):
    longitude, latitude = np.array(places, np.float64).T
    return place_numbers(longitude, latitude)


@pytest.mark.parametrize(
    ("longitude", "latitude", "want"),
    [
        (-180, -90, True),
        (360, 90, True),
        (-180.001, 0, False),
        (360.001, 0, False),
        (0, 90.001, False),
        (0, -90.001, False),
        (NAN, 0, False),
        (0, NAN, False),
        (np.inf, 0, False),
    ],
)
def test_what_is_on_earth(longitude, latitude, want):
    at = np.array([longitude], np.float64), np.array([latitude], np.float64)
    assert is_on_earth(*at).tolist() == [want]
    assert (place_numbers(*at) >= 0).tolist() == [want]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((190, 12), (-170, 12)),
        ((190.1, 12), (-169.9, 12)),
        ((180, 5), (-180, 5)),
        ((360, 5), (0, 5)),
        ((-1e-12, 5), (0, 5)),  # as an angle almost 360
        ((4.3, 50.1), (4.3 + 1e-12, 50.1 - 1e-12)),
        ((17, 90), (-120, 90)),
        ((17, -90), (0, -90)),
    ],
)
def test_two_names_of_one_place(one, other):
    first, second = numbers(one, other)
    assert first == second >= 0


def test_places_two_centimetres_apart_are_two():
    places = [(0, 0), (2e-7, 0), (0, 2e-7), (360 - 2e-7, 0), (0, 90), (0, 90 - 2e-7)]
    assert len(set(numbers(*places))) == len(places)


steps = st.tuples(st.integers(-1800, 3600), st.integers(-900, 900))


@given(st.lists(steps, min_size=1, max_size=30))
def test_equal_where_the_points_of_the_globe_are(places):
    got = numbers(*[(x / 10, y / 10) for x, y in places])
    names = [(0 if abs(y) == 900 else x % 3600, y) for x, y in places]
    for number, name in zip(got, names, strict=True):
        same = [other == name for other in names]
        np.testing.assert_array_equal(got == number, same)
