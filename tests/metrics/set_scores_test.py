"""Scores of sets against scikit-learn, average by average."""

import numpy as np
import pytest
from sklearn import metrics as sk

from jaxsdm import metrics
from jaxsdm.metrics.set_scores import AVERAGES, SCORES

RNG = np.random.default_rng(12)
LABELS = (RNG.random((80, 7)) < 0.25) * 1
MASK = RNG.random((80, 7)) < np.where(LABELS, 0.6, 0.2)
LABELS[:4] = 0
MASK[2:6] = False  # Places 2 and 3 have neither.
LABELS[:, :2] = 0  # Species 0 is predicted and never present; 1 neither.
MASK[:, 1] = False
MASK[:, 2] = False  # Present and never predicted.
WEIGHTS = RNG.random(80) + 0.1
both = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])

SK = {
    "precision": sk.precision_score,
    "recall": sk.recall_score,
    "f_beta": lambda *a, **k: sk.fbeta_score(*a, beta=0.5, **k),
    "jaccard": sk.jaccard_score,
}
OPTIONS = {"f_beta": {"beta": 0.5}}


def ours(score, average, **options):
    return metrics.set_score(
        MASK, LABELS, score=score, average=average, **OPTIONS.get(score, {}), **options
    )


@both
@pytest.mark.parametrize("zero", [0.0, 1.0])
@pytest.mark.parametrize("score", SK)
def test_averages_as_scikit_learn(score, zero, weights):
    def theirs(average, species=slice(None)):
        return SK[score](
            LABELS[:, species],
            MASK[:, species],
            average=average,
            zero_division=zero,
            sample_weight=weights,
        )

    options = {"zero_division": zero, "weights": weights}
    of_species = theirs(None)
    np.testing.assert_allclose(
        ours(score, "of_species", **options), of_species, rtol=0, atol=1e-12
    )
    wanted = {
        "sample": theirs("samples"),
        "micro": theirs("micro"),
        "macro_over_all": theirs("macro"),
        "macro_over_present": of_species[2:].mean(),
        "macro_over_predicted_or_present": np.delete(of_species, 1).mean(),
    }
    for average, want in wanted.items():
        assert ours(score, average, **options) == pytest.approx(want, abs=1e-12)
    macros = [wanted[a] for a in wanted if a.startswith("macro")]
    assert len(set(np.round(macros, 6))) > 1  # Or the names would say nothing.


@both
def test_others_as_scikit_learn(weights):
    options = {"weights": weights}
    accuracy = ours("accuracy", "sample", **options)
    want = 1 - sk.hamming_loss(LABELS, MASK, sample_weight=weights)
    assert accuracy == pytest.approx(want, abs=1e-12)
    for average in ("sample", "micro", "macro_over_all"):
        assert ours("hamming_loss", average, **options) == pytest.approx(
            1 - ours("accuracy", average, **options), abs=1e-12
        )
    exact = ours("exact_match", "sample", **options)
    want = sk.accuracy_score(LABELS, MASK, sample_weight=weights)
    assert exact == pytest.approx(want, abs=1e-12)
    kappa = ours("kappa", "of_species", **options)
    tss = ours("tss", "of_species", **options)
    for species in range(3, 7):
        pair = LABELS[:, species], MASK[:, species]
        want = sk.cohen_kappa_score(*pair, sample_weight=weights)
        assert kappa[species] == pytest.approx(want, abs=1e-12)
        want = sk.balanced_accuracy_score(*pair, sample_weight=weights)
        assert tss[species] == pytest.approx(2 * want - 1, abs=1e-12)
        want = sk.recall_score(*pair, pos_label=0, sample_weight=weights)
        got = ours("specificity", "of_species", **options)[species]
        assert got == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
def test_masked_and_missing_entries_are_not_counted(score):
    where = RNG.random(LABELS.shape) < 0.7
    where[:, 6] = True
    where[7], where[:, 5] = False, False
    nan = np.where(where, LABELS, np.nan)
    for average in (*AVERAGES, "of_place"):
        masked = ours(score, average, where=where)
        missing = metrics.set_score(
            MASK, nan, score=score, average=average, **OPTIONS.get(score, {})
        )
        np.testing.assert_array_equal(masked, missing)
    of_place = ours(score, "of_place", where=where)
    of_species = ours(score, "of_species", where=where)
    assert np.flatnonzero(np.isnan(of_place)).tolist() == [7]
    assert np.flatnonzero(np.isnan(of_species)).tolist() == [5]
    for place in (2, 9):  # As if the species were not there.
        keep = where[place]
        alone = metrics.set_score(
            MASK[place : place + 1, keep],
            LABELS[place : place + 1, keep],
            score=score,
            average="sample",
            **OPTIONS.get(score, {}),
        )
        assert of_place[place] == alone
    over_places = metrics.mean_defined(of_place)
    assert ours(score, "sample", where=where) == pytest.approx(
        over_places.mean, abs=1e-14
    )


def test_places_and_species_of_zero_over_zero_are_left_out_and_counted_on_request():
    options = {"zero_division": np.nan}
    of_place = ours("f_beta", "of_place", **options)
    assert np.flatnonzero(np.isnan(of_place)).tolist() == [
        place for place in range(80) if not (MASK | (LABELS > 0))[place].any()
    ]
    assert metrics.undefined(of_place) >= 2
    assert ours("f_beta", "sample", **options) == pytest.approx(
        np.nanmean(of_place), abs=1e-14
    )
    of_species = ours("precision", "of_species", **options)
    assert np.flatnonzero(np.isnan(of_species)).tolist() == [1, 2]
    assert ours("precision", "macro_over_present", **options) == pytest.approx(
        of_species[3:].mean(), abs=1e-14
    )
    assert ours("precision", "macro_over_all", **options) == pytest.approx(
        np.nanmean(of_species), abs=1e-14
    )


def test_nothing_at_all_is_undefined():
    nothing = np.zeros((3, 2), bool)
    for average in ("sample", "micro", "macro_over_present", "macro_over_all"):
        got = metrics.set_score(
            nothing, nothing * np.nan, score="jaccard", average=average
        )
        assert np.isnan(got)


def test_refuses_probabilities_and_unknown_names():
    with pytest.raises(ValueError, match=r"mask of 0 and 1, got 0.25 and 560 such"):
        metrics.set_score(
            np.full(LABELS.shape, 0.25), LABELS, score="recall", average="micro"
        )
    with pytest.raises(ValueError, match=r"want one of precision, recall.*got 'f2'"):
        ours("f2", "micro")
    with pytest.raises(ValueError, match=r"want one of sample, micro.*got 'macro'"):
        ours("recall", "macro")


@pytest.mark.parametrize("average", ["sample", "micro", "of_place"])
def test_refuses_a_beta_that_is_none_and_options_of_other_scores(average):
    for beta in (-2.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="finite beta of at least 0, got"):
            metrics.set_score(MASK, LABELS, score="f_beta", average=average, beta=beta)
    with pytest.raises(TypeError, match=r"jaccard has options .*, got 'beta'"):
        metrics.set_score(MASK, LABELS, score="jaccard", average=average, beta=2.0)
