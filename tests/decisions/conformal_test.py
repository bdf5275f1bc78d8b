"""Guarantees by simulation, thresholds by their definition."""

import math

import numpy as np
import pytest

from jaxsdm.decisions.conformal import (
    fit_common_percentile,
    fit_conformal_marginal,
    fit_conformal_per_species,
    fit_false_negative_rate,
)

RNG = np.random.default_rng(9)


def f1(hits, size, present, species):
    return np.where(size + present > 0, 2 * hits / np.maximum(size + present, 1), 0.0)


def survey(places, species=6, decimals=9):
    x = RNG.normal(size=(places, 1))
    p = 1 / (1 + np.exp(-x - np.linspace(-2, 1, species)))
    labels = (RNG.random(p.shape) < p**2).astype(float)  # not calibrated
    return p.round(decimals), labels


@pytest.mark.parametrize("miss", [0.1, 0.05, 0.29, 1 / 3])
@pytest.mark.parametrize("n", [1, 8, 9, 19, 99, 100])
def test_the_rank_of_the_threshold(n, miss):
    p = RNG.permutation(np.arange(1, n + 1) / 128)[:, None]
    rule = fit_conformal_per_species(p, np.ones_like(p), miss)
    rank = math.floor(round(miss * (n + 1), 9))
    assert rule.thresholds[0] == (rank / 128 if rank else 0)
    assert rule.undefined[0] == (rank == 0)
    marginal = fit_conformal_marginal(p, np.ones_like(p), miss)
    assert marginal.thresholds == rule.thresholds[0]


def test_too_few_presences_get_the_species_everywhere():
    p, labels = survey(50)
    labels[:, 0], labels[:, 1] = 0, np.nan
    labels[:, 2] = np.arange(50) < 8
    rule = fit_conformal_per_species(p, labels, 0.1)
    assert rule.undefined_species[:3] == [0, 1, 2]
    assert np.asarray(rule(p).mask)[:, :3].all()
    small = fit_false_negative_rate(p[:5], labels[:5], 0.1)
    assert bool(small.undefined)
    assert np.asarray(small(p).mask).all()


@pytest.mark.parametrize("decimals", [9, 1])
def test_presences_are_missed_as_often_as_allowed(decimals):
    miss, missed, found = 0.2, np.zeros(6), np.zeros(6)
    for _ in range(400):
        p, labels = survey(120, decimals=decimals)
        rule = fit_conformal_per_species(p[:60], labels[:60], miss)
        mask = p[60:] >= rule.thresholds
        missed += ((labels[60:] == 1) & ~mask).sum(axis=0)
        found += labels[60:].sum(axis=0)
    rate = missed / found
    # Standard errors are near 0.004; the tests of a round share its threshold.
    assert (rate <= miss + 0.02).all()
    if decimals == 9:
        assert (rate[3:] >= miss - 0.04).all()


def test_marginal_with_one_species_a_record():
    miss, missed = 0.1, []
    for _ in range(500):
        p = RNG.dirichlet(np.full(5, 0.5), 80)
        labels = np.zeros_like(p)
        labels[np.arange(80), RNG.integers(0, 5, 80)] = 1
        rule = fit_conformal_marginal(p[:40], labels[:40], miss)
        missed.append(np.mean((p[40:] < rule.thresholds)[labels[40:] == 1]))
    # floor(0.1 * 41) / 41 = 0.0976 exactly
    assert np.mean(missed) == pytest.approx(4 / 41, abs=0.01)


def share_missed(p, labels, cut):
    some = labels.sum(axis=1) > 0
    missed = ((p < cut) & (labels == 1)).sum(axis=1)[some]
    return missed / labels.sum(axis=1)[some]


@pytest.mark.parametrize("miss", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("decimals", [9, 1])
def test_risk_control_is_the_highest_cut_of_its_definition(decimals, miss):
    p, labels = survey(70, decimals=decimals)
    rule = fit_false_negative_rate(p, labels, miss)
    within = [
        cut
        for cut in np.unique(p[labels == 1])
        if (share_missed(p, labels, cut).sum() + 1)
        <= miss * (1 + (labels.sum(axis=1) > 0).sum()) + 1e-9
    ]
    assert rule.thresholds == (max(within) if within else 0)


def test_risk_is_controlled():
    miss, lost = 0.15, []
    for _ in range(400):
        p, labels = survey(160)
        rule = fit_false_negative_rate(p[:80], labels[:80], miss)
        lost.append(share_missed(p[80:], labels[80:], rule.thresholds).mean())
    assert miss - 0.04 < np.mean(lost) < miss + 0.006


def test_the_common_percentile_against_a_loop():
    p, labels = survey(80)
    labels[:, 4] = 0
    labels[RNG.random(p.shape) < 0.1] = np.nan
    rule = fit_common_percentile(p, labels, f1)
    assert rule.undefined_species == [4]
    known, best = ~np.isnan(labels), (-1.0, None)
    for c in range(100):
        cut = [
            np.percentile(p[y == 1, j], c) if (y == 1).any() else np.inf
            for j, y in enumerate(labels.T)
        ]
        mask = (p > np.asarray(cut)[None]) & known
        hits = (mask & (labels == 1)).sum(axis=1)
        mean = f1(hits, mask.sum(axis=1), (labels == 1).sum(axis=1), None).mean()
        if mean >= best[0] - 1e-12:
            best = (mean, np.asarray(cut))
    np.testing.assert_allclose(rule.thresholds, best[1], rtol=1e-14)
    assert not np.asarray(rule(p).mask)[:, 4].any()


def test_what_is_refused():
    p, labels = survey(20)
    fits = (fit_conformal_per_species, fit_conformal_marginal, fit_false_negative_rate)
    for fit in fits:
        for miss in (0.0, 1.0, float("nan")):
            with pytest.raises(ValueError, match="miss between 0 and 1"):
                fit(p, labels, miss)
        with pytest.raises(ValueError, match="at least one place"):
            fit(p[:0], labels[:0], 0.1)
