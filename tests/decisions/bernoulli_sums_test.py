"""Tests for jaxsdm.decisions.bernoulli_sums: transforms, against double precision."""

import decimal

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.decisions.bernoulli_sums import rates, total_log, total_share, transform

P = np.array([0, 1e-12, 1e-7, 1e-3, 0.3, 0.5, 0.500001, 0.9, 0.9999999, 1], np.float32)
X = np.array([-3.0, -1e-6, 1e-9, 1e-4, 0.02, 1.0, 5.0, 20.0])


def exact(p, x):
    """The logarithm of the transform and the share, of numbers with 60 digits."""
    with decimal.localcontext(prec=60):
        p, x = decimal.Decimal(float(p)), decimal.Decimal(float(x))
        whole = 1 - p + p * (-x).exp()
        return float(whole.ln()), float(p * (-x).exp() / whole)


@pytest.mark.parametrize("x", X)
def test_of_one_species(x):
    at = rates(np.array([x]), np.dtype(np.float32))
    found = transform(jnp.asarray(P), at)
    log, share = np.array([exact(p, np.float32(x)) for p in P]).T
    np.testing.assert_allclose(found.log, log, rtol=1e-6, atol=3e-6 * max(x, 0))
    np.testing.assert_allclose(found.share, share, rtol=4e-6)


def test_sums_over_many_species():
    rng = np.random.default_rng(0)
    p = rng.beta(0.1, 0.3, (3, 5000)).astype(np.float32)
    at = rates(X, np.dtype(np.float32))
    fine = p.astype(np.float64)[:, :, None]
    whole = 1 - fine + fine * np.exp(-X)
    np.testing.assert_allclose(
        total_log(jnp.asarray(p), at), np.log(whole).sum(axis=1), rtol=1e-5
    )
    share = (fine * np.exp(-X) / whole).sum(axis=1)
    np.testing.assert_allclose(total_share(jnp.asarray(p), at), share, rtol=1e-5)


def test_rates_are_cut_before_they_overflow():
    at = rates(np.array([-1e9, 1e9]), np.dtype(np.float32))
    found = transform(jnp.asarray([0.0, 1.0]), at)
    assert np.isfinite(found.log).all()
    assert np.isfinite(np.asarray(total_log(jnp.full((1, 3), 0.5), at))).all()
