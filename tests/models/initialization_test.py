"""Tests for jaxsdm.models.initialization."""

import jax
import numpy as np
import pytest

from jaxsdm.models import initialization


@pytest.mark.parametrize("part", ["kernel", "bias"])
def test_torch_uniform_fills_its_bounds(part):
    init = getattr(initialization.initializers("torch_uniform", 16), part)
    x = np.asarray(init(jax.random.key(0), (16, 1000), np.float32))
    assert np.abs(x).max() <= 0.25
    assert np.abs(x).max() > 0.249
    np.testing.assert_allclose(x.mean(), 0, atol=0.005)
    np.testing.assert_allclose(x.std(), 0.25 / np.sqrt(3), rtol=0.02)


def test_lecun_normal_has_variance_one_over_fan_in():
    init = initialization.initializers("lecun_normal", 100)
    x = np.asarray(init.kernel(jax.random.key(0), (100, 400), np.float32))
    np.testing.assert_allclose(x.var(), 0.01, rtol=0.05)
    assert not np.asarray(init.bias(jax.random.key(0), (400,), np.float32)).any()


def test_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"orthogonal.*lecun_normal, torch_uniform"):
        initialization.initializers("orthogonal", 3)
