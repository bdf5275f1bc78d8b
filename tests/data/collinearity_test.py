"""Tests for jaxsdm.data.collinearity."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from jaxsdm.data.collinearity import collinearity_report

RNG = np.random.default_rng(0)


def climate(rows=200):
    """Two pairs that are correlated, one predictor on its own, one of levels."""
    warm, wet, alone = RNG.normal(size=(3, rows))
    return pd.DataFrame(
        {
            "warm": 10 + warm,
            "wet": 800 + 200 * wet,
            "hot": 30 - 2 * warm + 0.3 * RNG.normal(size=rows),
            "alone": alone,
            "snow": np.exp(wet + 0.2 * RNG.normal(size=rows)),
            "soil": RNG.choice(["clay", "sand"], rows),
            "wild": RNG.random(rows) < 0.5,
        }
    )


CONTINUOUS = ["warm", "wet", "hot", "alone", "snow"]


def slow_vif(frame, name):
    """From the residuals of a regression on the others."""
    target = frame[name].to_numpy(float)
    others = frame.drop(columns=name).to_numpy(float)
    design = np.c_[np.ones(len(others)), others]
    left = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
    return target.var() / left.var()


def test_correlations_and_vif_are_those_of_numpy_scipy_and_regression():
    frame = climate()
    report = collinearity_report(frame)
    numbers = frame[CONTINUOUS]
    assert list(report.pearson) == list(report.pearson.index) == CONTINUOUS
    np.testing.assert_allclose(report.pearson, np.corrcoef(numbers.T), atol=1e-12)
    np.testing.assert_allclose(
        report.spearman, spearmanr(numbers).statistic, atol=1e-12
    )
    want = [slow_vif(numbers, name) for name in CONTINUOUS]
    np.testing.assert_allclose(report.vif, want, rtol=1e-8)
    assert (report.rows, report.rows_missing) == (200, 0)
    assert report.exact == {}
    assert report.constant == ()


def test_clusters_by_hand():
    frame = climate()
    assert collinearity_report(frame).clusters == (
        ("warm", "hot"),
        ("wet", "snow"),
        ("alone",),
    )
    assert len(collinearity_report(frame, threshold=1).clusters) == 5
    # exp bends the relation: ranks see more of it than Pearson does.
    r = collinearity_report(frame)
    between = (
        abs(r.pearson.loc["wet", "snow"]) + abs(r.spearman.loc["wet", "snow"])
    ) / 2
    for method, joined in (("pearson", False), ("spearman", True)):
        got = collinearity_report(frame, threshold=between, method=method).clusters
        assert (("wet", "snow") in got) == joined


def test_clusters_join_on_the_mean_correlation():
    # a - b - c in a chain: r(a, b) = r(b, c) = .8, r(a, c) = .4; c joins a and b at .6.
    wanted = np.array([[1, 0.8, 0.4], [0.8, 1, 0.8], [0.4, 0.8, 1.0]])
    white = np.linalg.qr(RNG.normal(size=(50, 4)) - 0.0)[0]
    white -= white.mean(axis=0)
    white = np.linalg.qr(white)[0][:, :3]
    frame = pd.DataFrame(white @ np.linalg.cholesky(wanted).T, columns=list("abc"))
    np.testing.assert_allclose(frame.corr(), wanted, atol=1e-12)
    assert collinearity_report(frame, threshold=0.59).clusters == (("a", "b", "c"),)
    assert len(collinearity_report(frame, threshold=0.61).clusters) == 2
    assert len(collinearity_report(frame, threshold=0.81).clusters) == 3


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_exact_relations_are_infinite_and_say_with_which(kind):
    frame = climate()[CONTINUOUS]
    frame["range"] = frame["warm"] * 3 - frame["hot"]
    frame["copy"] = -frame["alone"]
    report = collinearity_report(frame.astype(kind))
    assert report.exact == {
        "warm": ("hot", "range"),
        "hot": ("warm", "range"),
        "alone": ("copy",),
        "range": ("warm", "hot"),
        "copy": ("alone",),
    }
    assert set(report.vif.index[np.isinf(report.vif)]) == set(report.exact)
    # Others are told as they are without the repeats.
    without = collinearity_report(frame.drop(columns=["range", "copy"]))
    np.testing.assert_allclose(
        report.vif[["wet", "snow"]], without.vif[["wet", "snow"]], rtol=1e-4
    )
    text = report.to_markdown()
    assert "- `warm` is told exactly by hot, range." in text
    assert "| warm | inf |" in text


def test_almost_exact_is_large_but_finite():
    frame = climate()[["warm", "alone"]]
    frame["almost"] = frame["warm"] + 1e-3 * frame["alone"] + 1e-4 * RNG.random(200)
    report = collinearity_report(frame)
    want = [slow_vif(frame, name) for name in frame]
    np.testing.assert_allclose(report.vif, want, rtol=1e-4)
    assert report.vif["warm"] > 1e7


def test_constants_are_named_and_change_nothing_else():
    frame = climate()[CONTINUOUS]
    report = collinearity_report(frame.assign(flat=0.1))
    assert report.constant == ("flat",)
    assert ("flat",) in report.clusters
    assert np.isnan(report.vif["flat"])
    assert report.pearson["flat"].isna().all()
    np.testing.assert_allclose(
        report.vif[CONTINUOUS], collinearity_report(frame).vif, rtol=1e-12
    )
    assert "- `flat` is constant." in report.to_markdown()
    assert "| flat |  |  |  |" in report.to_markdown()


def test_rows_with_missing_values_are_left_out_and_counted():
    frame = climate()[CONTINUOUS]
    holes = frame.copy()
    holes.loc[3, "wet"], holes.loc[9, "snow"] = np.nan, np.inf
    report = collinearity_report(holes)
    assert (report.rows, report.rows_missing) == (198, 2)
    np.testing.assert_array_equal(
        report.vif, collinearity_report(frame.drop(index=[3, 9])).vif
    )
    assert "- 198 rows, 2 left out for missing values;" in report.to_markdown()


def test_the_table():
    frame = climate()
    table = collinearity_report(frame, ["warm", "hot", "alone"]).table
    assert list(table.index) == ["warm", "hot", "alone"]
    assert list(table["partner"][:2]) == ["hot", "warm"]
    assert table["correlation"]["warm"] == pytest.approx(
        np.corrcoef(frame["warm"], frame["hot"])[0, 1]
    )
    assert list(table["cluster"]) == [1, 1, 2]


def test_a_single_predictor():
    report = collinearity_report(climate()[["warm"]])
    assert report.vif["warm"] == 1
    assert report.clusters == (("warm",),)
    assert "| warm | 1.000 |  |  | 1 |" in report.to_markdown()


def test_bad_calls():
    frame = climate()
    with pytest.raises(ValueError, match="no column of numbers soil, gone; those are"):
        collinearity_report(frame, ["warm", "soil", "gone"])
    with pytest.raises(ValueError, match=r"no column of numbers\.$"):
        collinearity_report(frame[["soil"]])
    with pytest.raises(ValueError, match=r"^predictors: 2 of 200 rows .*'wet' has 2"):
        collinearity_report(frame.assign(wet=frame["wet"].where(frame.index < 2)))
    with pytest.raises(ValueError, match=r"at most 1, got 1\.5"):
        collinearity_report(frame, threshold=1.5)
    with pytest.raises(ValueError, match="one of pearson, spearman, got 'kendall'"):
        collinearity_report(frame, method="kendall")
