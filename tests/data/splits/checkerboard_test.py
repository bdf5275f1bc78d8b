"""Tests for jaxsdm.data.splits.checkerboard."""

import numpy as np
import pytest

from jaxsdm.data.splits import checkerboard, checkerboard2

X, Y = (v.ravel() for v in np.meshgrid(np.arange(8.0), np.arange(4.0)))


def picture(fold):
    """Rows from north to south."""
    return ["".join(map(str, row)) for row in fold.reshape(4, 8)[::-1]]


def test_fields_alternate_from_the_south_west():
    got = checkerboard(X + 0.5, Y - 5.25, size=2)
    assert picture(got) == ["11001100", "11001100", "00110011", "00110011"]


def test_fine_fields_within_coarse_ones():
    got = checkerboard2(X, Y, size=1.0)
    assert picture(got) == ["32103210", "23012301", "10321032", "01230123"]
    three = checkerboard2(X, Y, size=1.0, factor=4)
    assert picture(three)[-1] == "01012323"


@pytest.mark.parametrize("size", [0.0, -1.0, np.nan, np.inf])
def test_sizes_that_are_none(size):
    with pytest.raises(ValueError, match=r"size is finite and > 0, got"):
        checkerboard(X, Y, size=size)


def test_fields_of_one_kind_only():
    with pytest.raises(ValueError, match="1 of 2 kinds of fields of size 100"):
        checkerboard(X, Y, size=100)
    with pytest.raises(ValueError, match="2 of 4 kinds"):
        checkerboard2(X, Y, size=4, factor=100)
    with pytest.raises(ValueError, match="factor of at least 2, got 1"):
        checkerboard2(X, Y, size=1, factor=1)
    with pytest.raises(ValueError, match="not finite in 32 of 32 rows"):
        checkerboard(X * np.nan, Y, size=1)
