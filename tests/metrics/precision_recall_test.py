"""Average precision against scikit-learn; PRG against a slow walk along the curve."""

import numpy as np
import pytest
from scipy.integrate import quad
from sklearn.metrics import auc, average_precision_score, precision_recall_curve

from jaxsdm import metrics

RNG = np.random.default_rng(3)


def _table(sites, decimals, prevalences=(0.02, 0.2, 0.5, 0.9)):
    labels = RNG.random((sites, len(prevalences))) < np.array(prevalences)
    labels[0], labels[1] = True, False
    scores = (RNG.normal(size=labels.shape) + 0.7 * labels).round(decimals)
    return scores, labels


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_average_precision_parity_with_scikit_learn(decimals):
    scores, labels = _table(3000, decimals)
    want = [
        average_precision_score(y, s) for s, y in zip(scores.T, labels.T, strict=True)
    ]
    got = metrics.average_precision(scores, labels)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("decimals", [0, 1, 8])
@pytest.mark.parametrize("weighted", [False, True])
def test_areas_with_weights_and_by_straight_lines_as_in_scikit_learn(
    decimals, weighted
):
    scores, labels = _table(1000, decimals)
    weights = RNG.random(1000) * (RNG.random(1000) < 0.8) if weighted else None
    steps = metrics.average_precision(scores, labels, weights=weights)
    lines = metrics.pr_auc_trapezoid(scores, labels, weights=weights)
    for species, (s, y) in enumerate(zip(scores.T, labels.T, strict=True)):
        want = average_precision_score(y, s, sample_weight=weights)
        assert steps[species] == pytest.approx(want, abs=1e-12)
        precision, recall, _ = precision_recall_curve(y, s, sample_weight=weights)
        assert lines[species] == pytest.approx(auc(recall, precision), abs=1e-12)


def _prg_by_quadrature(scores, present):
    """Area by walking TP from recall gain 0 to P on the line of counts, numerically."""
    presences, absences = present.sum(), (~present).sum()
    points = [(0, 0)]
    for cut in sorted(set(scores), reverse=True):
        above = scores >= cut
        points.append(((above & present).sum(), (above & ~present).sum()))
    true_presences, false_presences = np.array(points, float).T
    area = 0.0
    for i in range(1, len(points)):
        low, high = true_presences[i - 1 : i + 1]
        enter = max(low, presences**2 / (presences + absences))
        if enter >= high:
            continue

        def height(tp, i=i, low=low, high=high):
            share = (tp - low) / (high - low)
            fp = false_presences[i - 1] + share * np.diff(false_presences)[i - 1]
            precision_gain = 1 - presences / absences * fp / tp
            return precision_gain * (presences**2 / absences) / tp**2  # d recall gain

        area += quad(height, enter, high, epsabs=1e-12)[0]
    return area


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_prg_against_quadrature_on_the_line_of_counts(decimals):
    scores, labels = _table(120, decimals)
    want = [_prg_by_quadrature(s, y) for s, y in zip(scores.T, labels.T, strict=True)]
    got = metrics.prg_auc(scores, labels)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("scores", "labels", "want"),
    [
        ([3, 2, 1, 0], [1, 1, 0, 0], 1.0),  # Perfect.
        ([0, 0, 0, 0], [1, 0, 1, 0], 0.0),  # Constant: the always-present model.
        # P = A = 2: recall gain 0 at TP = 1 (FP 1, precision gain 0), then TP = 2 at
        # FP = 1 with precision gain 1/2 and recall gain 1: a triangle of area 1/4.
        ([3, 2, 1, 0], [0, 1, 1, 0], 0.25),
        # A tie over the crossing: P = 2, A = 2, one step from (0, 0) to (2, 1).
        ([1, 1, 1, 0], [1, 1, 0, 0], 0.5),
    ],
)
def test_prg_by_hand(scores, labels, want):
    got = metrics.prg_auc(np.array([scores]).T, np.array([labels]).T)
    np.testing.assert_allclose(got, [want], atol=1e-15)


def test_prg_of_a_reversed_model_is_negative():
    scores, labels = np.arange(6.0)[:, None], (np.arange(6) < 3)[:, None]
    assert metrics.prg_auc(scores, labels)[0] < 0
