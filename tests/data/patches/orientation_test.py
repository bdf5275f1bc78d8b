"""Tests for jaxsdm.data.patches.orientation."""

import jax
import numpy as np
import pytest

from jaxsdm.data.patches import oriented
from jaxsdm.data.patches.orientation import flipped, laid_back


def test_eight_different_ways_as_numpy_turns():
    patch = np.arange(9).reshape(3, 3, 1)
    want = [np.rot90(p, t) for p in (patch, patch[:, ::-1]) for t in range(4)]
    got = jax.jit(oriented)(np.repeat(patch[None], 8, 0), np.arange(8))
    np.testing.assert_array_equal(got, np.stack(want))
    assert len({one.tobytes() for one in np.asarray(got)}) == 8


def test_flips_need_no_squares():
    patch = np.arange(6).reshape(2, 3, 1)
    got = flipped(
        jax.numpy.asarray(np.repeat(patch[None], 4, 0)), jax.numpy.arange(0, 8, 2)
    )
    turned = patch[::-1, ::-1]
    want = [patch, turned, patch[:, ::-1], turned[:, ::-1]]
    np.testing.assert_array_equal(got, np.stack(want))
    with pytest.raises(ValueError, match="square patches, got shape"):
        oriented(jax.numpy.asarray(patch[None]), jax.numpy.zeros(1, int))


def test_laid_back_undoes_it(rng):
    patch = rng.normal(size=(4, 4, 2))
    for code in range(8):
        turned = np.array(
            oriented(jax.numpy.asarray(patch[None]), jax.numpy.array([code]))
        )[0]
        np.testing.assert_array_equal(laid_back(turned, code), patch.astype("f4"))
        assert np.shares_memory(laid_back(turned, code), turned)
