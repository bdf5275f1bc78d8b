"""Tests for jaxsdm.models.linear."""

import jax
import numpy as np

from jaxsdm import models

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def test_starts_flat_and_is_linear():
    module = models.build("linear", species=3, features=4)
    variables = jax.jit(module.init)(jax.random.key(0), {"predictors": X})
    assert not np.asarray(module.apply(variables, {"predictors": X}).logits).any()
    kernel = np.arange(12, dtype=np.float32).reshape(4, 3)
    outputs = module.apply({"params": {"head": {"kernel": kernel}}}, {"predictors": X})
    np.testing.assert_allclose(outputs.logits, X @ kernel, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(outputs.features, X)
