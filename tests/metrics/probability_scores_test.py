"""Log-loss, deviance, Brier and calibration error against scikit-learn and a loop."""

import jax
import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, d2_log_loss_score, log_loss

from jaxsdm import metrics
from jaxsdm.metrics.by_name import OF_PROBABILITIES

RNG = np.random.default_rng(10)
PLACES = 600
PROBABILITIES = RNG.beta(0.4, 2, size=(PLACES, 4)).round(2)  # Ties, and exact 0.
LABELS = (RNG.random((PLACES, 4)) < PROBABILITIES) * 1.0
LABELS[:5, 0] = 1  # Among them probabilities of 0.
PROBABILITIES[:5, 0] = [0, 0, 1, 1, 0.5]
LABELS[:, 3] = 0  # One class only.
WEIGHTS = RNG.random(PLACES) * (RNG.random(PLACES) < 0.8)
both = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])


def of_each(function, probabilities=PROBABILITIES, **options):
    return [
        function(y, p, **options)
        for y, p in zip(LABELS.T, probabilities.T, strict=True)
    ]


@both
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_as_scikit_learn(weights, dtype):
    p = PROBABILITIES.astype(dtype)
    loss = metrics.log_loss(p, LABELS, weights=weights)
    want = of_each(log_loss, p.astype(dtype), sample_weight=weights, labels=[0.0, 1.0])
    # In float32 scikit-learn takes logarithms in float32.
    tight = {"rtol": 0, "atol": 1e-12} if dtype == np.float64 else {"rtol": 1e-5}
    np.testing.assert_allclose(loss, want, **tight)
    deviance = metrics.deviance(p, LABELS, weights=weights)
    np.testing.assert_allclose(deviance, 2 * loss, rtol=1e-15)
    brier = metrics.brier(p, LABELS, weights=weights)
    want = of_each(
        brier_score_loss, p.astype(float), sample_weight=weights, pos_label=1
    )
    np.testing.assert_allclose(brier, want, rtol=0, atol=1e-12)


@both
def test_deviance_explained_as_scikit_learn(weights):
    got = metrics.deviance_explained(PROBABILITIES, LABELS, weights=weights)
    for species in range(3):
        want = d2_log_loss_score(
            LABELS[:, species], PROBABILITIES[:, species], sample_weight=weights
        )
        assert got[species] == pytest.approx(want, abs=1e-12)
    assert np.isnan(got[3])


def test_prevalence_explains_nothing():
    prevalence = np.broadcast_to(LABELS[:, :3].mean(axis=0), (PLACES, 3))
    got = metrics.deviance_explained(prevalence, LABELS[:, :3])
    np.testing.assert_allclose(got, 0, atol=1e-12)


def _ece_by_loop(p, y, weights, place, bins):
    error = 0.0
    for one in range(bins):
        inside = place == one
        weight = weights[inside].sum()
        if weight > 0:
            gap = np.average(p[inside], weights=weights[inside]) - np.average(
                y[inside], weights=weights[inside]
            )
            error += weight / weights.sum() * abs(gap)
    return error


@both
@pytest.mark.parametrize("bins", [1, 7, 10])
def test_calibration_error_against_a_loop(weights, bins):
    scale = np.ones(PLACES) if weights is None else weights
    options = {"weights": weights, "bins": bins}
    width = metrics.ece_equal_width(PROBABILITIES, LABELS, **options)
    mass = metrics.ece_equal_mass(PROBABILITIES, LABELS, **options)
    for species, (p, y) in enumerate(zip(PROBABILITIES.T, LABELS.T, strict=True)):
        place = np.digitize(p * bins, np.arange(1, bins))
        want = _ece_by_loop(p, y, scale, place, bins)
        assert width[species] == pytest.approx(want, abs=1e-12)
        below = np.array([scale[p < one].sum() / scale.sum() for one in p])
        want = _ece_by_loop(p, y, scale, np.floor(bins * below + 1e-12), bins)
        assert mass[species] == pytest.approx(want, abs=1e-12)


def test_reliability_tables():
    p = np.array([[0.05], [0.15], [0.15], [1.0]])
    y = np.array([[0], [1], [0], [1]])
    table = metrics.reliability_equal_width(p, y, bins=10)
    np.testing.assert_array_equal(table.weight[0], [1, 2, *[0] * 7, 1])
    np.testing.assert_allclose(table.frequency[0, [0, 1, 9]], [0, 0.5, 1])
    np.testing.assert_allclose(table.mean_probability[0, [0, 1, 9]], [0.05, 0.15, 1])
    assert np.isnan(table.frequency[0, 2:9]).all()
    table = metrics.reliability_equal_mass(p, y, bins=2)
    # 0.15 has a quarter below it, so both are in the first bin.
    np.testing.assert_array_equal(table.weight[0], [3, 1])
    np.testing.assert_allclose(table.frequency[0], [1 / 3, 1])
    with pytest.raises(ValueError, match="at least 1 bin, got 0"):
        metrics.ece_equal_mass(p, y, bins=0)
    with pytest.raises(ValueError, match="at least 1 bin, got 0"):
        metrics.ece_equal_width(p, y, bins=0)


def test_a_calibrated_model_has_no_error_and_a_bold_one_has():
    p = np.repeat([0.25, 0.75], 400)[:, None]
    y = np.concatenate([np.arange(400) % 4 == 0, np.arange(400) % 4 != 0])[:, None]
    for error in (metrics.ece_equal_width, metrics.ece_equal_mass):
        np.testing.assert_allclose(error(p, y), 0, atol=1e-15)
        np.testing.assert_allclose(error(np.round(p), y), 0.25, atol=1e-15)


@pytest.mark.parametrize("name", OF_PROBABILITIES)
def test_no_probability_and_no_site_is_undefined_and_counted(name):
    p = np.tile(PROBABILITIES[:, 1, None], 4)
    p[3, 0], p[4, 1], p[5, 2] = np.nan, 1.01, -0.01
    y = np.tile(LABELS[:, 1, None], 4)
    got = OF_PROBABILITIES[name](p, y)
    np.testing.assert_array_equal(np.isnan(got), [True, True, True, False])
    masked = np.isfinite(p) & (p >= 0) & (p <= 1)
    got = OF_PROBABILITIES[name](p, y, where=masked)
    assert metrics.undefined(got) == 0
    keep = np.arange(PLACES) != 3
    alone = OF_PROBABILITIES[name](p[keep, :1], y[keep, :1])
    np.testing.assert_array_equal(got[0], alone[0])
    y[:, 0] = np.nan
    got = OF_PROBABILITIES[name](p, y)
    assert metrics.mean_defined(got) == (got[3], 1, 3)


def test_means_of_what_is_defined():
    got = metrics.mean_defined(np.array([0.5, np.nan, 0.25]))
    assert got == (0.375, 2, 1)
    nothing = metrics.mean_defined(np.full(3, np.nan))
    assert np.isnan(nothing.mean)
    assert nothing[1:] == (0, 3)


@pytest.mark.parametrize("bins", [7, 10, 15, 100])
def test_bins_of_equal_width_begin_at_their_edges(bins):
    """[j / bins, (j + 1) / bins), though 0.29 * 100 is below 29."""
    edges = np.arange(bins) / bins
    just_below = np.nextafter(edges[1:], 0)
    p = np.concatenate([edges, just_below, [1.0]])[:, None]
    table = metrics.reliability_equal_width(p, np.zeros(p.shape), bins=bins)
    np.testing.assert_array_equal(table.weight[0], [2] * bins)
    single = p.astype(np.float32)
    metric = metrics.reliability.reliability_equal_width_metric(bins=bins)
    state = jax.jit(metric.update)((), single, np.zeros(p.shape))
    want = metrics.reliability_equal_width(single, np.zeros(p.shape), bins=bins)
    np.testing.assert_array_equal(metric.compute(state).weight, want.weight)
