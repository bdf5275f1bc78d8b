"""Tests for jaxsdm.data.predictor_selection."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data.collinearity import collinearity_report
from jaxsdm.data.predictor_selection import select_predictors

RNG = np.random.default_rng(0)


def correlated(matrix, rows=60):
    """A table whose correlations are exactly those."""
    matrix = np.asarray(matrix, float)
    white = RNG.normal(size=(rows, len(matrix)))
    white = np.linalg.qr(white - white.mean(axis=0))[0]
    values = white @ np.linalg.cholesky(matrix).T
    return pd.DataFrame(values, columns=list("abcdefgh")[: len(matrix)])


# b is near both a and c, which are not near one another; d is on its own.
CHAIN = correlated(
    [[1, 0.8, 0.4, 0], [0.8, 1, 0.75, 0.1], [0.4, 0.75, 1, 0], [0, 0.1, 0, 1]]
)


def test_of_a_chain_the_ends_stay():
    got = select_predictors(CHAIN, max_vif=1e9)
    assert got.kept == ("a", "c", "d")
    assert got.dropped == {"b": "r = 0.80 with a"}


def test_importance_decides_who_of_a_pair_stays():
    got = select_predictors(CHAIN, importance={"a": 1, "b": 3, "c": 2, "d": 0.5})
    assert got.kept == ("b", "d")
    assert got.dropped == {"c": "r = 0.75 with b", "a": "r = 0.80 with b"}


def test_kept_ones_come_first_and_tell_when_they_clash():
    low = {"a": 1, "b": 0, "c": 2, "d": 0}
    assert select_predictors(CHAIN, importance=low, keep=["b"]).kept == ("b", "d")
    with pytest.warns(UserWarning, match=r"keep: b stays, r = 0\.75 with c which"):
        got = select_predictors(CHAIN, importance=low, keep=["b", "c"])
    assert got.kept == ("b", "c", "d")


def test_ranks_see_what_pearson_does_not():
    x = np.linspace(0, 1, 50)
    frame = pd.DataFrame({"x": x, "steep": np.exp(12 * x)})
    assert len(select_predictors(frame).kept) == 2
    assert select_predictors(frame, method="spearman").dropped == {
        "steep": "r = 1.00 with x"
    }


def test_the_highest_vif_goes_first_until_none_is_too_high():
    parts = RNG.normal(size=(400, 4))
    frame = pd.DataFrame(parts, columns=list("abcd"))
    # No pair is above .7, but the sum is told by its parts.
    frame["sum"] = parts.sum(axis=1) + 0.3 * RNG.normal(size=400)
    assert collinearity_report(frame).vif["sum"] > 10
    got = select_predictors(frame)
    assert got.kept == ("a", "b", "c", "d")
    assert list(got.dropped) == ["sum"]
    assert got.dropped["sum"] == f"VIF {collinearity_report(frame).vif['sum']:.1f}"


def test_of_an_exact_relation_the_least_important_goes():
    parts = RNG.normal(size=(400, 3))
    frame = pd.DataFrame(parts, columns=list("abc")).assign(sum=parts.sum(axis=1))
    got = select_predictors(frame, importance={"a": 2, "b": 1, "c": 3, "sum": 4})
    assert got.dropped == {"b": "told exactly by sum, c, a"}
    assert got.kept == ("a", "c", "sum")
    with pytest.warns(UserWarning, match=r"keep: .*sum \(inf\).* a VIF above 10"):
        assert len(select_predictors(frame, keep=list(frame)).kept) == 4


def test_constants_go_first_unless_they_are_to_stay():
    frame = CHAIN.assign(flat=1.0)
    got = select_predictors(frame)
    assert next(iter(got.dropped.items())) == ("flat", "constant")
    kept = select_predictors(frame, keep=["flat"]).kept
    assert kept == (*select_predictors(CHAIN).kept, "flat")


def test_columns_and_equals_in_the_order_of_the_table():
    pairs = correlated([[1, 0.9, 0, 0], [0.9, 1, 0, 0], [0, 0, 1, 0.9], [0, 0, 0.9, 1]])
    for names in ("abcd", "dcba", "badc"):
        got = select_predictors(pairs[list(names)])
        assert got.kept == (names[0], names[2])
    assert select_predictors(pairs, ["b", "d"]).kept == ("b", "d")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 7), st.floats(0.2, 0.9))
def test_nothing_kept_is_collinear_and_nothing_is_lost(seed, width, limit):
    rng = np.random.default_rng(seed)
    mix = rng.normal(size=(width, width)) + 2 * rng.normal(size=(width, 1))
    frame = pd.DataFrame(rng.normal(size=(50, width)) @ mix, columns=range(width))
    frame.columns = frame.columns.astype(str)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = select_predictors(frame, max_correlation=limit, max_vif=3)
    assert sorted([*got.kept, *got.dropped]) == list(frame)
    left = collinearity_report(frame, list(got.kept))
    assert left.vif.max() <= 3
    others = np.abs(left.pearson.to_numpy()) - np.eye(len(got.kept))
    assert others.max() <= limit
    assert got == select_predictors(frame, max_correlation=limit, max_vif=3)


def test_markdown():
    assert select_predictors(CHAIN).to_markdown() == (
        "Kept 3: a, c, d.\n\n| dropped | because |\n| --- | --- |\n"
        "| b | r = 0.80 with a |\n"
    )
    assert select_predictors(CHAIN[["a"]]).to_markdown() == "Kept 1: a.\n"


def test_bad_calls():
    with pytest.raises(ValueError, match="importance: none for c, d"):
        select_predictors(CHAIN, importance={"a": 1, "b": 2})
    with pytest.raises(ValueError, match="importance: NaN for b"):
        select_predictors(CHAIN[["a", "b"]], importance={"a": 1, "b": np.nan})
    with pytest.raises(ValueError, match="keep: x is not among"):
        select_predictors(CHAIN, keep=["a", "x"])
    with pytest.raises(ValueError, match="max_correlation: above 0, to 1, got 70"):
        select_predictors(CHAIN, max_correlation=70)
    with pytest.raises(ValueError, match=r"1 or more, got 0\.5"):
        select_predictors(CHAIN, max_vif=0.5)
    with pytest.raises(ValueError, match="one of pearson, spearman, got 'p'"):
        select_predictors(CHAIN, method="p")
