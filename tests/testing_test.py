"""Tests for jaxsdm.testing: it must fail a loss that is not exact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import testing

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(8, 4)).astype(np.float32)
Y = RNG.poisson(1.0, (8, 4)).astype(np.float32)


def squares(z, y, where, w, site_axis_name=None):
    """Each shard sums its own rows: exact only if they are summed over the axis."""
    total = jnp.sum(jnp.where(where[:, None], (z - y) ** 2, 0.0) * w[:, None], axis=0)
    return total if site_axis_name is None else jax.lax.psum(total, site_axis_name)


def local_mean(z, y, where, w, site_axis_name=None):
    total = squares(z, y, where, w, site_axis_name)
    return total / z.shape[0]  # the rows of this shard, not of all


def test_an_exact_loss_passes():
    testing.assert_same_on_mesh(squares, Z, Y, per_species=True)


def test_a_loss_that_sees_its_shard_only_fails():
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        testing.assert_same_on_mesh(local_mean, Z, Y, per_species=True)
