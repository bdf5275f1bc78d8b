"""Comparing two models: against scipy's permutation test, and known null models."""

import numpy as np
import pytest
from scipy import stats

from jaxsdm import metrics

RNG = np.random.default_rng(18)


def theirs(one, other, permutations):
    return stats.permutation_test(
        (one, other),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        alternative="greater",
        n_resamples=permutations,
        vectorized=True,
        rng=2,
    ).pvalue


def test_all_signs_as_scipy():
    one = RNG.random(9).round(1)
    other = RNG.random(9).round(1)
    for pair in ((one, other), (other, one)):
        got = metrics.compare_means(*pair, resamples=10)
        assert got.p_value == pytest.approx(theirs(*pair, 10_000), abs=1e-12)
        assert got.difference == pytest.approx(np.mean(pair[0] - pair[1]), abs=1e-15)


def test_drawn_signs_as_scipy():
    one, other = RNG.random((2, 60))
    one += 0.08
    got = metrics.compare_means(one, other, resamples=10).p_value
    assert got == pytest.approx(theirs(one, other, 10_000), abs=0.02)


def test_level_of_the_test_where_models_are_alike():
    p_values = []
    for run in range(200):
        one, other = RNG.normal(size=(2, 30))
        p_values.append(
            metrics.compare_means(
                one, other, resamples=1, permutations=200, seed=run
            ).p_value
        )
    assert 0.01 < np.mean(np.array(p_values) <= 0.05) < 0.1
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


def test_places_of_a_block_change_sign_together():
    blocks = np.repeat(np.arange(4), 25)
    gap = np.array([1.0, 1, 1, 0.5])[blocks]
    with_blocks = metrics.compare_means(gap, 0 * gap, blocks=blocks, resamples=10)
    assert with_blocks.p_value == 1 / 16
    alone = metrics.compare_means(gap, 0 * gap, resamples=10, permutations=99)
    assert alone.p_value == 1 / 100


def test_interval_of_the_mean_difference_is_that_of_the_differences():
    one, other = RNG.random((2, 50))
    one[3], other[5] = np.nan, np.nan
    got = metrics.compare_means(one, other, resamples=200, seed=4)
    want = metrics.bootstrap_mean(one - other, resamples=200, seed=4)
    assert got[:3] == want[:3]
    assert (got.undefined, got.resamples) == (0, 200)
    narrow = got.high - got.low
    assert got.low < got.difference < got.high
    paired = metrics.compare_means(one, one - 0.01, resamples=200)
    assert (paired.high - paired.low) < 1e-3 * narrow


def test_any_metric_of_two_models_on_the_same_resamples():
    labels = RNG.random((150, 3)) < 0.3
    labels[:, 2] = False
    labels[0, 2] = True
    noise = RNG.normal(size=(150, 3))
    good, bad = noise + 2 * labels, noise + 0.5 * labels
    got = metrics.compare(metrics.roc_auc, good, bad, labels, resamples=200)
    want = metrics.roc_auc(good, labels) - metrics.roc_auc(bad, labels)
    np.testing.assert_array_equal(got.difference, want)
    assert (got.low[:2] > 0).all()
    np.testing.assert_allclose(got.p_value[:2], 1 / 201)
    assert 0 < got.undefined[2] < 200
    assert got.undefined[0] == 0
    back = metrics.compare(metrics.roc_auc, bad, good, labels, resamples=200)
    np.testing.assert_allclose(back.high, -got.low, rtol=1e-12)
    np.testing.assert_allclose(back.p_value[:2], 1)
    same = metrics.compare(metrics.roc_auc, bad, bad, labels, resamples=50)
    np.testing.assert_array_equal(same.high[:2], 0)
    assert same.undefined[2] > 0
    np.testing.assert_array_equal(same.p_value, 1)


def test_of_blocks_and_of_one_number():
    labels = RNG.random((60, 4)) < 0.4
    one, other = RNG.random((2, 60, 4))

    def score(scores, labels, where):
        return metrics.set_score(
            scores > 0.5, labels, score="jaccard", average="micro", where=where
        )

    blocks = np.arange(60) // 10
    got = metrics.compare(score, one, other, labels, blocks=blocks, resamples=40)
    assert got.low <= got.difference <= got.high
    assert got.p_value.shape == ()


def test_refuses_what_cannot_be_compared():
    with pytest.raises(ValueError, match="no place has a value for both"):
        metrics.compare_means(np.array([1, np.nan]), np.array([np.nan, 1]))
    with pytest.raises(ValueError, match=r"got \(3,\), \(2,\) and 10000"):
        metrics.compare_means(np.ones(3), np.ones(2))


def test_one_block_or_one_place_proves_nothing():
    one, other = np.array([3.0, 4, 5]), np.array([1.0, 1, np.nan])
    for got in (
        metrics.compare_means(one[:1], other[:1], resamples=9),
        metrics.compare_means(one, other, blocks=np.zeros(3), resamples=9),
        metrics.compare_means(one, other, blocks=np.array([0, 0, 1]), resamples=9),
    ):
        assert got.difference > 0
        assert np.isnan([got.low, got.high, got.p_value]).all()
        assert got.undefined == 9
    labels = np.array([[1], [0], [1], [0]])
    got = metrics.compare(
        metrics.roc_auc, labels, 1 - labels, labels, blocks=np.zeros(4), resamples=9
    )
    assert got.difference == 1
    assert np.isnan([got.low, got.high, got.p_value]).all()
    assert got.undefined == 9
