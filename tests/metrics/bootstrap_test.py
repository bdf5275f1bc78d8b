"""Bootstrap intervals: against all resamples there are, coverage, blocks, counts."""

import itertools

import numpy as np
import pytest
from scipy import stats

from jaxsdm import metrics

RNG = np.random.default_rng(17)


def test_of_a_mean_against_all_resamples_there_are():
    values = np.array([0.1, 0.5, 0.7, 2.0])
    means = [np.mean(one) for one in itertools.product(values, repeat=4)]
    got = metrics.bootstrap_mean(values, resamples=20_000, level=0.8)
    assert got.value == pytest.approx(values.mean(), abs=1e-15)
    want = np.quantile(means, [0.1, 0.9])
    np.testing.assert_allclose([got.low, got.high], want, atol=0.05)
    assert (got.resamples, got.undefined) == (20_000, 0)


def test_of_a_mean_as_scipy():
    values = RNG.gamma(1.0, size=(200, 2))
    got = metrics.bootstrap_mean(values, resamples=4000, seed=3)
    for column in range(2):
        want = stats.bootstrap(
            (values[:, column],), np.mean, n_resamples=4000, method="percentile", rng=1
        ).confidence_interval
        np.testing.assert_allclose(
            [got.low[column], got.high[column]], want, atol=0.015
        )


def test_the_same_function_and_the_same_seed_give_the_same_draws():
    table, labels = RNG.random((40, 3)), np.zeros((40, 3))

    def mean(scores, labels, where):
        return scores.mean(axis=0)

    one = metrics.bootstrap(mean, table, labels, resamples=50, seed=5)
    other = metrics.bootstrap_mean(table, resamples=50, seed=5)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)
    again = metrics.bootstrap_mean(table, resamples=50, seed=6)
    assert (again.low != other.low).all()


def test_coverage_of_places_and_of_blocks():
    """95 % intervals of a mean; alike within a block, places give too narrow ones."""
    blocks = np.repeat(np.arange(40), 5)
    covered = np.zeros(3)
    for run in range(150):
        alone = RNG.normal(size=200)
        alike = RNG.normal(size=40)[blocks] + 0.3 * RNG.normal(size=200)
        for case, (values, ids) in enumerate(
            ((alone, None), (alike, blocks), (alike, None))
        ):
            got = metrics.bootstrap_mean(values, blocks=ids, resamples=300, seed=run)
            covered[case] += got.low <= 0 <= got.high
    assert 0.87 < covered[0] / 150 < 0.99
    assert 0.85 < covered[1] / 150 < 0.99
    assert covered[2] / 150 < 0.75


def test_blocks_are_drawn_whole():
    blocks = np.array(["b", "a", "b", "c", "a", "a"])
    size = {"a": 3, "b": 2, "c": 1}
    scores = np.arange(6.0)[:, None]
    seen = []

    def record(scores, labels, where):
        seen.append(scores[:, 0].astype(int))
        return scores.mean()

    metrics.bootstrap(record, scores, scores, blocks=blocks, resamples=100)
    lengths = set()
    for drawn in seen[:100]:
        lengths.add(len(drawn))
        times = np.bincount(drawn, minlength=6)
        for block in size:
            assert len(set(times[blocks == block])) == 1
        assert sum(times[blocks == b][0] for b in size) == 3
    assert len(lengths) > 2


def test_undefined_resamples_are_left_out_and_counted():
    labels = np.zeros((30, 2), int)
    labels[0, 0] = 1
    labels[::2, 1] = 1
    scores = RNG.normal(size=(30, 2))
    got = metrics.bootstrap(metrics.roc_auc, scores, labels, resamples=400)
    np.testing.assert_array_equal(got.value, metrics.roc_auc(scores, labels))
    without = (1 - 1 / 30) ** 30
    assert abs(got.undefined[0] / 400 - without) < 0.1
    assert got.undefined[1] == 0
    assert (got.low <= got.value).all()
    assert (got.high >= got.value).all()
    never = metrics.bootstrap_mean(np.full(4, np.nan), resamples=7)
    assert np.isnan([never.value, never.low, never.high]).all()
    assert never.undefined == 7


def test_masks_travel_with_their_places():
    labels = RNG.random((50, 1)) < 0.5
    where = np.arange(50)[:, None] < 30
    scores = np.where(where, RNG.normal(size=(50, 1)), np.nan)
    got = metrics.bootstrap(metrics.roc_auc, scores, labels, where=where, resamples=20)
    assert got.undefined[0] == 0
    assert 0 <= got.low[0] <= got.high[0] <= 1


def test_refuses_what_cannot_be_drawn():
    values = np.ones(3)
    with pytest.raises(ValueError, match="0 places"):
        metrics.bootstrap_mean(np.ones(0))
    with pytest.raises(ValueError, match=r"blocks \(2,\)"):
        metrics.bootstrap_mean(values, blocks=np.arange(2))
    with pytest.raises(ValueError, match="0 resamples"):
        metrics.bootstrap_mean(values, resamples=0)
    with pytest.raises(ValueError, match=r"level in \(0, 1\), got 95"):
        metrics.bootstrap_mean(values, level=95.0)
    with pytest.raises(ValueError, match="of one shape"):
        metrics.bootstrap(metrics.roc_auc, np.ones((3, 1)), np.ones((3, 2)))


def test_one_block_or_one_place_gives_no_interval():
    values = np.array([[1.0, 1], [2, np.nan], [4, np.nan]])
    for got, single in (
        (metrics.bootstrap_mean(values[:1], resamples=9), [True, True]),
        (metrics.bootstrap_mean(values, blocks=np.zeros(3), resamples=9), [True, True]),
        (metrics.bootstrap_mean(values, resamples=9), [False, True]),
    ):
        assert np.isfinite(got.value).all()
        np.testing.assert_array_equal(np.isnan(got.low), single)
        np.testing.assert_array_equal(np.isnan(got.high), single)
        np.testing.assert_array_equal(got.undefined == 9, single)
    scores, labels = RNG.normal(size=(6, 2)), np.arange(12).reshape(6, 2) % 3 == 0
    blocks = np.array([0, 0, 0, 1, 1, 1])
    rest = np.broadcast_to((blocks == 1)[:, None], labels.shape)
    for options in (
        {"blocks": np.zeros(6)},
        {"blocks": blocks, "where": ~rest},
    ):
        got = metrics.bootstrap(metrics.roc_auc, scores, labels, resamples=9, **options)
        assert np.isfinite(got.value).all()
        assert np.isnan([got.low, got.high]).all()
        np.testing.assert_array_equal(got.undefined, 9)
    one_species = rest.copy()
    one_species[:, 0] = False
    got = metrics.bootstrap(
        metrics.roc_auc,
        scores,
        labels,
        where=~one_species,
        blocks=blocks,
        resamples=9,
    )
    np.testing.assert_array_equal(np.isnan(got.low), [False, True])
    np.testing.assert_array_equal(got.undefined, [0, 9])
    missing = np.where(rest, np.nan, labels)
    got = metrics.bootstrap(
        metrics.roc_auc, scores, missing, blocks=blocks, resamples=9
    )
    assert np.isnan(got.low).all()


def test_blocks_that_are_missing_are_refused():
    for blocks in ([1, np.nan, np.nan], np.array(["2020", "NaT", "NaT"], "M8[Y]")):
        with pytest.raises(
            ValueError, match="got NaN at 2 places, the first of them 1"
        ):
            metrics.bootstrap_mean(np.ones(3), blocks=np.asarray(blocks))
        with pytest.raises(ValueError, match="got NaN at 2 places"):
            metrics.compare_means(np.ones(3), np.ones(3), blocks=np.asarray(blocks))
