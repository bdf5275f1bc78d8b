"""Accuracy of lists against scikit-learn and the tables of `evaluation`."""

import jax
import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from jaxsdm import metrics
from jaxsdm.evaluation import list_accuracy

RNG = np.random.default_rng(13)
SCORES = RNG.normal(size=(60, 12))
LABELS = RNG.integers(0, 11, 60)  # The last species has no record.
COUNTS = np.eye(12)[LABELS]


@pytest.mark.parametrize("k", [1, 3, 5])
def test_top_k_as_scikit_learn(k):
    got = metrics.top_k_accuracy(SCORES, COUNTS, k=k)
    want = top_k_accuracy_score(LABELS, SCORES, k=k, labels=range(12))
    assert got.micro == pytest.approx(want, abs=1e-12)
    of_species = [
        top_k_accuracy_score(
            LABELS[c == LABELS], SCORES[c == LABELS], k=k, labels=range(12)
        )
        for c in np.unique(LABELS)
    ]
    assert got.macro == pytest.approx(np.mean(of_species), abs=1e-12)
    np.testing.assert_allclose(got.of_species[:11], of_species, rtol=0, atol=1e-12)
    assert np.isnan(got.of_species[11])
    assert (got.mean_size, got.records) == (k, 60)


@pytest.mark.parametrize("decimals", [0, 1, 8])
def test_the_conventions_of_the_tables_ties_included(decimals):
    scores = SCORES.round(decimals)
    counts = COUNTS * RNG.integers(0, 4, (60, 12)) + (RNG.random((60, 12)) < 0.1)
    table = list_accuracy(scores, counts, (1, 3, 5)).set_index("k")
    for k in (1, 3, 5):
        for name, function in (
            ("top_k", metrics.top_k_accuracy),
            ("average_k", metrics.average_k_accuracy),
        ):
            got = function(scores, counts, k=k)
            want = table.loc[k]
            assert got.micro == pytest.approx(want[f"micro_{name}"], abs=1e-12)
            assert got.macro == pytest.approx(want[f"macro_{name}"], abs=1e-12)
        assert got.mean_size == pytest.approx(want["mean_size"], abs=1e-12)
        assert got.records == want["records"]


def test_ties_are_no_hits():
    for function in (metrics.top_k_accuracy, metrics.average_k_accuracy):
        got = function(np.zeros((60, 12)), COUNTS, k=5)
        assert (got.micro, got.macro, got.mean_size) == (0, 0, 0)


def test_cut_by_a_sort():
    where = RNG.random((60, 12)) < 0.6
    where[4] = False
    for k in (1, 2):
        want = np.sort(SCORES[where])[::-1][59 * k]
        assert metrics.average_k_cut(SCORES, k=k, where=where) == want
    assert metrics.average_k_cut(SCORES, k=12) == -np.inf
    whole = metrics.average_k_accuracy(SCORES, COUNTS, k=12)
    assert (whole.micro, whole.mean_size) == (1, 12)
    cut = metrics.average_k_cut(SCORES, k=2)
    got = metrics.average_k_accuracy(SCORES, COUNTS, cut=cut)
    want = metrics.average_k_accuracy(SCORES, COUNTS, k=2)
    assert (got.micro, got.mean_size) == (want.micro, 2)


def test_masked_entries_neither_compete_nor_count():
    where = RNG.random((60, 12)) < 0.7
    for k, function in ((2, metrics.top_k_accuracy), (2, metrics.average_k_accuracy)):
        got = function(SCORES, COUNTS, k=k, where=where)
        nan = np.where(where, COUNTS, np.nan)
        assert function(SCORES, nan, k=k).micro == got.micro
        junk = np.where(where, SCORES, np.inf)
        assert function(junk, COUNTS, k=k, where=where).micro == got.micro
    hits = 0
    for scores, counts, keep in zip(SCORES, COUNTS, where, strict=True):
        best = np.flatnonzero(keep)[np.argsort(-scores[keep])[:2]]
        hits += counts[best].sum()
    got = metrics.top_k_accuracy(SCORES, COUNTS, k=2, where=where)
    assert got.micro == pytest.approx(hits / (COUNTS * where).sum(), abs=1e-12)


def test_a_place_with_fewer_species_lists_all_inside_jit_too():
    where = np.zeros((60, 12), bool)
    where[np.arange(60), LABELS] = True
    metric = metrics.build("top_k_accuracy", k=3)
    for update in (metric.update, jax.jit(metric.update)):
        got = metric.compute(update((), SCORES, COUNTS, where))
        assert (got.micro, got.mean_size) == (1, 1)
    everything = metrics.build("top_k_accuracy", k=12)
    for update in (everything.update, jax.jit(everything.update)):
        assert everything.compute(update((), SCORES, COUNTS)).micro == 1


def test_what_cannot_be_judged():
    scores = SCORES.copy()
    scores[0, 0] = np.nan
    with pytest.raises(ValueError, match="1 scores that are NaN and 0 negative"):
        metrics.top_k_accuracy(scores, COUNTS, k=1)
    with pytest.raises(ValueError, match="720 negative counts"):
        metrics.top_k_accuracy(SCORES, COUNTS - 2, k=1)
    with pytest.raises(ValueError, match=r"\(60, 12\), \(60, 11\)"):
        metrics.top_k_accuracy(SCORES, COUNTS[:, :11], k=1)
    with pytest.raises(ValueError, match="k >= 1, got 0"):
        metrics.top_k_accuracy(SCORES, COUNTS, k=0)
    with pytest.raises(ValueError, match="k=0"):
        metrics.average_k_cut(SCORES, k=0)
    with pytest.raises(ValueError, match="want k or cut, got None and None"):
        metrics.average_k_accuracy(SCORES, COUNTS)
    nothing = metrics.top_k_accuracy(SCORES, COUNTS * 0, k=1)
    assert np.isnan([nothing.micro, nothing.macro]).all()
    assert nothing.records == 0
