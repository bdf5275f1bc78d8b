"""Tests for jaxsdm.models.maxent."""

import jax
import numpy as np
import pytest

from jaxsdm import models
from jaxsdm.models.maxent import CLASSES

RNG = np.random.default_rng(0)
X = np.c_[RNG.normal(size=(12, 3)), RNG.integers(0, 2, (12, 2))].astype(np.float32)
CATEGORICAL = (False, False, False, True, True)


def one_column_at_a_time(x, background, knots):
    """(class, column) pairs, written from the formulas, one site at a time."""
    low, high = background.min(0), background.max(0)
    z = np.clip((x - low) / (high - low), 0, 1)
    columns = [("linear", z[:, i]) for i in range(3)]
    columns += [("quadratic", z[:, i] ** 2) for i in range(3)]
    columns += [("product", z[:, i] * z[:, j]) for i, j in [(0, 1), (0, 2), (1, 2)]]
    at = [k / (knots - 1) for k in range(knots)]
    hinge = []
    for t in at[:-1]:
        hinge += [[max(0, (v - t) / (1 - t)) for v in z[:, i]] for i in range(3)]
    for t in at[1:]:
        hinge += [[max(0, (t - v) / t) for v in z[:, i]] for i in range(3)]
    columns += [("hinge", column) for column in hinge]
    columns += [("categorical", x[:, i]) for i in (3, 4)]
    return columns


@pytest.mark.parametrize(
    "classes", [CLASSES, ("linear",), ("linear", "quadratic"), ("hinge", "linear")]
)
def test_features_equal_the_formulas(classes):
    layer = models.MaxentFeatures(CATEGORICAL, classes, knots=5)
    outside = X * 1.5  # beyond the background: clamped
    variables = layer.init(jax.random.key(0), X)
    want = [
        (kind, column)
        for kind, column in one_column_at_a_time(outside, X, 5)
        if kind in (*classes, "categorical")
    ]
    got = layer.apply(variables, outside)
    assert models.expanded_classes(CATEGORICAL, classes=classes, knots=5) == tuple(
        kind for kind, _ in want
    )
    np.testing.assert_allclose(
        got, np.stack([c for _, c in want], 1), rtol=1e-5, atol=1e-6
    )


def test_numpy_and_jax_agree():
    layer = models.MaxentFeatures(CATEGORICAL)
    constants = models.expansion_constants(X)
    plain = layer.apply({"constants": constants}, X)
    assert isinstance(plain, np.ndarray)
    assert plain.dtype == np.float32
    jitted = jax.jit(lambda x: layer.apply({"constants": constants}, x))(X)
    np.testing.assert_allclose(jitted, plain, rtol=1e-5, atol=1e-6)


def test_constant_predictor_gives_finite_features():
    flat = np.ones((4, 2), np.float32)
    layer = models.MaxentFeatures()
    got = layer.apply({"constants": models.expansion_constants(flat)}, flat)
    assert np.isfinite(got).all()


def test_maxent_trains_its_head_only():
    module = models.build(
        "maxent", species=4, features=5, categorical=CATEGORICAL, knots=3
    )
    variables = jax.jit(module.init)(jax.random.key(0), {"predictors": X})
    width = len(models.expanded_classes(CATEGORICAL, knots=3))
    assert jax.tree.map(np.shape, variables["params"]) == {
        "head": {"kernel": (width, 4)}
    }
    assert not np.asarray(variables["params"]["head"]["kernel"]).any()
    kernel = RNG.normal(size=(width, 4)).astype(np.float32)
    made = models.maxent_variables(kernel, models.expansion_constants(X))
    jax.tree.map(
        np.testing.assert_array_equal, made["constants"], variables["constants"]
    )
    outputs = module.apply(made, {"predictors": X})
    np.testing.assert_allclose(
        outputs.logits, outputs.features @ kernel, rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (models.MaxentFeatures((False,) * 3), "describes 3 columns, the table has 5"),
        (models.MaxentFeatures(CATEGORICAL, ("cubic",)), r"\['cubic'\] are not known"),
        (models.MaxentFeatures(CATEGORICAL, knots=1), "at least 2 knots, got 1"),
    ],
)
def test_says_what_is_wrong(layer, text):
    with pytest.raises(ValueError, match=text):
        layer.init(jax.random.key(0), X)
