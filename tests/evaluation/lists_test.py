"""Tests for jaxsdm.evaluation.lists."""

import numpy as np
import pytest
from scipy.special import log_softmax as scipy_log_softmax
from sklearn.metrics import top_k_accuracy_score

from jaxsdm.evaluation import list_accuracy
from jaxsdm.evaluation.lists import log_softmax, member_lists
from jaxsdm.training import MemberScores

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(60, 12))
SCORES = scipy_log_softmax(LOGITS, axis=1)
LABELS = RNG.integers(0, 11, 60)  # the last species has no record
COUNTS = np.eye(12)[LABELS]
SEEN = np.unique(LABELS)


def test_top_k_as_scikit_learn():
    table = list_accuracy(SCORES, COUNTS, (1, 3, 5)).set_index("k")
    for k in (1, 3, 5):
        want = top_k_accuracy_score(LABELS, SCORES, k=k, labels=range(12))
        np.testing.assert_allclose(table.loc[k, "micro_top_k"], want)
        of_species = [
            top_k_accuracy_score(
                LABELS[c == LABELS], SCORES[c == LABELS], k=k, labels=range(12)
            )
            for c in SEEN
        ]
        np.testing.assert_allclose(table.loc[k, "macro_top_k"], np.mean(of_species))
    assert (table["records"] == 60).all()
    assert (table["species"] == len(SEEN)).all()


def test_average_k_lets_k_through_on_average():
    table = list_accuracy(SCORES, COUNTS, (1, 4)).set_index("k")
    np.testing.assert_allclose(table["mean_size"], [1, 4])
    cut = np.sort(SCORES.ravel())[::-1][60 * 4]
    hit = SCORES[np.arange(60), LABELS] > cut
    np.testing.assert_allclose(table.loc[4, "micro_average_k"], hit.mean())
    of_species = [hit[c == LABELS].mean() for c in SEEN]
    np.testing.assert_allclose(table.loc[4, "macro_average_k"], np.mean(of_species))


def test_sets_may_have_scores_of_their_own():
    sets = RNG.normal(size=(60, 12))
    table = list_accuracy(SCORES, COUNTS, (1, 4), set_scores=sets)
    of_ranks, of_sets = (list_accuracy(x, COUNTS, (1, 4)) for x in (SCORES, sets))
    for column in table:
        want = of_sets if "average" in column else of_ranks
        np.testing.assert_array_equal(table[column], want[column])
    with pytest.raises(ValueError, match="scores and counts of one shape"):
        list_accuracy(SCORES, COUNTS, set_scores=sets[:, :11])


def test_each_member_has_its_rows():
    both = np.stack([LOGITS, LOGITS[::-1]])
    table = member_lists(MemberScores(both, both), COUNTS)
    assert table["member"].tolist() == [0] * 3 + [1] * 3
    for member, logits in enumerate(both):
        part = table[table["member"] == member].reset_index(drop=True)
        scores = scipy_log_softmax(logits, axis=1)
        want = list_accuracy(scores, COUNTS, set_scores=logits)
        np.testing.assert_allclose(part.drop(columns="member"), want)
    alone = member_lists(MemberScores(both), COUNTS)
    want = list_accuracy(SCORES, COUNTS)
    np.testing.assert_allclose(alone[:3].drop(columns="member"), want)


def test_a_record_counts_as_often_as_it_was_made():
    counts = COUNTS * np.arange(1, 61)[:, None]
    twice = np.repeat(np.arange(60), np.arange(1, 61))
    want = top_k_accuracy_score(LABELS[twice], SCORES[twice], k=3, labels=range(12))
    got = list_accuracy(SCORES, counts, (3,))["micro_top_k"][0]
    np.testing.assert_allclose(got, want)


def test_ties_are_no_hits():
    table = list_accuracy(np.zeros((60, 12)), COUNTS, (5,))
    columns = ["micro_top_k", "macro_top_k", "micro_average_k"]
    np.testing.assert_array_equal(table[columns], 0)


def test_lists_as_long_as_all_species_are_left_out():
    assert list_accuracy(SCORES, COUNTS, (1, 12, 20))["k"].tolist() == [1]


def test_nothing_to_judge():
    with pytest.raises(ValueError, match="0 records"):
        list_accuracy(SCORES, 0 * COUNTS)
    with pytest.raises(ValueError, match=r"\(60, 12\), \(60, 11\)"):
        list_accuracy(SCORES, COUNTS[:, :11])


def test_log_softmax_as_scipy():
    large = (LOGITS * 1e4).astype(np.float32)
    for logits in (LOGITS, large):
        want = scipy_log_softmax(logits.astype(float), axis=1)
        np.testing.assert_allclose(log_softmax(logits), want, rtol=1e-12)
