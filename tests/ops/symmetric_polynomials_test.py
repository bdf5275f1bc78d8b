"""Tests for jaxsdm.ops.symmetric_polynomials."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from jaxsdm.ops import elementary_symmetric


def test_as_multiplied_out():
    x = np.random.default_rng(0).uniform(size=(30, 2))
    x[0] = 1
    sums = np.stack([(x**j).sum(0) for j in range(1, 7)])
    h, log_scale = jax.jit(elementary_symmetric)(jnp.asarray(sums, jnp.float32))
    for row in range(2):
        want = np.polynomial.polynomial.polyfromroots(-1 / x[:, row]) * x[:, row].prod()
        np.testing.assert_allclose(
            h[:, row] * np.exp(log_scale[:, row]), want[:7], rtol=1e-4
        )


def test_many_equal_numbers_do_not_overflow():
    """`e_i` of n ones is n over i, beyond float32 from i = 12 on."""
    n, degrees = 100_000, 40
    h, log_scale = jax.jit(elementary_symmetric)(jnp.full((degrees, 1), float(n)))
    got = np.log(h[:, 0]) + log_scale[:, 0]
    want = [
        math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1)
        for i in range(degrees + 1)
    ]
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-4)


def test_nothing_has_one_polynomial():
    h, log_scale = jax.jit(elementary_symmetric)(jnp.zeros((3, 2)))
    np.testing.assert_array_equal(h * jnp.exp(log_scale), [[1, 1]] + 3 * [[0, 0]])
