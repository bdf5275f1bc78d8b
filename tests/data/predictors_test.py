"""Tests for jaxsdm.data.predictors."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from jaxsdm.data import PredictorEncoder, check_predictors
from jaxsdm.data.quantiles import QuantileTransform

RNG = np.random.default_rng(0)


def frame(rows=200, *, soils=("clay", "loam", "sand")):
    return pd.DataFrame(
        {
            "veg": RNG.integers(1, 6, rows),
            "rain": RNG.gamma(2, 400, rows),
            "note": None,
            "temp": RNG.normal(12, 4, rows).round(1),
            "soil": RNG.choice(list(soils), rows),
        }
    )


def fitted(on=None, **options):
    return PredictorEncoder.fit(
        frame() if on is None else on,
        continuous=["temp", "rain"],
        categorical=["soil", "veg"],
        **options,
    )


def test_same_as_scikit_learn():
    train, test = frame(), frame(50)
    scaler = StandardScaler().fit(train[["temp", "rain"]].to_numpy())
    onehot = OneHotEncoder(sparse_output=False).fit(train[["soil", "veg"]])
    want = np.c_[
        scaler.transform(test[["temp", "rain"]].to_numpy()),
        onehot.transform(test[["soil", "veg"]]),
    ]
    encoder = fitted(train)
    got = encoder.transform(test)
    assert got.features.dtype == np.float32
    np.testing.assert_allclose(got.features, want, rtol=1e-6, atol=1e-6)
    assert got.valid.all()
    theirs = onehot.get_feature_names_out(["soil", "veg"])
    assert encoder.feature_names == (
        "temp",
        "rain",
        *(name.replace("_", "=") for name in theirs),
    )
    np.testing.assert_array_equal(encoder.is_categorical, [False] * 2 + [True] * 8)


def test_quantiles_in_place_of_standard_deviations():
    train, test = frame(), frame(50)
    standard, got = fitted(train), fitted(train, scaling="quantile")
    features = got.transform(test).features
    ranks = QuantileTransform.fit(train[["temp", "rain"]], output="normal")
    want = ranks.transform(test[["temp", "rain"]])
    np.testing.assert_allclose(features[:, :2], want, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(
        features[:, 2:], standard.transform(test).features[:, 2:]
    )
    assert got.feature_names == standard.feature_names
    with pytest.raises(ValueError, match="one of standard, quantile, got 'rank'"):
        fitted(train, scaling="rank")


def test_without_a_continuous_predictor():
    encoder = PredictorEncoder.fit(
        frame(), continuous=[], categorical=["veg"], scaling="quantile"
    )
    assert encoder.transform(frame(9)).features.shape == (9, 5)


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_a_constant_column_becomes_zero(scaling):
    constant = pd.DataFrame({"flat": [0.1] * 7})  # its floating std is not 0
    encoder = PredictorEncoder.fit(constant, continuous=["flat"], scaling=scaling)
    assert encoder.standard_deviations == (1.0,)
    np.testing.assert_allclose(encoder.transform(constant).features, 0, atol=1e-7)


def test_unseen_levels_are_zeros_not_valid_and_told():
    encoder = fitted()
    test = frame(6)
    test["soil"] = ["clay", "peat", "rock", "peat", "sand", "peat"]
    with pytest.warns(UserWarning, match="was not seen in") as told:
        features, valid = encoder.transform(test, table="survey bird")
    said = sorted(str(warning.message) for warning in told)
    assert len(said) == 2
    assert said[0].startswith("survey bird: level 'peat' of predictor 'soil' was not")
    assert "known: clay, loam, sand); 3 of 6 rows" in said[0]
    assert "level 'rock'" in said[1]
    np.testing.assert_array_equal(valid, [1, 0, 0, 0, 1, 0])
    np.testing.assert_array_equal(features[:, 2:5].sum(axis=1), valid)
    np.testing.assert_array_equal(features[:, 5:].sum(axis=1), 1)


def test_two_predictors_with_unseen_levels_both_invalidate():
    test = frame(3).assign(soil=["peat", "clay", "clay"], veg=[1, 9, 1])
    with pytest.warns(UserWarning, match="of predictor"):
        valid = fitted().transform(test).valid
    np.testing.assert_array_equal(valid, [False, False, True])


def test_labels_of_another_kind_are_unseen():
    with pytest.warns(UserWarning, match="level '1' of predictor 'veg'"):
        assert not fitted().transform(frame(2).assign(veg="1")).valid.any()


@pytest.mark.parametrize("scaling", ["standard", "quantile"])
def test_dict_survives_json(scaling):
    encoder = fitted(scaling=scaling)
    again = PredictorEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    test = frame(20)
    np.testing.assert_array_equal(
        again.transform(test).features, encoder.transform(test).features
    )


def test_dicts_are_as_before_there_were_quantiles():
    assert set(fitted().to_dict()) == {
        "continuous",
        "categorical",
        "means",
        "standard_deviations",
        "levels",
    }


def test_fit_reads_the_fitted_table_alone():
    encoder = fitted()
    shifted = frame(30).assign(temp=100.0)
    before = encoder.to_dict()
    encoder.transform(shifted)
    assert encoder.to_dict() == before


def test_missing_values_are_refused_with_column_rows_and_count():
    bad = frame(20)
    bad.loc[[3, 4, 5, 6, 7, 8, 9], "temp"] = np.nan
    bad.loc[11, "rain"] = -np.inf
    bad.loc[12, "soil"] = None
    with pytest.raises(ValueError, match="survey bat: ") as error:
        fitted().transform(bad, table="survey bat")
    said = str(error.value)
    assert (
        "'temp' is missing or infinite in 7 of 20 rows (rows 3, 4, 5, 6, 7, ...)"
        in said
    )
    assert "'rain' is missing or infinite in 1 of 20 rows (rows 11)" in said
    assert "'soil' is missing" in said
    assert "--on-missing drop" in said
    with pytest.raises(ValueError, match="the fitted table: predictor 'temp'"):
        fitted(bad)


def test_drop_marks_the_rows_and_reports():
    bad = frame(10)
    bad.loc[[1, 4], "temp"] = np.nan
    bad.loc[[4, 7], "soil"] = None
    with pytest.warns(
        UserWarning, match="records: 3 of 10 rows dropped: .*'temp'.*2 of"
    ):
        keep = check_predictors(
            bad, ["temp", "soil"], table="records", on_missing="drop"
        )
    np.testing.assert_array_equal(np.flatnonzero(~keep), [1, 4, 7])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_predictors(bad[keep], ["temp", "soil"], on_missing="drop").all()
    assert check_predictors(bad, []).all()  # other columns do not matter


def test_bad_calls():
    with pytest.raises(
        ValueError, match="plots: no column wind; the columns are veg, ra"
    ):
        check_predictors(frame(), ["temp", "wind"], table="plots")
    with pytest.raises(ValueError, match="no column rain"):
        fitted().transform(frame().drop(columns="rain"))
    with pytest.raises(ValueError, match="'error' or 'drop', got 'ignore'"):
        check_predictors(frame(), [], on_missing="ignore")
    with pytest.raises(ValueError, match="the fitted table has no rows"):
        fitted(frame(0).astype({"temp": float}))
    with pytest.raises(
        ValueError, match=r"continuous predictor 'temp' holds (str|object)"
    ):
        fitted().transform(frame(3).assign(temp="warm"))
    with pytest.raises(
        ValueError, match=r"continuous predictor 'soil' holds (str|obj)"
    ):
        PredictorEncoder.fit(frame(3), continuous=["soil"])
