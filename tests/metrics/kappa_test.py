"""The best kappa against scikit-learn's at every cut."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from jaxsdm import metrics

RNG = np.random.default_rng(11)
LABELS = RNG.random((150, 4)) < [0.05, 0.2, 0.5, 0.9]
LABELS[:2] = [[True] * 4, [False] * 4]


@pytest.mark.parametrize("skill", [-1.0, 0.0, 2.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_against_every_cut(skill, weighted):
    scores = (RNG.normal(size=LABELS.shape) + skill * LABELS).round(1)
    weights = RNG.random(150) + 0.1 if weighted else None
    got = metrics.max_kappa(scores, LABELS, weights=weights)
    threshold = metrics.max_kappa_threshold(scores, LABELS, weights=weights)
    for species, (s, y) in enumerate(zip(scores.T, LABELS.T, strict=True)):
        tried = {
            cut: cohen_kappa_score(y, s >= cut, sample_weight=weights)
            for cut in np.unique(s)
        }
        tried[np.inf] = 0.0
        assert got[species] == pytest.approx(max(tried.values()), abs=1e-12)
        assert tried[threshold[species]] == pytest.approx(got[species], abs=1e-12)


def test_by_hand_and_the_highest_of_equally_good_cuts():
    scores, labels = np.array([[4.0, 3, 2, 1]]).T, np.array([[1, 0, 1, 0]]).T
    np.testing.assert_array_equal(metrics.max_kappa(scores, labels), [0.5])
    np.testing.assert_array_equal(metrics.max_kappa_threshold(scores, labels), [4.0])


def test_no_cut_beats_predicting_nothing():
    scores, labels = np.array([[0.0, 1.0]]).T, np.array([[1, 0]]).T
    np.testing.assert_array_equal(metrics.max_kappa(scores, labels), [0.0])
    np.testing.assert_array_equal(metrics.max_kappa_threshold(scores, labels), [np.inf])
