"""Tests for jaxsdm.data.cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data import CellGrid


def test_rows_run_south_and_columns_east():
    cells = CellGrid(west=100.0, north=50.0, size=10.0)
    row, column = cells.locate(
        np.array([100.0, 119.9, 99.0]), np.array([49.0, 25.0, 51.0])
    )
    np.testing.assert_array_equal(row, [0, 2, -1])
    np.testing.assert_array_equal(column, [0, 1, -1])


@given(
    st.integers(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
    st.floats(1e-3, 1e4),
    st.floats(-1e6, 1e6),
)
def test_a_centre_lies_in_its_cell(row, column, size, origin):
    cells = CellGrid(origin, -origin, size)
    places = np.array([row]), np.array([column])
    for got, want in zip(cells.locate(*cells.centres(*places)), places, strict=True):
        np.testing.assert_array_equal(got, want)


def test_from_centres_keeps_the_centres():
    x, y = np.array([5.0, 25.0, 15.0]), np.array([8.0, 28.0, 18.0])
    cells = CellGrid.from_centres(x, y, 10.0)
    row, column = cells.locate(x, y)
    np.testing.assert_array_equal(row, [2, 0, 1])
    np.testing.assert_array_equal(column, [0, 2, 1])
    np.testing.assert_allclose(cells.centres(row, column), (x, y))


def test_points_without_coordinates_are_refused():
    with pytest.raises(ValueError, match=r"2 of 3 points .* first in row 1"):
        CellGrid(0.0, 0.0, 1.0).locate(
            np.array([0.0, np.nan, 2.0]), np.array([0.0, 1.0, np.inf])
        )


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan])
def test_a_cell_has_a_size(size):
    with pytest.raises(ValueError, match="size above 0"):
        CellGrid(0.0, 0.0, size)
