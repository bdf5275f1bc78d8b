"""Tests for jaxsdm.ops.poisson_binomial, against scipy and against each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm, poisson_binom

from jaxsdm.ops import poisson_binomial

RNG = np.random.default_rng(0)
SMALL = jnp.asarray(RNG.normal(size=(3, 40)) - 2, jnp.float32)
LARGE = jnp.asarray(RNG.normal(size=(3, 12)) + 1, jnp.float32)
LEVELS = jnp.asarray(np.linspace(0.5, 4, 7) + np.zeros((3, 1)), jnp.float32)
K, FAR = 4, 50.0
OPTIONS = {"reach": FAR, "axis_name": None}


def law_of(scores, u):
    return poisson_binom.pmf(np.arange(K), norm.sf(u - np.asarray(scores, float)))


@pytest.fixture(scope="module")
def laws():
    of_small = jax.jit(
        lambda: poisson_binomial.law_of_small(SMALL, LEVELS, K, **OPTIONS)
    )()
    return of_small, *jax.jit(poisson_binomial.with_large)(of_small, LARGE, LEVELS)


def test_laws_are_those_of_scipy(laws):
    of_small, of_all, many = laws
    for row in range(3):
        both = np.concatenate([SMALL[row], LARGE[row]])
        for level in range(7):
            u = LEVELS[row, level]
            want = law_of(SMALL[row], u)
            np.testing.assert_allclose(of_small[row, level], want, atol=1e-6)
            want = law_of(both, u)
            np.testing.assert_allclose(of_all[row, level], want, atol=1e-6)
            tail = poisson_binom.sf(K - 1, norm.sf(u - np.asarray(both, float)))
            np.testing.assert_allclose(many[row, level], tail, rtol=1e-3, atol=1e-6)


def test_each_column_is_left_out(laws):
    of_small, of_all, _ = laws
    small = jax.jit(lambda: poisson_binomial.crossings_of_small(
        of_all, SMALL, LEVELS, reach=FAR
    ))()  # fmt: skip
    large = jax.jit(poisson_binomial.crossings_of_large)(of_small, LARGE, LEVELS)
    got = np.concatenate([small, large], axis=1)
    for row in range(3):
        both = np.concatenate([SMALL[row], LARGE[row]])
        for column in (0, 17, 39, 40, 51):
            others = np.delete(both, column)
            want = sum(
                norm.pdf(u - both[column]) * law_of(others, u)[K - 1]
                for u in LEVELS[row]
            )
            np.testing.assert_allclose(got[row, column], want, rtol=1e-4, atol=1e-6)


def test_the_mean_counts_those_in_reach():
    mean = poisson_binomial.mean_above(SMALL, LEVELS, **OPTIONS)
    want = norm.sf(LEVELS[..., None] - SMALL[:, None]).sum(-1)
    np.testing.assert_allclose(mean, want, rtol=1e-4)
    near = poisson_binomial.mean_above(SMALL, LEVELS, reach=0.2, axis_name=None)
    assert SMALL.max() < LEVELS.min() - 0.2
    np.testing.assert_array_equal(near, 0)
    law = poisson_binomial.law_of_small(SMALL, LEVELS, K, reach=0.2, axis_name=None)
    np.testing.assert_array_equal(law[..., 0], 1)
    np.testing.assert_array_equal(law[..., 1:], 0)
    crossings = poisson_binomial.crossings_of_small(
        jnp.asarray(law), SMALL, LEVELS, reach=0.2
    )
    np.testing.assert_array_equal(crossings, 0)


def test_columns_may_be_left_out():
    some = jnp.asarray(np.where(np.arange(40) < 10, -np.inf, SMALL), jnp.float32)
    law = poisson_binomial.law_of_small(some, LEVELS, K, **OPTIONS)
    np.testing.assert_allclose(
        law[1, 2], law_of(SMALL[1, 10:], LEVELS[1, 2]), atol=1e-6
    )
    crossings = poisson_binomial.crossings_of_small(law, some, LEVELS, reach=FAR)
    np.testing.assert_array_equal(crossings[:, :10], 0)
