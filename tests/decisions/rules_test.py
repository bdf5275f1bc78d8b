"""Tests for jaxsdm.decisions.rules and .decision: all rules on one set of surveys."""

import numpy as np
import pytest

from jaxsdm import decisions

RNG = np.random.default_rng(7)
P = RNG.beta(0.6, 1.5, (60, 30)).astype(np.float32)
LABELS = (RNG.random(P.shape) < P).astype(float)
NEW = RNG.beta(0.6, 1.5, (9, 30)).astype(np.float32)


@pytest.mark.parametrize("name", decisions.RULES)
def test_every_rule_gives_sets(name):
    rule = decisions.RULES[name](P, LABELS, decisions.f_beta(1))
    found = rule(NEW)
    assert found.mask.shape == NEW.shape
    assert found.mask.dtype == bool
    np.testing.assert_array_equal(found.size, found.mask.sum(axis=1))
    again = rule(NEW[::-1])
    np.testing.assert_array_equal(again.mask, found.mask[::-1])


@pytest.mark.parametrize("name", decisions.UNCALIBRATED)
def test_rules_without_calibration_do_not_see_the_surveys(name):
    score = decisions.jaccard()
    one = decisions.RULES[name](P, LABELS, score)(NEW)
    other = decisions.RULES[name](P, 1 - LABELS, score)(NEW)
    np.testing.assert_array_equal(one.mask, other.mask)


def test_the_best_expected_score_is_that_of_maxexp():
    """No other rule can be expected to score more, if the probabilities hold."""
    score = decisions.f_beta(1)
    best = decisions.maxexp(NEW, score).expected_score
    for fit in decisions.RULES.values():
        mask = fit(P, LABELS, score)(NEW).mask
        assert (decisions.expected_score(NEW, mask, score) <= best + 1e-6).all()


def test_places_of_both_sets_are_named():
    decisions.check_disjoint([1, 2], [3])
    with pytest.raises(ValueError, match=r"2 places are used .* \(2, 3\)"):
        decisions.check_disjoint([1, 2, 3], [3, 2, 9])


def test_what_rules_cannot_use_is_refused():
    with pytest.raises(ValueError, match="2 thresholds are NaN"):
        decisions.ThresholdRule(np.r_[np.nan, np.nan, np.ones(28)])(NEW)
    with pytest.raises(ValueError, match="want finite richness"):
        decisions.SSE()(NEW, richness=np.full(9, np.inf))
    with pytest.raises(ValueError, match="got a mean of 0 of 30 species"):
        decisions.fit_average_size(P, np.zeros_like(P))
    everything = decisions.fit_conformal_marginal(P, LABELS, miss=0.9999999)
    assert np.isfinite(everything.thresholds)


def test_ids_of_both_kinds_may_be_compared():
    decisions.check_disjoint(np.array([1, "a"], object), ["b"])
