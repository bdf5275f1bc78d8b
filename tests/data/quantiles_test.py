"""Tests for jaxsdm.data.quantiles."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, rankdata
from sklearn.preprocessing import QuantileTransformer

from jaxsdm.data.quantiles import QuantileTransform

RNG = np.random.default_rng(0)


def skewed(rows):
    return np.c_[
        RNG.gamma(0.5, 300, rows),
        RNG.normal(12, 4, rows).round(1),  # with ties
        np.where(RNG.random(rows) < 0.4, 7.0, RNG.normal(7, 1, rows)),  # a spike
    ]


def sklearn_of(values, quantiles):
    """Theirs on all rows, uniform."""
    return QuantileTransformer(n_quantiles=quantiles, subsample=None).fit(values)


@pytest.mark.parametrize(("rows", "quantiles"), [(500, 50), (257, 257), (65, 1000)])
@pytest.mark.parametrize("output", ["uniform", "normal"])
def test_same_as_scikit_learn_off_the_ends(rows, quantiles, output):
    # In 64 or 256 steps the places of their quantiles are exact, as ours always are.
    train, test = skewed(rows), skewed(400)
    got = QuantileTransform.fit(train, quantiles=quantiles, output=output)
    assert {len(knots) for knots in got.knots} == {min(rows, quantiles)}
    want = sklearn_of(train, min(rows, quantiles)).transform(test)
    ends = (test <= train.min(axis=0)) | (test >= train.max(axis=0))
    if output == "normal":
        want = norm.ppf(np.clip(want, 0.5 / rows, 1 - 0.5 / rows))
    found = got.transform(test)
    np.testing.assert_allclose(found[~ends], want[~ends], rtol=1e-9, atol=1e-9)
    assert 0 < ends.sum() < ends.size / 2


def test_ranks_are_those_of_scipy_when_every_row_is_a_knot():
    for values in (RNG.random(30), RNG.integers(0, 5, 60).astype(float)):
        got = QuantileTransform.fit(values[:, None]).transform(values[:, None])
        want = (rankdata(values) - 1) / (len(values) - 1)  # the middle rank of ties
        np.testing.assert_allclose(got[:, 0], want, atol=1e-12)


def test_the_zeros_of_rain_are_one_step_in_the_middle_of_their_ranks():
    rain = np.array([[0.0]] * 6 + [[1.0], [5.0], [20.0], [90.0], [100.0]])
    got = QuantileTransform.fit(rain).transform(rain)[:, 0]
    np.testing.assert_allclose(got, [0.25] * 6 + [0.6, 0.7, 0.8, 0.9, 1.0])
    assert (sklearn_of(rain, 11).transform(rain)[:6] == 0).all()  # how they differ


def test_outside_the_fitted_range_is_its_end():
    train = np.arange(11.0)[:, None]
    test = np.array([[-9.0], [0.0], [5.0], [10.0], [1e300], [np.inf], [-np.inf]])
    got = QuantileTransform.fit(train).transform(test)
    np.testing.assert_array_equal(got[:, 0], [0, 0, 0.5, 1, 1, 1, 0])
    got = QuantileTransform.fit(train, output="normal").transform(test)[:, 0]
    end = norm.ppf(1 - 0.5 / 11)
    np.testing.assert_allclose(got, [-end, -end, 0, end, end, end, -end], atol=1e-12)


@pytest.mark.parametrize("rows", [1, 5])
def test_a_constant_is_the_middle(rows):
    fitted = QuantileTransform.fit(np.full((rows, 1), 0.1))
    test = np.array([[0.1], [0.0], [3.0], [np.nan]])
    np.testing.assert_array_equal(fitted.transform(test)[:, 0], [0.5, 0, 1, np.nan])


def test_missing_values_do_not_count_and_stay_missing():
    train = skewed(100)
    holes = np.concatenate([train, [[np.nan, np.inf, -np.inf]]])
    got = QuantileTransform.fit(holes)
    assert got == QuantileTransform.fit(train)
    np.testing.assert_array_equal(
        np.isnan(got.transform(holes[-2:])), [[0, 0, 0], [1, 0, 0]]
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_order_is_kept_and_scores_are_scores(data):
    number = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([0.0, 1.0, 1 / 3]))
    train = data.draw(st.lists(number, min_size=1, max_size=30))
    test = np.sort(np.r_[train, data.draw(st.lists(number, max_size=30))])
    quantiles = data.draw(st.integers(2, 40))
    for output in ("uniform", "normal"):
        fitted = QuantileTransform.fit(
            np.array(train)[:, None], quantiles=quantiles, output=output
        )
        got = fitted.transform(test[:, None])[:, 0]
        assert (np.diff(got) >= -1e-12).all()
        low, high = (0, 1) if output == "uniform" else (-3, 3)
        assert got.min() >= low
        assert got.max() <= high


def test_normal_scores_are_normal():
    values = RNG.gamma(0.3, 10, (5000, 1))
    got = QuantileTransform.fit(values, output="normal").transform(values)[:, 0]
    np.testing.assert_allclose([got.mean(), got.std()], [0, 1], atol=0.01)
    at = [0.01, 0.25, 0.5, 0.75, 0.99]
    np.testing.assert_allclose(np.quantile(got, at), norm.ppf(at), atol=0.02)


def test_frames_go_by_name_and_dicts_through_json():
    frame = pd.DataFrame(skewed(60), columns=["rain", "warmth", "ph"])
    fitted = QuantileTransform.fit(frame.iloc[:40], quantiles=9, output="normal")
    again = QuantileTransform.from_dict(json.loads(json.dumps(fitted.to_dict())))
    assert again == fitted
    other = frame.iloc[40:]
    shuffled = other[["ph", "rain", "warmth"]].assign(note="x")
    np.testing.assert_array_equal(
        again.transform(shuffled), fitted.transform(other.to_numpy())
    )


def test_integers_with_missing_values():
    frame = pd.DataFrame({"rain": pd.array([0, 4, None, 8], "Int64")})
    got = QuantileTransform.fit(frame).transform(frame)
    np.testing.assert_array_equal(got[:, 0], [0, 0.5, np.nan, 1])


def test_bad_calls():
    frame = pd.DataFrame({"rain": [1.0, 2.0], "soil": ["clay", "sand"]})
    fitted = QuantileTransform.fit(frame[["rain"]])
    with pytest.raises(ValueError, match="'soil' holds"):
        QuantileTransform.fit(frame)
    with pytest.raises(ValueError, match="no column rain; the columns are soil"):
        fitted.transform(frame[["soil"]])
    with pytest.raises(ValueError, match="fitted on 1 predictors, got 3"):
        fitted.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"want \[rows, predictors\], got \(3,\)"):
        fitted.transform(np.zeros(3))
    with pytest.raises(ValueError, match="'rain' has no value"):
        QuantileTransform.fit(frame[["rain"]] * np.nan)
    with pytest.raises(ValueError, match="one of uniform, normal, got 'gaussian'"):
        QuantileTransform.fit(frame[["rain"]], output="gaussian")
    with pytest.raises(ValueError, match="2 or more, got 1"):
        QuantileTransform.fit(frame[["rain"]], quantiles=1)
