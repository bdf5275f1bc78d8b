"""Exact sums: against fractions, in any order, on the host and inside jit."""

import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.metrics import exact_sum

RNG = np.random.default_rng(8)
TERMS = RNG.normal(size=(1000, 3)) * 10.0 ** RNG.integers(-3, 4, (1000, 3))


def test_of_float64_to_the_last_bit():
    got = exact_sum.value(exact_sum.exact_sum(TERMS, np))
    want = [math.fsum(column) for column in TERMS.T]
    np.testing.assert_allclose(got, want, rtol=0, atol=1000 * 2.0**-60 + 1e-12)
    small = np.full((7, 1), 2.0**-58)
    assert exact_sum.value(exact_sum.exact_sum(small, np))[0] == 7 * 2.0**-58


def test_no_order_of_terms_matters_where_it_does_for_floats():
    orders = [RNG.permutation(1000) for _ in range(20)]
    assert len({float(TERMS[o, 0].cumsum()[-1]) for o in orders}) > 1
    sums = {
        float(exact_sum.value(exact_sum.exact_sum(TERMS[o], np))[0]) for o in orders
    }
    assert len(sums) == 1


def test_inside_jit_the_exact_sum_of_float32_terms():
    terms = np.abs(TERMS).astype(np.float32)
    total = jax.jit(lambda x: exact_sum.exact_sum(x, jnp))(terms)
    assert total.limbs.dtype == jnp.result_type(int)
    want = [float(sum(Fraction(float(x)) for x in column)) for column in terms.T]
    np.testing.assert_allclose(exact_sum.value(total), want, rtol=1e-15)
    assert not np.allclose(terms.cumsum(0)[-1], want, rtol=1e-15)


def test_carrying_changes_no_value_and_makes_limbs_small():
    total = exact_sum.exact_sum(TERMS, np)
    many = exact_sum.ExactSum(total.limbs * 1000)
    small = exact_sum.carried(many, np)
    assert (small.limbs[1:] < 2**15).all()
    assert (small.limbs[1:] >= 0).all()
    np.testing.assert_array_equal(exact_sum.value(small), exact_sum.value(many))


def test_counts_are_integers_and_negative_terms_count():
    total = exact_sum.exact_sum(np.ones((5, 2), bool), np)
    np.testing.assert_array_equal(total.limbs[0], [5, 5])
    assert not total.limbs[1:].any()
    assert exact_sum.value(exact_sum.exact_sum(np.array([-0.75, 0.5]), np)) == -0.25


def test_too_many_terms_for_int32_are_refused():
    terms = jax.ShapeDtypeStruct((2**16 + 1,), jnp.float32)
    with pytest.raises(ValueError, match="at most 65536 places a batch, got 65537"):
        jax.eval_shape(lambda x: exact_sum.exact_sum(x, jnp), terms)
    full = np.full(2**16, 1 - 2.0**-24, np.float32)
    total = jax.jit(lambda x: exact_sum.exact_sum(x, jnp))(full)
    assert exact_sum.value(total) == 2**16 * (1 - 2.0**-24)


def test_mean():
    assert exact_sum.exact_mean(np.array([0.5, 0.25])) == 0.375
    assert np.isnan(exact_sum.exact_mean(np.zeros(0)))
    with pytest.raises(ValueError, match="finite"):
        exact_sum.exact_mean(np.array([np.inf]))
