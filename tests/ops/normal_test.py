"""Tests for jaxsdm.ops.normal, and for tiles of ops.random_bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats

from jaxsdm.ops.normal import random_normal
from jaxsdm.ops.random_bits import random_bits, random_uniform

KEY = jax.random.key(4)


def test_standard_normal():
    z = np.asarray(jax.jit(lambda key: random_normal(key, (5, 200, 400)))(KEY))
    assert z.dtype == np.float32
    flat = z.ravel().astype(float)
    assert scipy.stats.kstest(flat, "norm").pvalue > 1e-3
    error = 1 / np.sqrt(flat.size)
    assert abs(flat.mean()) < 4 * error
    assert abs((flat**2).mean() - 1) < 4 * np.sqrt(2) * error
    assert abs((flat**4).mean() - 3) < 4 * np.sqrt(96) * error
    for axis in range(3):  # neighbours along draws, rows and species
        one, other = np.moveaxis(z, axis, 0)[1:], np.moveaxis(z, axis, 0)[:-1]
        correlation = np.mean(one.astype(float) * other)
        assert abs(correlation) < 5 / np.sqrt(one.size)


@pytest.mark.parametrize("draw", [random_bits, random_uniform, random_normal])
def test_a_tile_is_cut_from_the_whole(draw):
    whole = np.asarray(draw(KEY, (3, 10, 40)))
    tile = draw(KEY, (2, 4, 7), starts=(1, 5, 30))
    np.testing.assert_array_equal(tile, whole[1:3, 5:9, 30:37])
    traced = jax.jit(lambda *starts: draw(KEY, (2, 4, 7), starts=starts))(1, 5, 30)
    np.testing.assert_array_equal(traced, tile)
    shards = jax.vmap(lambda i: draw(KEY, (3, 10, 8), starts=(0, 0, 8 * i)))(
        jnp.arange(5)
    )
    np.testing.assert_array_equal(np.concatenate(shards, axis=-1), whole)


def test_the_ends_of_the_grid_are_finite(monkeypatch):
    from jaxsdm.ops import normal

    words = jnp.asarray([0, 2**32 - 1, 2**31], jnp.uint32)
    monkeypatch.setattr(normal, "random_bits", lambda *_, **__: words)
    z = np.asarray(random_normal(KEY, (3,)))
    assert np.isfinite(z).all()
    assert z[0] == -z[1]
    assert 5 < z[1] < 5.5
    assert 0 < z[2] < 1e-6


def test_a_start_too_few():
    with pytest.raises(ValueError, match=r"\(2, 3\), got 1"):
        random_bits(KEY, (2, 3), starts=(0,))
