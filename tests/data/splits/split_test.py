"""Tests for jaxsdm.data.splits.split and .nearest."""

import numpy as np
import pytest
from scipy import spatial

from jaxsdm.data.splits import (
    Split,
    buffered,
    buffered_leave_one_out,
)
from jaxsdm.data.splits.nearest import distance_to_training
from jaxsdm.data.surface import EARTH_RADIUS

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0, 100, 200), RNG.uniform(0, 100, 200)
FOLD = RNG.integers(-1, 4, 200)
DEGREES = "EPSG:4326"


def great_circle(x, y):
    """Distances by the spherical law of cosines: another formula than the code's."""
    x, y = np.deg2rad(x), np.deg2rad(y)
    cosine = np.sin(y)[:, None] * np.sin(y)
    cosine += np.cos(y)[:, None] * np.cos(y) * np.cos(x[:, None] - x)
    return EARTH_RADIUS * np.arccos(np.clip(cosine, -1, 1))


def flat(x, y):
    return spatial.distance.squareform(spatial.distance.pdist(np.stack([x, y], 1)))


def test_iterates_over_training_and_test_rows():
    split = Split(np.array([0, 1, -1, 0, 1]), (np.array([2]), np.array([0, 3])))
    got = [(train.tolist(), test.tolist()) for train, test in split]
    assert got == [([1, 4], [0, 3]), ([2], [1, 4])]
    assert len(split) == split.folds == 2


def test_without_anything_left_out_all_others_train():
    split = Split.of(FOLD)
    assert split.folds == 4
    for number, (train, test) in enumerate(split):
        np.testing.assert_array_equal(test, np.flatnonzero(number == FOLD))
        np.testing.assert_array_equal(train, np.flatnonzero(number != FOLD))


def test_a_fold_number_without_sites_is_an_empty_fold():
    split = Split.of(np.array([2, 2, 0]))
    assert [len(test) for _, test in split] == [1, 0, 2]
    assert [len(train) for train, _ in split] == [2, 3, 1]
    assert Split.of(np.empty(0, np.int64)).folds == 0
    assert [len(rows) for rows in buffered(split.fold, *np.ones((2, 3)), 1).left_out]


@pytest.mark.parametrize(
    ("fold", "left_out", "said"),
    [
        ([0, 2], ([], []), r"from -1 to 1, as left_out has 2 entries; got 0 to 2"),
        ([0, -2], ([],), "got -2 to 0"),
        ([0, 0], ([2],), r"left_out\[0\] has row 2, the 2 sites are rows 0 to 1"),
        ([0, 0], ([-1],), r"left_out\[0\] has row -1"),
        ([0, -1], ([0],), r"left_out\[0\] has test rows of fold 0"),
    ],
)
def test_impossible_splits_are_refused(fold, left_out, said):
    with pytest.raises(ValueError, match=said):
        Split(np.array(fold), tuple(np.array(rows, np.int64) for rows in left_out))


@pytest.mark.parametrize(
    ("crs", "distance", "between"),
    [("", 7.5, flat), ("EPSG:3035", 7.5, flat), (DEGREES, 900_000.0, great_circle)],
)
def test_the_buffer_is_what_a_loop_over_pairs_finds(crs, distance, between):
    x, y = (X, Y) if crs != DEGREES else (3.6 * X - 180, 1.8 * Y - 90)
    split = buffered(FOLD, x, y, distance, crs=crs)
    pairs = between(x, y)
    for number, left_out in enumerate(split.left_out):
        want = [
            row
            for row in range(200)
            if FOLD[row] != number and (pairs[row, number == FOLD] <= distance).any()
        ]
        assert len(want) > 20
        np.testing.assert_array_equal(left_out, want)


def test_a_site_at_the_distance_itself_is_left_out():
    split = buffered(np.array([0, 1, 1]), np.array([0.0, 3.0, 3.1]), np.zeros(3), 3)
    assert split.left_out[0].tolist() == [1]
    same = buffered(np.array([0, 1, 1]), np.array([0.0, 0, 1e-9]), np.zeros(3), 0)
    assert same.left_out[0].tolist() == [1]
    alone = buffered_leave_one_out(np.array([0.0, 0, 1e-9]), np.zeros(3), 0)
    assert [rows.tolist() for rows in alone.left_out] == [[1], [0], []]


def test_leave_one_out_is_what_a_loop_over_pairs_finds():
    rows = np.array([7, 3, 150])
    split = buffered_leave_one_out(X, Y, 20, rows=rows)
    pairs = flat(X, Y)
    for number, row in enumerate(rows):
        want = set(np.flatnonzero(pairs[row] <= 20)) - {row}
        assert set(split.left_out[number]) == want
        assert list(np.flatnonzero(split.fold == number)) == [row]
    assert np.count_nonzero(split.fold >= 0) == 3
    assert buffered_leave_one_out(X, Y, 20.0).folds == 200


def test_leave_one_out_on_the_globe_crosses_the_antimeridian_and_the_pole():
    x, y = (
        np.array([179.9, -179.9, 0.0, 180.0, 90.0]),
        np.array([0.0, 0, 89.9, 89.9, 0]),
    )
    split = buffered_leave_one_out(x, y, 25_000, crs=DEGREES)
    assert [rows.tolist() for rows in split.left_out] == [[1], [0], [3], [2], []]


@pytest.mark.parametrize("rows", [[1, 1], [0, 200], [-1]])
def test_rows_that_are_none_or_twice(rows):
    with pytest.raises(ValueError, match="rows: "):
        buffered_leave_one_out(X, Y, 1.0, rows=np.array(rows))


@pytest.mark.parametrize("distance", [-1.0, np.nan, np.inf])
def test_distances_that_are_none(distance):
    with pytest.raises(ValueError, match="distance is a finite number >= 0, got"):
        buffered(FOLD, X, Y, distance)
    with pytest.raises(ValueError, match="distance is a finite number >= 0, got"):
        buffered_leave_one_out(X, Y, distance)


@pytest.mark.usefixtures("as_a_user")
def test_lengths_that_differ():
    with pytest.raises(ValueError, match="x 200, y 200, fold 3"):
        buffered(FOLD[:3], X, Y, 1.0)
    with pytest.raises(ValueError, match="there are no sites"):
        buffered_leave_one_out(X[:0], Y[:0], 1.0)


@pytest.mark.parametrize("crs", ["", DEGREES])
def test_distance_to_training_is_what_a_loop_finds(crs):
    split = buffered(FOLD, X, Y - 50, 4.0 if not crs else 400_000.0, crs=crs)
    pairs = great_circle(X, Y - 50) if crs else flat(X, Y - 50)
    want = np.full(200, np.nan)
    for train, test in split:
        want[test] = pairs[np.ix_(test, train)].min(axis=1)
    got = distance_to_training(split, X, Y - 50, crs=crs)
    np.testing.assert_allclose(got, want, rtol=1e-6)
    assert np.isnan(got).sum() == np.sum(FOLD == -1) > 10


def test_distance_to_training_of_many_sites_and_of_none(monkeypatch):
    few = distance_to_training(FOLD, X, Y)
    monkeypatch.setattr("jaxsdm.data.splits.nearest._FEW_PAIRS", 0)
    np.testing.assert_allclose(distance_to_training(FOLD, X, Y), few)
    alone = distance_to_training(np.zeros(2, np.int64), X[:2], Y[:2], crs=DEGREES)
    np.testing.assert_array_equal(alone, [np.inf, np.inf])
