"""The best TSS and its threshold against trying every cut."""

import numpy as np
import pytest

from jaxsdm import metrics

RNG = np.random.default_rng(4)


@pytest.mark.parametrize("skill", [-1.0, 0.0, 1.0])
def test_against_every_cut(skill):
    labels = RNG.random((200, 6)) < 0.3
    scores = (RNG.normal(size=labels.shape) + skill * labels).round(1)
    got = metrics.max_tss(scores, labels)
    threshold = metrics.max_tss_threshold(scores, labels)
    for species in range(6):
        score, there = scores[:, species], labels[:, species]
        tried = {
            cut: (score[there] >= cut).mean() + (score[~there] < cut).mean() - 1
            for cut in [np.inf, *np.unique(score)[::-1]]
        }
        assert got[species] == pytest.approx(max(tried.values()), abs=1e-14)
        assert tried[threshold[species]] == pytest.approx(got[species], abs=1e-14)


def test_the_highest_of_equally_good_cuts():
    scores, labels = np.array([[4.0, 3, 2, 1]]).T, np.array([[1, 0, 1, 0]]).T
    np.testing.assert_array_equal(metrics.max_tss(scores, labels), [0.5])
    np.testing.assert_array_equal(metrics.max_tss_threshold(scores, labels), [4.0])


def test_no_cut_beats_predicting_nothing():
    scores, labels = np.array([[0.0, 1.0]]).T, np.array([[1, 0]]).T
    np.testing.assert_array_equal(metrics.max_tss(scores, labels), [0.0])
    np.testing.assert_array_equal(metrics.max_tss_threshold(scores, labels), [np.inf])


def test_cuts_end_with_every_site_and_join_ties():
    scores, present = (
        np.array([2.0, 2.0, 5.0, 1.0]),
        np.array([True, False, True, False]),
    )
    cut = metrics.cuts(scores, present)
    np.testing.assert_array_equal(cut.threshold, [5, 2, 1])
    np.testing.assert_array_equal(cut.true_presences, [1, 2, 2])
    np.testing.assert_array_equal(cut.false_presences, [0, 1, 2])
