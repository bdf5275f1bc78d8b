"""Thresholds of species against trying every cut, and scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics as peer

from jaxsdm.decisions.criteria import CRITERIA
from jaxsdm.decisions.thresholds import (
    ThresholdRule,
    between,
    fit_threshold,
    frequency_matching,
)

RNG = np.random.default_rng(5)


def survey(places=60, species=8, decimals=2, dtype=np.float64):
    p = RNG.random((places, species)).round(decimals).astype(dtype)
    labels = (RNG.random(p.shape) < p * 0.7).astype(float)
    labels[RNG.random(p.shape) < 0.1] = np.nan
    return p, labels


def rates(p, y, cut):
    hit = p >= cut
    return hit[y].mean(), (~hit)[~y].mean(), hit.mean()


WORTH = {
    "max_tss": lambda p, y, t: sum(rates(p, y, t)[:2]),
    "max_f": lambda p, y, t: peer.f1_score(y, p >= t, zero_division=0),
    "max_kappa": lambda p, y, t: peer.cohen_kappa_score(y, p >= t),
    "max_accuracy": lambda p, y, t: ((p >= t) == y).mean(),
    "sensitivity_equals_specificity": lambda p, y, t: (
        -abs(rates(p, y, t)[0] - rates(p, y, t)[1])
    ),
    "predicted_equals_observed_prevalence": lambda p, y, t: (
        -abs(rates(p, y, t)[2] - y.mean())
    ),
    "min_roc_distance": lambda p, y, t: (
        -np.hypot(1 - rates(p, y, t)[0], 1 - rates(p, y, t)[1])
    ),
    "cost": lambda p, y, t: -np.sum(((p >= t) & ~y) + 3.0 * ((p < t) & y)),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("criterion", WORTH)
def test_the_highest_of_the_best_of_every_cut(criterion, dtype):
    p, labels = survey(dtype=dtype)
    options = {"false_negative": 3.0} if criterion == "cost" else {}
    rule = fit_threshold(p, labels, criterion, **options)
    assert rule.thresholds.dtype == dtype
    assert not rule.undefined.any()
    for j in range(p.shape[1]):
        known = ~np.isnan(labels[:, j])
        column, y = p[known, j], labels[known, j] == 1
        tried = [np.inf, *np.unique(column)[::-1]]
        worth = [WORTH[criterion](column, y, t) for t in tried]
        best = next(
            t for t, w in zip(tried, worth, strict=True) if w > max(worth) - 1e-12
        )
        assert rule.thresholds[j] == best


def test_f_of_another_beta_is_the_best_of_the_precision_recall_curve():
    p, labels = survey()
    rule = fit_threshold(p, labels, "max_f", beta=2.0)
    for j in range(p.shape[1]):
        known = ~np.isnan(labels[:, j])
        y, column = labels[known, j], p[known, j]
        precision, recall, _ = peer.precision_recall_curve(y, column)
        with np.errstate(invalid="ignore"):
            best = np.nanmax(5 * precision * recall / (4 * precision + recall))
        got = peer.fbeta_score(y, column >= rule.thresholds[j], beta=2)
        assert got == pytest.approx(best, abs=1e-14)


def test_required_rates_on_the_roc_curve():
    p, labels = survey()
    at_sensitivity = fit_threshold(p, labels, "required_sensitivity", sensitivity=0.7)
    at_specificity = fit_threshold(p, labels, "required_specificity", specificity=0.7)
    for j in range(p.shape[1]):
        known = ~np.isnan(labels[:, j])
        false, true, cut = peer.roc_curve(
            labels[known, j], p[known, j], drop_intermediate=False
        )
        assert at_sensitivity.thresholds[j] == cut[true >= 0.7][0]
        assert at_specificity.thresholds[j] == cut[1 - false >= 0.7][-1]


def test_thresholds_that_are_written_down():
    p = np.asarray([0.9, 0.8, 0.7, 0.4, 0.2])[:, None]
    labels = np.asarray([1.0, 0.0, 1.0, 1.0, np.nan])[:, None]
    expected = {
        "prevalence": 0.75,
        "mean_probability": 0.7,
        "minimum_training_presence": 0.4,
        "tenth_percentile": 0.4,
        "max_tss": 0.9,
    }
    for criterion, cut in expected.items():
        got = fit_threshold(p, labels, criterion).thresholds
        np.testing.assert_allclose(got, [cut], rtol=1e-15)


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (9, 9), (10, 9), (20, 18), (25, 23)])
def test_a_tenth_may_be_omitted(n, rank):
    p = RNG.permutation(np.arange(1, n + 1) / 100)[:, None]
    cut = fit_threshold(p, np.ones_like(p), "tenth_percentile").thresholds[0]
    assert cut == np.sort(p[:, 0])[::-1][rank - 1]


def test_a_rate_that_is_written_in_decimals_is_met():
    p = np.arange(1, 101)[::-1, None] / 100
    rule = fit_threshold(p, np.ones_like(p), "required_sensitivity", sensitivity=0.55)
    assert rule.thresholds[0] == 0.46  # 55 of 100


ONE_CLASS = {
    "all_absent": {"max_accuracy", "mean_probability", "cost", "required_specificity"}
    | {"predicted_equals_observed_prevalence"},
    "all_present": {"max_accuracy", "mean_probability", "cost", "max_f", "prevalence"}
    | {"minimum_training_presence", "tenth_percentile", "required_sensitivity"}
    | {"predicted_equals_observed_prevalence"},
    "not_looked_for": set(),
}


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("case", ONE_CLASS)
def test_one_class_columns_are_counted(criterion, case):
    p, labels = survey(species=2)
    labels[:, 1] = {"all_absent": 0, "all_present": 1, "not_looked_for": np.nan}[case]
    rule = fit_threshold(p, labels, criterion)
    defined = criterion in ONE_CLASS[case]
    assert rule.undefined_species == ([] if defined else [1])
    if not defined:
        assert rule.thresholds[1] == np.inf
        assert not rule(p).mask[:, 1].any()


@pytest.mark.parametrize("criterion", CRITERIA)
def test_constant_columns(criterion):
    p = np.full((6, 1), 0.25, np.float32)
    labels = np.asarray([1, 1, 0, 0, 0, 0.0])[:, None]
    rule = fit_threshold(p, labels, criterion)
    assert not rule.undefined.any()
    assert rule.thresholds[0] in (np.float32(0.25), np.float32(1 / 3), np.inf)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_call_is_the_comparison_in_and_out_of_jit(dtype):
    with jax.enable_x64(dtype == np.float64):
        p = RNG.random((7, 5)).astype(dtype)
        for thresholds in (p[3], p[3, 2]):
            for strict in (False, True):
                rule = ThresholdRule(thresholds, strict=strict)
                expected = p > thresholds if strict else p >= thresholds
                for got in (rule(p), jax.jit(lambda r, q: r(q))(rule, p)):
                    np.testing.assert_array_equal(got.mask, expected)
                    np.testing.assert_array_equal(got.size, expected.sum(axis=1))
                    assert got.expected_score is None


def test_probabilities_rounded_to_float32_decide_alike():
    p, labels = survey(decimals=12)
    rule = fit_threshold(p, labels, "minimum_training_presence")
    mask = np.asarray(rule(p.astype(np.float32)).mask)
    np.testing.assert_array_equal(mask, p >= rule.thresholds)


def test_frequency_matching():
    p, labels = survey(places=200, decimals=6)
    labels[:, 2] = 0
    rule = frequency_matching(p, labels)
    assert rule.undefined_species == [2]
    for j in (0, 1, 3):
        known = ~np.isnan(labels[:, j])
        prevalence = labels[known, j].mean()
        cut = np.percentile(p[known, j], 100 * (1 - prevalence))
        np.testing.assert_allclose(rule.thresholds[j], cut, rtol=1e-14)
        predicted = (p[known, j] > rule.thresholds[j]).sum()
        assert abs(predicted - labels[known, j].sum()) <= 1


def test_between_never_lets_the_lower_one_in():
    lower = np.float32(0.3)
    for _ in range(5):
        upper = np.nextafter(lower, np.float32(1))
        assert lower < between(upper, lower) <= upper
        lower = upper
    assert between(np.float32(0.5), np.float32(0.25)) == 0.375
    assert between(np.float32(0.5), np.float32(0.5)) == 0.5


@pytest.mark.parametrize(
    ("p", "labels", "message"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2)), "at least one place"),
        (np.full((2, 2), 1.5), np.zeros((2, 2)), r"in \[0, 1\]; 4 are not"),
        (np.full((2, 2), np.nan), np.zeros((2, 2)), r"in \[0, 1\]"),
        (np.full((2, 2), 0.5), np.full((2, 2), 2.0), "labels 0, 1 or NaN"),
        (np.full((2, 2), 0.5), np.zeros((2, 3)), "shape of the probabilities"),
    ],
)
def test_what_is_refused(p, labels, message):
    with pytest.raises(ValueError, match=message):
        fit_threshold(p, labels)


def test_other_wrong_arguments():
    p, labels = survey()
    with pytest.raises(ValueError, match="want one of max_tss"):
        fit_threshold(p, labels, "best")
    with pytest.raises(ValueError, match="sensitivity between 0 and 1"):
        fit_threshold(p, labels, "required_sensitivity", sensitivity=1.0)
    with pytest.raises(ValueError, match="beta > 0"):
        fit_threshold(p, labels, "max_f", beta=0.0)
    with pytest.raises(ValueError, match="costs above 0"):
        fit_threshold(p, labels, "cost", false_positive=-1.0)
    with pytest.raises(ValueError, match="8,\\) species, got 3"):
        fit_threshold(p, labels)(p[:, :3])
    assert jnp.issubdtype(fit_threshold(p, labels)(p).size.dtype, jnp.integer)
