"""Tests for jaxsdm.data.similarity."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data.similarity import mess

RNG = np.random.default_rng(0)


def slow(reference, points):
    """The formula of the paper, one value at a time."""
    found = np.empty(points.shape)
    for i, row in enumerate(points):
        for j, p in enumerate(row):
            known = reference[:, j]
            f = 100 * sum(known < p) / len(known)
            spread = known.max() - known.min()
            if f == 0:
                found[i, j] = 100 * (p - known.min()) / spread
            elif f <= 50:
                found[i, j] = 2 * f
            elif f < 100:
                found[i, j] = 2 * (100 - f)
            else:
                found[i, j] = 100 * (known.max() - p) / spread
    return found


def test_by_hand():
    reference = np.array([[0.0], [10.0], [20.0], [40.0]])
    points = np.array([[-4.0], [0.0], [5.0], [10.0], [15.0], [30.0], [40.0], [60.0]])
    # Smaller than the point: 0, 0, 1, 1, 2, 3, 3 and 4 of 4.
    want = [-10.0, 0.0, 50.0, 50.0, 100.0, 50.0, 50.0, -50.0]
    np.testing.assert_allclose(mess(reference, points).similarity, want)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_same_as_the_formula(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    width = data.draw(st.integers(1, 4))
    grid = data.draw(st.sampled_from([2, 10, 10**6]))  # few values: many ties
    reference = rng.integers(0, grid, (data.draw(st.integers(2, 20)), width)) / 3
    reference[:2] = [[-0.2] * width, [grid / 3] * width]  # never constant
    points = rng.integers(-grid, 2 * grid, (30, width)) / 3
    got = mess(reference, points, per_predictor=True)
    want = slow(reference, points)
    np.testing.assert_allclose(got.per_predictor, want, atol=1e-9)
    np.testing.assert_allclose(got.similarity, want.min(axis=1), atol=1e-9)
    np.testing.assert_array_equal(got.most_dissimilar, got.per_predictor.argmin(axis=1))
    outside = (points < reference.min(0)) | (points > reference.max(0))
    np.testing.assert_array_equal(got.similarity < 0, outside.any(axis=1))


def test_missing_points_are_missing_and_decide_nothing():
    reference = RNG.normal(size=(50, 3))
    points = RNG.normal(size=(4, 3))
    whole = mess(reference, points)
    points[1, 0], points[2, 2] = np.nan, np.inf
    got = mess(reference, points)
    np.testing.assert_array_equal(np.isnan(got.similarity), [0, 1, 1, 0])
    np.testing.assert_array_equal(got.most_dissimilar[1:3], [-1, -1])
    np.testing.assert_array_equal(got.similarity[[0, 3]], whole.similarity[[0, 3]])
    assert got.per_predictor is None


def test_missing_values_of_the_reference_do_not_count():
    reference = RNG.normal(size=(50, 2))
    points = RNG.normal(size=(20, 2))
    holes = np.concatenate([reference, [[np.nan, np.nan], [np.inf, -np.inf]]])
    np.testing.assert_array_equal(
        mess(holes, points).similarity, mess(reference, points).similarity
    )


def test_a_constant_reference_is_known_or_not():
    reference = np.array([[1.0, 0.1], [2.0, 0.1], [3.0, 0.1]])
    points = np.array([[2.5, 0.1], [2.5, 0.2], [2.5, np.nan]])
    got = mess(reference, points, per_predictor=True)
    np.testing.assert_array_equal(got.per_predictor[:, 1], [100, -100, np.nan])
    np.testing.assert_allclose(got.similarity, [200 / 3, -100, np.nan])
    np.testing.assert_array_equal(got.most_dissimilar, [0, 1, -1])


def test_frames_are_matched_by_name_and_levels_are_known_or_not():
    reference = pd.DataFrame(
        {"rain": [1, 2, 3, 4], "soil": ["clay", "clay", "sand", None]}
    )
    points = pd.DataFrame(
        {"x": 0.0, "soil": ["sand", "peat", None], "rain": [2.5, 2.5, 2.5]}
    )
    got = mess(reference, points, categorical=["soil"])
    assert got.predictors == ("rain", "soil")
    np.testing.assert_allclose(got.similarity, [100, -100, np.nan])
    np.testing.assert_array_equal(got.most_dissimilar, [0, 1, -1])


def test_integers_with_missing_values():
    reference = pd.DataFrame({"rain": pd.array([0, 4, None], "Int64")})
    got = mess(reference, pd.DataFrame({"rain": pd.array([8, None], "Int64")}))
    np.testing.assert_allclose(got.similarity, [-100, np.nan])


def test_no_points():
    got = mess(RNG.normal(size=(5, 2)), np.empty((0, 2)), per_predictor=True)
    assert got.per_predictor.shape == (0, 2)


def test_bad_calls():
    frame = pd.DataFrame({"rain": [1.0, 2.0], "soil": ["clay", "sand"]})
    rain = frame[["rain"]]
    with pytest.raises(ValueError, match="points have no column soil, which the ref"):
        mess(frame, rain, categorical=["soil"])
    with pytest.raises(ValueError, match="predictor 'soil' of the reference holds"):
        mess(frame, frame)
    with pytest.raises(ValueError, match="categorical names snow, no column"):
        mess(rain, rain, categorical=["snow"])
    with pytest.raises(ValueError, match="the reference has no predictor"):
        mess(rain[[]], rain)
    with pytest.raises(ValueError, match="the other an array"):
        mess(rain, np.zeros((2, 1)))
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(2, 4\)"):
        mess(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="need frames, with names"):
        mess(np.zeros((2, 3)), np.zeros((2, 3)), categorical=["0"])
    nothing = frame.assign(rain=np.nan, soil=None)
    with pytest.raises(ValueError, match="'rain' has no value in the reference"):
        mess(nothing[["rain"]], rain)
    with pytest.raises(ValueError, match="'soil' has no value in the reference"):
        mess(nothing[["soil"]], frame, categorical=["soil"])
