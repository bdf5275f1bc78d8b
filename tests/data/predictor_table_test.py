"""Tests for jaxsdm.data.predictor_table."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.collinearity import collinearity_report
from jaxsdm.data.predictor_table import describe_predictors, levels_missing

RNG = np.random.default_rng(0)


def frame(rows=100):
    rain = RNG.gamma(2, 400, rows).round()
    return pd.DataFrame(
        {
            "rain": rain,
            "snow": 0.1 * rain + RNG.normal(size=rows),
            "soil": ["clay"] * 60 + ["loam"] * 37 + ["peat"] * 3,
            "zone": RNG.integers(1, 4, rows),
        }
    )


def test_numbers_are_those_of_pandas():
    table = frame()
    got = describe_predictors(table, ["soil", "zone"])
    assert list(got.index) == list(table)
    assert list(got["kind"]) == ["continuous"] * 2 + ["categorical"] * 2
    for name in ("rain", "snow"):
        column = table[name]
        want = [column.min(), column.mean(), column.std(ddof=0), column.max()]
        names = ["minimum", "mean", "standard_deviation", "maximum"]
        np.testing.assert_allclose(got.loc[name, names].tolist(), want, rtol=1e-12)
        assert got.loc[name, "distinct"] == column.nunique()
        assert got.loc[name, "commonest"] == column.value_counts().iloc[0] / 100
    assert got["rarest_level"].isna().tolist() == [True, True, False, False]
    report = collinearity_report(table, ["rain", "snow"])
    np.testing.assert_array_equal(got["vif"][:2], report.vif)
    assert got["partner"].tolist()[:2] == ["snow", "rain"]
    assert got["vif"][2:].isna().all()


def test_levels_by_hand():
    table = frame()
    table["soil"] = table["soil"].astype("category").cat.add_categories("rock")
    table.loc[:9, "soil"] = None
    got = describe_predictors(table, ["soil", "zone"]).loc["soil"]
    assert got[["missing", "distinct", "rarest_level"]].tolist() == [10, 3, 3]
    assert got["commonest"] == 50 / 90
    assert not got["near_constant"]
    assert np.isnan(got["mean"])


def test_gaps_and_near_constants():
    table = pd.DataFrame(
        {
            "gaps": [np.nan, np.inf, *range(98)],
            "flat": 0.1,
            "almost": [0.0] * 95 + [1.0] * 5,
            "just_not": [0.0] * 94 + [1.0] * 6,
            "whole": pd.array([*range(99), None], "Int64"),
            "none": np.nan,
        }
    )
    got = describe_predictors(table)
    assert got["missing"].tolist() == [2, 0, 0, 0, 1, 100]
    assert got["near_constant"].tolist() == [False, True, True, False, False, False]
    assert got.loc["gaps", "maximum"] == 97
    assert got.loc["flat", ["standard_deviation", "distinct"]].tolist() == [0, 1]
    assert got.loc["whole", "mean"] == 49
    assert got.loc["none", ["distinct"]].tolist() == [0]
    assert got.loc["none"].isna().sum() == 9
    assert got["vif"].isna().all()  # no row is complete
    kept = table.drop(columns="none")
    assert np.isnan(describe_predictors(kept).loc["flat", "vif"])
    assert describe_predictors(kept).loc["almost", "vif"] > 1


def test_only_levels_or_nothing():
    got = describe_predictors(frame()[["soil"]], ["soil"])
    assert got["vif"].isna().all()
    empty = describe_predictors(frame().iloc[:0], ["soil"])
    assert empty["distinct"].tolist() == [0, 0, 0, 0]


def test_levels_that_the_fit_lacks():
    fit = pd.DataFrame({"soil": ["clay", None, "loam"], "zone": [1, 2, 3]})
    other = pd.DataFrame(
        {
            "soil": ["peat", "clay", None, "rock", "rock", "loam"],
            "zone": [1, 1, 2, 2, 9, 3],
        }
    )
    want = pd.DataFrame(
        {
            "predictor": ["soil", "soil", "zone"],
            "level": ["rock", "peat", 9],
            "rows": [2, 1, 1],
        }
    )
    pd.testing.assert_frame_equal(levels_missing(fit, other, ["soil", "zone"]), want)
    coded = other.astype({"soil": "category"})
    got = levels_missing(fit, coded, ["soil"])
    assert got.to_numpy().tolist() == want[:2].to_numpy().tolist()
    assert levels_missing(other, fit, ["soil", "zone"]).empty


def test_bad_calls():
    with pytest.raises(ValueError, match="names sand, no column of the table"):
        describe_predictors(frame(), ["soil", "sand"])
    with pytest.raises(ValueError, match=r"'soil' holds (str|object), not numb"):
        describe_predictors(frame())
    with pytest.raises(ValueError, match="the other table has no column soil"):
        levels_missing(frame(), frame()[["zone"]], ["soil", "zone"])
    with pytest.raises(ValueError, match="the fitted table has no column soil"):
        levels_missing(frame()[["zone"]], frame(), ["soil", "zone"])
