"""Tests for jaxsdm.data.sampling.spacing: the rounds against the definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data.sampling import spacing
from jaxsdm.data.sampling.spacing import greedy_spacing


def one_after_the_other(points, distance, rank, group):
    """The greedy choice by its definition, against all kept points."""
    kept = []
    for i in np.argsort(rank):
        same = [j for j in kept if group[i] == group[j]]
        squared = np.sum((points[same] - points[i]) ** 2, axis=1)
        if (squared >= distance**2).all():
            kept.append(int(i))
    return np.isin(np.arange(len(points)), kept)


# All in rounds; both; all one by one.
@pytest.mark.parametrize("few", [1, 40, 10**6])
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    dimensions=st.integers(1, 3),
    distance=st.sampled_from([0.3, 1.0, 2.0, 5.0, 100.0]),
    on_a_lattice=st.booleans(),
)
def test_same_as_one_after_the_other(few, seed, dimensions, distance, on_a_lattice):
    rng = np.random.default_rng(seed)
    number = int(rng.integers(1, 250))
    points = rng.normal(size=(number, dimensions)) * rng.choice([1, 10], (number, 1))
    if on_a_lattice:  # many distances are exactly those asked for, or 0
        points = np.round(points)
    rank, group = rng.permutation(number), rng.integers(0, 3, number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spacing, "_FEW", few)
        patch.setattr(spacing, "_PAIRS_AT_ONCE", 50)
        got = greedy_spacing(points, distance, rank, group)
        np.testing.assert_array_equal(
            got, one_after_the_other(points, distance, rank, group)
        )
        got = greedy_spacing(points, distance, rank)
        want = one_after_the_other(points, distance, rank, 0 * group)
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("share", [0.0, 0.02, 1.0])
def test_chains_in_order_are_settled_at_any_number_of_rounds(monkeypatch, share):
    monkeypatch.setattr(spacing, "_FEW", 5)
    monkeypatch.setattr(spacing, "_SLOW", share)
    line = np.c_[np.arange(400.0), np.zeros(400)]
    got = greedy_spacing(line, 2.5, np.arange(400))
    np.testing.assert_array_equal(np.flatnonzero(got), np.arange(0, 400, 3))


def test_a_distance_that_is_tiny_beside_the_extent(monkeypatch):
    # The numbers of cubes do not fit into 64 bits.
    monkeypatch.setattr(spacing, "_FEW", 1)
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 1e7, (300, 3))
    points = np.r_[places, places + 1e-3, places + 3e-3]
    rank, group = rng.permutation(900), rng.integers(0, 2, 900)
    want = one_after_the_other(points, 2e-3, rank, group)
    np.testing.assert_array_equal(greedy_spacing(points, 2e-3, rank, group), want)
    assert 300 < want.sum() < 900


def test_nothing_to_choose_from_and_nothing_to_keep_apart():
    assert greedy_spacing(np.zeros((0, 2)), 1.0, np.zeros(0, np.int64)).shape == (0,)
    assert greedy_spacing(np.zeros((5, 2)), 0.0, np.arange(5)).all()


def test_equal_points_leave_the_first_in_rank(monkeypatch):
    monkeypatch.setattr(spacing, "_FEW", 1)
    rank = np.random.default_rng(0).permutation(500)
    got = greedy_spacing(np.ones((500, 3)), 1e-9, rank)
    np.testing.assert_array_equal(np.flatnonzero(got), [rank.argmin()])
