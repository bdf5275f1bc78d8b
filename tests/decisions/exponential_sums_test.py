"""Tests for jaxsdm.decisions.exponential_sums: how far from one over a number."""

import numpy as np
import pytest

from jaxsdm.decisions.exponential_sums import ERRORS, exponential_sum


@pytest.mark.parametrize("largest", [1.0, 2.0, 50.0, 1024.0, 16384.0, 1e6, 1e8])
@pytest.mark.parametrize("error", [1e-2, 1e-4, *ERRORS.values()])
def test_the_error_is_what_was_asked_for(largest, error):
    sums = exponential_sum(largest, error)
    assert (sums.weights > 0).all()
    assert (sums.rates > 0).all()
    numbers = np.concatenate(
        [np.geomspace(1, largest, 20_001), np.arange(1, min(largest, 3000) + 1)]
    )
    value = np.concatenate(
        [
            np.exp(-np.outer(some, sums.rates)) @ sums.weights
            for some in np.array_split(numbers, 20)
        ]
    )
    assert np.abs(value * numbers - 1).max() <= error


def test_about_twice_the_terms_of_the_shortest_sums(shared):
    with np.load(shared / "golden" / "maxexp" / "expsum_nodes.npz") as best:
        assert best["err_A16384_Q20"] > ERRORS["float32"] > best["err_A16384_Q24"]
    assert len(exponential_sum(16384.0, ERRORS["float32"]).rates) <= 2 * 24
