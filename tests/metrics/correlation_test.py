"""Correlations against scipy."""

import numpy as np
import pytest
from scipy import stats

from jaxsdm import metrics

RNG = np.random.default_rng(5)


def test_cor_is_the_point_biserial_correlation():
    labels = RNG.random((400, 5)) < 0.2
    scores = RNG.normal(size=labels.shape) * 1e-3 + 50 + labels
    want = [
        stats.pointbiserialr(y, s).statistic
        for s, y in zip(scores.T, labels.T, strict=True)
    ]
    got = metrics.correlation(scores, labels)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_textbook_coefficients_against_scipy(decimals):
    one = RNG.normal(size=300).round(decimals)
    other = (one + RNG.normal(size=300)).round(decimals)
    assert metrics.pearson(one, other) == pytest.approx(
        stats.pearsonr(one, other).statistic, abs=1e-12
    )
    assert metrics.spearman(one, other) == pytest.approx(
        stats.spearmanr(one, other).statistic, abs=1e-12
    )


def test_constant_and_infinite_scores_have_no_correlation():
    labels = np.array([[1, 1], [0, 0], [0, 0]])
    scores = np.array([[0.1, -np.inf], [0.1, 0], [0.1, 1]])
    assert np.isnan(metrics.correlation(scores, labels)).all()
    assert np.isnan(metrics.spearman(scores[:, 0], labels[:, 0]))
    assert np.isnan(metrics.spearman(np.array([1, np.nan, 3]), labels[:, 0]))
    assert metrics.spearman(scores[:, 1], labels[:, 1]) == pytest.approx(
        -0.866, abs=1e-3
    )


def test_huge_scores_do_not_overflow():
    assert metrics.pearson(np.array([1e300, 0.0]), np.array([1, 0])) == pytest.approx(1)


def test_rounding_does_not_exceed_one():
    values = np.random.default_rng(1).normal(size=10)
    assert metrics.pearson(values, values) == 1.0
