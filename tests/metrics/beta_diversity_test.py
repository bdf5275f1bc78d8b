"""Dissimilarities against Python sets and scipy's Dice."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import dice, pdist

from jaxsdm import metrics

RNG = np.random.default_rng(15)
LABELS = RNG.random((30, 8)) < 0.4
MASK = RNG.random((30, 8)) < 0.4
LABELS[:, 0] = MASK[:, 0] = True  # No empty set, as scipy's are undefined.
COMPONENTS = ("sorensen", "turnover", "nestedness")


def by_sets(one, other, component, zero=0.0):
    one, other = (set(np.flatnonzero(x)) for x in (one, other))
    b, c = len(one - other), len(other - one)
    a, low = len(one & other), min(b, c)
    sorensen = (b + c) / (2 * a + b + c) if a + b + c else zero
    turnover = low / (a + low) if a + low else zero
    return {
        "sorensen": sorensen,
        "turnover": turnover,
        "nestedness": sorensen - turnover,
    }[component]


def test_sorensen_as_scipy():
    want = np.mean([dice(x, y) for x, y in zip(MASK, LABELS, strict=True)])
    got = metrics.dissimilarity_to_truth(MASK, LABELS)
    assert got == pytest.approx(want, abs=1e-12)
    f1 = metrics.set_score(MASK, LABELS, score="f_beta", average="sample")
    assert got == pytest.approx(1 - f1, abs=1e-12)
    gap = pdist(MASK, "dice") - pdist(LABELS, "dice")
    got = metrics.beta_diversity_error(MASK, LABELS)
    assert got == pytest.approx(np.mean(abs(gap)), abs=1e-12)
    got = metrics.beta_diversity_error(MASK, LABELS, kind="bias")
    assert got == pytest.approx(np.mean(gap), abs=1e-12)


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("zero", [0.0, 1.0])
def test_with_empty_sets_and_species_not_looked_for(component, zero):
    labels, mask = LABELS.copy(), MASK.copy()
    labels[:4], mask[2:6] = False, False
    where = RNG.random(LABELS.shape) < 0.8
    where[9] = False
    options = {"component": component, "where": where, "zero_division": zero}
    want = [
        by_sets(x & w, y & w, component, zero)
        for x, y, w in zip(mask, labels, where, strict=True)
        if w.any()
    ]
    got = metrics.dissimilarity_to_truth(mask, labels, **options)
    assert got == pytest.approx(np.mean(want), abs=1e-12)
    gaps = []
    for i, j in itertools.combinations(range(30), 2):
        w = where[i] & where[j]
        if w.any():
            gaps.append(
                by_sets(mask[i] & w, mask[j] & w, component, zero)
                - by_sets(labels[i] & w, labels[j] & w, component, zero)
            )
    got = metrics.beta_diversity_error(mask, labels, **options)
    assert got == pytest.approx(np.mean(np.abs(gaps)), abs=1e-12)


def test_more_places_than_are_compared_at_a_time():
    labels, mask = (RNG.random((300, 6)) < 0.5 for _ in range(2))
    labels[:, 0] = mask[:, 0] = True
    want = np.mean(abs(pdist(mask, "dice") - pdist(labels, "dice")))
    got = metrics.beta_diversity_error(mask, labels)
    assert got == pytest.approx(want, abs=1e-12)


def test_replacement_and_loss_by_hand():
    one, other = np.array([[1, 1, 0, 0]]), np.array([[0, 0, 1, 1]])
    part = np.array([[1, 0, 0, 0]])
    for mask, labels, want in (
        (one, other, (1, 1, 0)),
        (one, part, (1 / 3, 0, 1 / 3)),
        (one, one, (0, 0, 0)),
    ):
        for component, value in zip(COMPONENTS, want, strict=True):
            got = metrics.dissimilarity_to_truth(mask, labels, component=component)
            assert got == pytest.approx(value)
    counts = np.array([1.0, 0.0]), np.array([1.0, 0.0]), np.array([0.0, 0.0])
    got = metrics.dissimilarities(*counts, zero_division=np.nan)
    np.testing.assert_array_equal(got, [1 / 3, np.nan])


def test_places_left_out_and_unknown_names():
    labels, mask = LABELS.copy(), MASK.copy()
    labels[:2] = mask[:2] = False
    got = metrics.dissimilarity_to_truth(mask, labels, zero_division=np.nan)
    want = metrics.dissimilarity_to_truth(mask[2:], labels[2:])
    assert got == pytest.approx(want, abs=1e-14)
    assert np.isnan(metrics.beta_diversity_error(mask[:1], labels[:1]))
    with pytest.raises(ValueError, match="sorensen, turnover, nestedness, got 'dice'"):
        metrics.dissimilarity_to_truth(MASK, LABELS, component="dice")
    for function in (metrics.dissimilarity_to_truth, metrics.beta_diversity_error):
        with pytest.raises(ValueError, match=r"mask of 0 and 1, got 0.7 and 240"):
            function(np.full(MASK.shape, 0.7), LABELS)
    with pytest.raises(ValueError, match="bias or absolute, got 'squared'"):
        metrics.beta_diversity_error(MASK, LABELS, kind="squared")
