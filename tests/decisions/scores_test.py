"""Tests for jaxsdm.decisions.scores: against scikit-learn and the definitions."""

import numpy as np
import pytest
from sklearn import metrics as sklearn

from jaxsdm import decisions

RNG = np.random.default_rng(0)
SETS = RNG.random((2, 40, 25)) < RNG.random((2, 40, 1))


def counts(sets=SETS):
    mask, truth = sets
    return (mask & truth).sum(1), mask.sum(1), truth.sum(1), mask.shape[1]


@pytest.mark.parametrize(
    ("score", "oracle"),
    [
        (decisions.f_beta(1), sklearn.f1_score),
        (decisions.f_beta(2), lambda y, a: sklearn.fbeta_score(y, a, beta=2)),
        (decisions.jaccard(), sklearn.jaccard_score),
        (decisions.tversky(1, 1), sklearn.jaccard_score),
        (decisions.tversky(0.5, 0.5), sklearn.f1_score),
        (decisions.accuracy(), sklearn.accuracy_score),
        (decisions.mcc(), sklearn.matthews_corrcoef),
        (decisions.kappa(), sklearn.cohen_kappa_score),
        (
            decisions.tss(),
            lambda y, a: (
                sklearn.recall_score(y, a, zero_division=0)
                + sklearn.recall_score(~y, ~a, zero_division=0)
                - 1
            ),
        ),
        (decisions.exact_match(), lambda y, a: float((y == a).all())),
        (decisions.richness_error(), lambda y, a: -((y.sum() - a.sum()) ** 2.0)),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_against_other_programs(score, oracle):
    found = score(*counts())
    wanted = [oracle(y, a) for a, y in zip(*SETS, strict=True)]
    np.testing.assert_allclose(found, wanted, rtol=3e-6, atol=3e-7)


def test_the_released_f_score_weighs_misses_by_b():
    t, k, m, species = counts()
    found = decisions.f_beta_released(2)(t, k, m, species)
    np.testing.assert_allclose(
        found, 5 * t / (5 * t + 2 * (m - t) + (k - t)), rtol=1e-6
    )
    one = decisions.f_beta_released(1)(t, k, m, species)
    np.testing.assert_allclose(one, decisions.f_beta(1)(t, k, m, species), rtol=1e-6)


@pytest.mark.parametrize("name", ["f1", "f2", "jaccard", "mcc", "kappa"])
@pytest.mark.parametrize("empty", [0, 1, 0.3])
def test_nothing_predicted_and_nothing_present(name, empty):
    score = decisions.SCORES[name]
    assert score(0, 0, 0, 9, empty_score=empty) == np.float32(empty)
    assert score(0, 0, 3, 9, empty_score=empty) == 0
    assert score(0, 2, 0, 9, empty_score=empty) == 0


def test_what_tss_is_worth_without_presences_or_absences():
    score = decisions.tss()
    assert score(0, 3, 0, 9, empty_score=1) == pytest.approx(1 + 6 / 9 - 1)
    assert score(0, 3, 0, 9) == pytest.approx(6 / 9 - 1)
    assert score(3, 3, 9, 9, empty_score=1) == pytest.approx(3 / 9 + 1 - 1)


def test_large_errors_of_richness_may_weigh_less():
    score = decisions.richness_error(2)
    assert score(0, 1, 2, 9) == -1
    assert score(0, 1, 3, 9) == -4
    assert score(0, 0, 6, 9) == -4 - 2


def test_a_score_of_yours_may_be_undefined_where_nothing_is():
    recall = decisions.score(lambda t, k, m, species: t / m, name="recall")
    assert recall.name == "recall"
    assert recall(0, 0, 0, 9, empty_score=0.5) == 0.5
    assert np.isnan(recall(0, 2, 0, 9))


def test_the_same_score_is_the_same_object():
    assert decisions.f_beta(2) is decisions.f_beta(2)
    assert decisions.tversky(1, 2) is decisions.tversky(1, 2)


def test_wrong_weights_are_refused():
    with pytest.raises(ValueError, match=r"f_beta: want beta > 0, from .*, got 0"):
        decisions.f_beta(0)
    with pytest.raises(ValueError, match=r"from 1e-06 to 1e\+06, got 1e\+20"):
        decisions.f_beta(1e20)
    with pytest.raises(ValueError, match="want weights from 0 on"):
        decisions.tversky(-1, 2)
    with pytest.raises(ValueError, match="not both 0"):
        decisions.tversky(0, 0)
    with pytest.raises(ValueError, match="want linear_from >= 0"):
        decisions.richness_error(-1)
