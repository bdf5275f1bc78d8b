"""ROC AUC against scikit-learn and by its invariances, on the host and inside jit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from jaxsdm import metrics
from jaxsdm.metrics import auc

RNG = np.random.default_rng(2)


def _sklearn(scores, labels):
    return [roc_auc_score(y, s) for s, y in zip(scores.T, labels.T, strict=True)]


def test_by_hand():
    scores = np.array([[0.9], [0.4], [0.4], [0.1]])
    labels = np.array([[1], [1], [0], [0]])
    assert metrics.roc_auc(scores, labels)[0] == (2 + 1.5) / 4
    assert metrics.roc_auc(np.zeros((4, 1)), labels)[0] == 0.5


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_parity_with_scikit_learn_at_the_size_of_new_zealand_with_ties(decimals):
    scores = RNG.normal(size=(20_000, 52)).astype(np.float32).round(decimals)
    labels = RNG.random((20_000, 52)) < np.geomspace(0.001, 0.6, 52)
    got = metrics.roc_auc(scores, labels)
    np.testing.assert_allclose(got, _sklearn(scores, labels), rtol=0, atol=1e-12)


def test_weights_as_in_scikit_learn():
    scores = RNG.normal(size=(400, 3)).round(1)
    labels = RNG.random((400, 3)) < 0.3
    weights = RNG.random(400) * (RNG.random(400) < 0.8)
    got = metrics.roc_auc(scores, labels, weights=weights)
    want = [
        roc_auc_score(y, s, sample_weight=weights)
        for s, y in zip(scores.T, labels.T, strict=True)
    ]
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)
    twice = np.repeat(np.arange(400), 1 + (np.arange(400) % 3 == 0))
    got = metrics.roc_auc(scores, labels, weights=1.0 + (np.arange(400) % 3 == 0))
    np.testing.assert_allclose(got, metrics.roc_auc(scores[twice], labels[twice]))
    with pytest.raises(ValueError, match="no weights inside jit"):
        jax.jit(lambda s, w: metrics.roc_auc(s, labels, weights=w))(scores, weights)


def test_a_species_whose_presences_weigh_nothing_is_undefined():
    labels = np.array([[1, 1], [0, 0], [0, 1]])
    got = metrics.roc_auc(labels * 0.5, labels, weights=np.array([0, 1, 1]))
    np.testing.assert_array_equal(np.isnan(got), [True, False])


def test_inside_jit_and_vmap_the_same_value_to_single_precision():
    scores = RNG.normal(size=(3, 500, 7)).round(1)
    labels = np.where(RNG.random((3, 500, 7)) < 0.1, np.nan, scores > 0.5)
    labels[:, :, 0] = 0
    where = RNG.random((3, 500, 7)) < 0.8
    scores += RNG.normal(size=(3, 500, 7)).round()
    scores = np.where(where, scores, np.nan).astype(np.float32)
    scores[1, np.flatnonzero(where[1, :, 6])[0], 6] = np.nan
    want = np.stack(
        [
            metrics.roc_auc(*one, where=keep)
            for *one, keep in zip(scores, labels, where, strict=True)
        ]
    )
    scored = jax.jit(jax.vmap(lambda s, y, w: metrics.roc_auc(s, y, where=w)))
    got = scored(scores, labels, where)
    assert got.dtype == jnp.result_type(float)
    assert np.isnan(want[:, 0]).all()
    assert np.isnan(want[1, 6])
    np.testing.assert_allclose(got, want, rtol=4e-7)


def test_inside_jit_pairs_are_counted_without_overflow_or_rounding():
    # 2 x pairs is 3.4e10 here, beyond int32, and one swapped pair must show.
    sites = auc.MAX_TRACED_SITES // 2
    labels = (np.arange(sites) % 2)[:, None]
    scores = np.where(labels == 1, 1.0, -np.arange(sites)[:, None])
    got = jax.jit(metrics.roc_auc)(scores, labels)
    np.testing.assert_array_equal(got, [1.0])
    interleaved = jax.jit(metrics.roc_auc)(np.arange(sites)[:, None] * 1.0, labels)
    want = metrics.roc_auc(np.arange(sites)[:, None], labels)
    np.testing.assert_allclose(interleaved, want, rtol=4e-7)


def test_inside_jit_refuses_what_it_cannot_count():
    with pytest.raises(ValueError, match="exact up to 524288 sites, got 524289"):
        jax.eval_shape(
            metrics.roc_auc, *[jax.ShapeDtypeStruct((524_289, 1), jnp.float32)] * 2
        )
    with pytest.raises(ValueError, match=r"got \(3, 1\), \(3, 2\) and \(3, 1\)"):
        jax.jit(metrics.roc_auc)(np.zeros((3, 1)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"\(3, 2\) and \(3, 1\)"):
        jax.jit(metrics.roc_auc)(
            np.zeros((3, 2)), np.zeros((3, 2)), where=np.ones((3, 1), bool)
        )


columns = st.lists(
    st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40
).filter(lambda rows: len({there for _, there in rows}) == 2)


@given(columns)
@settings(max_examples=100, deadline=None)
def test_monotone_transforms_change_nothing_and_flipping_gives_the_complement(rows):
    scores = np.array([[score] for score, _ in rows], float)
    labels = np.array([[there] for _, there in rows])
    value = metrics.roc_auc(scores, labels)
    np.testing.assert_array_equal(metrics.roc_auc(np.exp(scores) + 3, labels), value)
    np.testing.assert_array_equal(metrics.roc_auc(scores**3, labels), value)
    np.testing.assert_allclose(metrics.roc_auc(scores, ~labels), 1 - value, atol=1e-15)
    np.testing.assert_allclose(metrics.roc_auc(-scores, labels), 1 - value, atol=1e-15)
