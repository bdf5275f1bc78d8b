"""Tests for jaxsdm.models.dropout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.models.dropout import dropout, is_off

X = jnp.ones((400, 301))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_entries_are_zero_or_scaled_and_the_mean_stays(rate):
    out = np.asarray(dropout(X, rate, jax.random.key(0)))
    kept = out != 0
    np.testing.assert_allclose(out[kept], 1 / (1 - rate), rtol=1e-6)
    spread = np.sqrt(rate * (1 - rate) / out.size)
    assert abs(kept.mean() - (1 - rate)) < 4 * spread


def test_the_two_uses_of_a_word_are_independent():
    kept = np.asarray(dropout(X, 0.5, jax.random.key(1)) != 0, float)
    first, second = kept[:, :150].ravel(), kept[:, 151:].ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(len(first))


def test_rates_traced_under_vmap_equal_rates_given_apart():
    rates = jnp.array([0.0, 0.2, 0.7])
    keys = jax.random.split(jax.random.key(2), 3)
    got = jax.jit(jax.vmap(dropout, in_axes=(None, 0, 0)))(X, rates, keys)
    for member, rate in enumerate([0.0, 0.2, 0.7]):
        want = dropout(X, rate, keys[member])
        np.testing.assert_allclose(got[member], want, rtol=1e-6)
    np.testing.assert_array_equal(got[0], X)


def test_gradient_reaches_kept_entries_only():
    key = jax.random.key(3)
    gradient = jax.grad(lambda x: dropout(x, 0.3, key).sum())(X)
    np.testing.assert_array_equal(gradient, dropout(X, 0.3, key))


def test_off_is_known_only_for_a_plain_zero():
    assert is_off(0.0)
    assert is_off(0)
    assert not is_off(0.1)
    assert not is_off(jnp.array(0.0))


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_impossible_rate(rate):
    with pytest.raises(ValueError, match=r"rate in \[0, 1\), got"):
        dropout(X, rate, jax.random.key(0))
