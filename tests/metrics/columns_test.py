"""Masks, missing labels and what is undefined, alike in every metric."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.metrics import columns
from jaxsdm.metrics.by_name import OF_SCORES
from jaxsdm.metrics.metric import exact

RNG = np.random.default_rng(1)
SCORES = RNG.normal(size=(50, 4)).round(1)
LABELS = (RNG.random((50, 4)) < 0.3).astype(int)

every_metric = pytest.mark.parametrize("metric", OF_SCORES.values())


@every_metric
@pytest.mark.parametrize("junk", [np.nan, np.inf, 1e30])
def test_masked_entries_are_absent_whatever_they_hold(metric, junk):
    where = RNG.random(SCORES.shape) < 0.7
    scores, labels = np.where(where, SCORES, junk), np.where(where, LABELS, junk)
    got = metric(scores, labels, where=where)
    for species in range(4):
        keep = where[:, species]
        alone = metric(SCORES[keep, species, None], LABELS[keep, species, None])
        np.testing.assert_array_equal(got[species], alone[0])


@every_metric
def test_missing_labels_are_masked(metric):
    labels = np.where(RNG.random(SCORES.shape) < 0.2, np.nan, LABELS)
    want = metric(SCORES, LABELS, where=~np.isnan(labels))
    np.testing.assert_array_equal(metric(SCORES, labels), want)


@every_metric
def test_undefined_is_nan_and_never_a_guess(metric):
    labels = LABELS.copy()
    labels[:, 0], labels[:, 1] = 0, 1
    scores = SCORES.copy()
    scores[3, 2] = np.nan
    got = metric(scores, labels)
    np.testing.assert_array_equal(np.isnan(got), [True, True, True, False])
    assert np.isnan(metric(scores[:0], labels[:0])).all()


@every_metric
def test_booleans_integers_and_jax_arrays_give_the_same_float64_values(metric):
    want = metric(SCORES.astype(np.float32), LABELS)
    assert want.dtype == np.float64
    np.testing.assert_array_equal(metric(SCORES.astype(np.float32), LABELS > 0), want)
    got = metric(jnp.asarray(SCORES, jnp.float32), jnp.asarray(LABELS))
    np.testing.assert_array_equal(got, want)


@every_metric
def test_a_sum_over_many_sites_keeps_float64_accuracy_for_float32_scores(metric):
    scores = (1000 + RNG.normal(size=(20_000, 1))).astype(np.float32)
    labels = RNG.random((20_000, 1)) < 0.1
    want = metric(scores.astype(np.longdouble), labels)
    np.testing.assert_allclose(metric(scores, labels), want, rtol=1e-12)


def test_wrong_shapes_and_abundances_are_refused():
    with pytest.raises(
        ValueError, match=r"one shape \[sites, species\], got \(50, 4\)"
    ):
        columns.checked(SCORES, LABELS[:, :1], None)
    with pytest.raises(ValueError, match=r"\(50,\)"):
        columns.checked(SCORES[:, 0], LABELS[:, 0], None)
    counts = LABELS.copy()
    counts[7, 2] = 5
    with pytest.raises(ValueError, match=r"got 5 at site 7, species 2 and 1 such"):
        columns.checked(SCORES, counts, None)


def test_weights_of_another_shape_or_sign_are_refused():
    assert columns.checked_weights(np.array([0, 2]), 2).dtype == np.float64
    for wrong in ([1.0], [1.0, -1.0], [1.0, np.nan], [[1.0], [1.0]]):
        with pytest.raises(ValueError, match=r"weights \[2\], finite and at least 0"):
            columns.checked_weights(np.array(wrong), 2)


@every_metric
def test_where_is_of_booleans_or_of_0_and_1(metric):
    where = RNG.random(SCORES.shape) < 0.8
    want = metric(SCORES, LABELS, where=where)
    np.testing.assert_array_equal(metric(SCORES, LABELS, where=where * 1.0), want)
    for junk in (np.nan, 0.5, -1):
        wrong = np.where(where, 1.0, junk)
        with pytest.raises(ValueError, match=r"where of booleans, or of 0 and 1, got"):
            metric(SCORES, LABELS, where=wrong)
        with pytest.raises(ValueError, match=r"where of booleans, or of 0 and 1, got"):
            exact(metric).update((), SCORES, LABELS, wrong)
