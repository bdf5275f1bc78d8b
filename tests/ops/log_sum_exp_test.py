"""Tests for jaxsdm.ops.log_sum_exp."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special

from jaxsdm import ops

X = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def test_weights_as_scipy():
    weights = np.array([0.5, 2.0, 0.0, 1.0, 3.0, 0.1], np.float32)
    got = ops.log_sum_exp(jnp.asarray(X), weights=jnp.asarray(weights))
    want = scipy.special.logsumexp(X, axis=0, b=weights[:, None])
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("junk", [np.nan, np.inf, 1e30])
def test_a_masked_or_weightless_row_is_absent(junk):
    rows = np.concatenate([X, np.full((1, 3), junk, np.float32)])
    counted = np.arange(7) < 6

    def total(x, **options):
        return ops.log_sum_exp(x, **options).sum()

    want = jax.value_and_grad(total)(jnp.asarray(X))
    for options in (
        {"where": jnp.asarray(counted)},
        {"weights": jnp.asarray(counted, jnp.float32)},
    ):
        value, gradient = jax.value_and_grad(total)(jnp.asarray(rows), **options)
        np.testing.assert_allclose(value, want[0], rtol=1e-6)
        np.testing.assert_allclose(gradient[:6], want[1], atol=1e-6)
        np.testing.assert_array_equal(gradient[6], 0)


def test_no_row_gives_minus_infinity_and_no_gradient():
    nothing = jnp.zeros(6, bool)
    np.testing.assert_array_equal(
        ops.log_sum_exp(jnp.asarray(X), where=nothing), -np.inf
    )
    gradient = jax.grad(
        lambda x: jnp.nan_to_num(ops.log_sum_exp(x, where=nothing), neginf=0.0).sum()
    )(jnp.asarray(X))
    np.testing.assert_array_equal(gradient, 0)


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_large_values_stay_exact(size):
    got = ops.log_sum_exp(jnp.asarray(X + np.float32(size)))
    want = scipy.special.logsumexp((X + np.float32(size)).astype(float), axis=0)
    np.testing.assert_allclose(got, want, rtol=1e-6)
