"""Errors of richness against scikit-learn's regression scores."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error

from jaxsdm import metrics

RNG = np.random.default_rng(14)
LABELS = (RNG.random((50, 9)) < 0.3) * 1
PROBABILITIES = RNG.random((50, 9))
WEIGHTS = RNG.random(50)
WHERE = RNG.random((50, 9)) < 0.8
WHERE[6] = False


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
@pytest.mark.parametrize("prediction", [PROBABILITIES, PROBABILITIES > 0.6])
def test_as_scikit_learn(prediction, weights):
    want = LABELS.sum(axis=1), prediction.sum(axis=1)
    for kind, oracle in (
        ("absolute", mean_absolute_error),
        ("squared", mean_squared_error),
        ("bias", lambda y, p, sample_weight: np.average(p - y, weights=sample_weight)),
    ):
        got = metrics.richness_error(prediction, LABELS, kind=kind, weights=weights)
        assert got == pytest.approx(oracle(*want, sample_weight=weights), abs=1e-12)


def test_of_each_place_and_over_what_was_looked_for():
    got = metrics.richness_error_of_place(PROBABILITIES, LABELS, where=WHERE)
    want = np.where(WHERE, PROBABILITIES - LABELS, 0).sum(axis=1)
    want[6] = np.nan
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)
    nan = np.where(WHERE, LABELS, np.nan)
    for kind, of in (("bias", want), ("absolute", abs(want)), ("squared", want**2)):
        mean = metrics.richness_error(PROBABILITIES, nan, kind=kind)
        assert mean == pytest.approx(np.nanmean(of), abs=1e-12)


def test_undefined_and_unknown():
    broken = PROBABILITIES.copy()
    broken[1, 1] = np.nan
    assert np.isnan(metrics.richness_error(broken, LABELS, kind="bias"))
    nothing = np.zeros_like(WHERE)
    assert np.isnan(
        metrics.richness_error(PROBABILITIES, LABELS, kind="bias", where=nothing)
    )
    with pytest.raises(ValueError, match="bias, absolute, squared, got 'mean'"):
        metrics.richness_error(PROBABILITIES, LABELS, kind="mean")
