"""Tests for jaxsdm.data.splits.at_random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsdm.data.splits import random_folds


@given(st.integers(2, 7), st.integers(7, 60), st.integers(0, 9))
def test_random_folds_are_even(folds, sites, seed):
    got = random_folds(sites, folds=folds, seed=seed)
    sizes = np.bincount(got, minlength=folds)
    assert len(got) == sites
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= 1


def test_random_folds_are_random_and_reproducible():
    one, again, other = (random_folds(99, folds=5, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert (one != np.arange(99) % 5).any()


@pytest.mark.parametrize("folds", [1, 10])
def test_bad_numbers_of_random_folds(folds):
    with pytest.raises(
        ValueError, match=f"from 2 to 9, got {folds}: there are 9 sites"
    ):
        random_folds(9, folds=folds)
