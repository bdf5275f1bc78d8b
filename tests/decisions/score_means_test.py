"""The best common threshold against trying every cut."""

import time

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.decisions import scores
from jaxsdm.decisions.lists import fit_top_k
from jaxsdm.decisions.score_means import fit_global_threshold

RNG = np.random.default_rng(6)


def f1(hits, size, present, species):
    total = size + present
    return np.where(total > 0, 2 * hits / np.maximum(total, 1), 0.0)


def jaccard(hits, size, present, species):
    union = size + present - hits
    return jnp.where(union > 0, hits / jnp.maximum(union, 1), 0.0)


def accuracy(hits, size, present, species):
    right = species - size - present + 2 * hits
    return np.where(species > 0, right / np.maximum(species, 1), 0.0)


def survey(decimals, dtype=np.float64):
    p = RNG.beta(0.4, 2, (25, 9)).round(decimals).astype(dtype)
    labels = (RNG.random(p.shape) < p).astype(float)
    labels[RNG.random(p.shape) < 0.1] = np.nan
    return p, labels


def mean_score(mask, labels, score):
    known = ~np.isnan(labels)
    mask, present = mask & known, labels == 1
    counts = [(mask & present), mask, present, known]
    return np.mean(score(*(part.sum(axis=1).astype(float) for part in counts)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("score", [f1, jaccard, accuracy])
def test_the_highest_of_the_best_of_every_cut(score, decimals, dtype):
    p, labels = survey(decimals, dtype)
    rule = fit_global_threshold(p, labels, score)
    tried = [np.inf, *np.unique(p[~np.isnan(labels)])[::-1]]
    means = np.asarray([mean_score(p >= t, labels, score) for t in tried])
    assert np.asarray(rule.thresholds).dtype == dtype
    assert rule.thresholds == tried[int(np.argmax(means > means.max() - 1e-7))]


@pytest.mark.parametrize("decimals", [1, 6])
@pytest.mark.parametrize("score", [f1, jaccard, accuracy])
def test_the_shortest_of_the_best_lists(score, decimals):
    p, labels = survey(decimals)
    order = np.argsort(-p, axis=1, kind="stable")
    means = []
    for k in range(p.shape[1] + 1):
        mask = np.zeros(p.shape, bool)
        np.put_along_axis(mask, order[:, :k], True, axis=1)
        means.append(mean_score(mask, labels, score))
    best = np.argmax(np.asarray(means) > max(means) - 1e-7)
    assert fit_top_k(p, labels, score).k == best


def test_the_scores_of_this_library_are_such_functions():
    p, labels = survey(6)
    for own, same in ((scores.f_beta(1.0), f1), (scores.jaccard(), jaccard)):
        got = fit_global_threshold(p, labels, own).thresholds
        assert got == fit_global_threshold(p, labels, same).thresholds
        assert fit_top_k(p, labels, own).k == fit_top_k(p, labels, same).k


def test_nothing_is_predicted_if_that_is_best():
    p, labels = np.asarray([[0.9, 0.8]]), np.zeros((1, 2))
    assert fit_global_threshold(p, labels, accuracy).thresholds == np.inf
    assert fit_top_k(p, labels, accuracy).k == 0


def test_many_places_and_species_take_seconds():
    p = RNG.beta(0.3, 6, (2000, 500)).astype(np.float32)
    labels = (RNG.random(p.shape) < p).astype(float)
    start = time.perf_counter()
    rule = fit_global_threshold(p, labels, jaccard)
    assert time.perf_counter() - start < 10
    near = np.quantile(p, np.linspace(0.8, 0.999, 40)).astype(np.float32)
    best = mean_score(p >= rule.thresholds, labels, jaccard)
    assert best >= max(mean_score(p >= t, labels, jaccard) for t in near) - 1e-6


def test_what_is_refused():
    p = np.full((2, 2), 0.5)
    for fit in (fit_global_threshold, fit_top_k):
        with pytest.raises(ValueError, match="looked for, got none"):
            fit(p, np.full((2, 2), np.nan), f1)
        with pytest.raises(ValueError, match="finite score"):
            fit(p, np.ones((2, 2)), lambda t, k, m, s: np.full(t.shape, np.nan))
        with pytest.raises(ValueError, match="got values of shape"):
            fit(p, np.ones((2, 2)), lambda t, k, m, s: t[0])
