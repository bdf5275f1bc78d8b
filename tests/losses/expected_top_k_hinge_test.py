"""Tests for jaxsdm.losses.expected_top_k_hinge."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.losses import (
    expected_top_k_hinge,
    stochastic_top_k_hinge,
    top_k_margins,
)

RNG = np.random.default_rng(0)
F = RNG.normal(size=(12, 20)).astype(np.float32)
Y = RNG.integers(0, 20, 12)


@functools.partial(jax.jit, static_argnames="k")
def value_and_gradient(f, y, *, k, **options):
    def total(f):
        value = expected_top_k_hinge(f, y, k=k, **options)
        return value.sum(), value

    gradient, value = jax.grad(total, has_aux=True)(f)
    return value, gradient


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_golden(shared, precision):
    """The limit of the authors' balanced loss for infinitely many draws."""
    file = np.load(shared / "golden" / "losses" / "expected_topk.npz")
    keys = [k.removesuffix("__loss") for k in file.files if k.endswith("__loss")]
    assert len(keys) >= 24
    tolerance = 1e-10 if precision == "f64" else 1e-6
    for key in keys:
        tag, k, epsilon = key.split("__")
        k, epsilon = int(k.removeprefix("bal_k")), float(epsilon[3:])
        with jax.enable_x64(precision == "f64"):
            f = jnp.asarray(file[f"{tag}__s"], None if precision == "f64" else "f4")
            value, gradient = value_and_gradient(
                f, jnp.asarray(file[f"{tag}__y"]), k=k, epsilon=epsilon
            )
            value, gradient = np.asarray(value), np.asarray(gradient) / len(f)
        np.testing.assert_allclose(value.mean(), file[f"{key}__loss"], atol=tolerance)
        np.testing.assert_allclose(gradient, file[f"{key}__grad"], atol=tolerance)


def test_the_limit_of_many_draws():
    """Imbalanced form, where the hinge is active and where it is not."""
    margins = top_k_margins(RNG.integers(1, 900, 20), 0.8)
    options = {"k": 3, "epsilon": 0.4, "margin": margins, "scale": 5.0}
    value, gradient = value_and_gradient(F, Y, **options)
    drawn = functools.partial(stochastic_top_k_hinge, num_samples=8000, **options)
    want, pull = jax.vjp(lambda f: drawn(f, Y, jax.random.key(0)), jnp.asarray(F))
    assert (value == 0).any()
    assert (value > 0).any()
    np.testing.assert_allclose(value, want, atol=0.05)
    np.testing.assert_allclose(gradient, pull(jnp.ones(12))[0], atol=0.1)
    np.testing.assert_allclose(gradient.sum(1), 0, atol=2e-5)


def test_little_noise_is_the_hard_hinge():
    value, gradient = value_and_gradient(F, Y, k=3, epsilon=1e-6)
    want = 1 + np.sort(F, axis=1)[:, -4] - F[np.arange(12), Y]
    np.testing.assert_allclose(value, np.maximum(want, 0), atol=1e-5)
    rows = np.flatnonzero(want > 0)
    cut = np.argsort(-F[rows], axis=1)[:, 3]
    expected = np.zeros_like(F)
    expected[rows, cut] += 1
    expected[rows, Y[rows]] -= 1
    np.testing.assert_allclose(gradient, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"k": 0}, "k=0"),
        ({"k": 20}, "species = 20.*k=20"),
        ({"k": 3, "epsilon": 0.0}, "finite epsilon > 0, got 0.*hard"),
        ({"k": 3, "epsilon": np.nan}, "epsilon > 0, got nan"),
        ({"k": 3, "scale": -1.0}, "scale.*-1"),
        ({"k": 3, "margin": np.ones(3)}, r"margin.*\(3,\)"),
    ],
)
def test_what_is_refused(options, text):
    with pytest.raises(ValueError, match=text):
        expected_top_k_hinge(F, Y, **options)
    with pytest.raises(ValueError, match=r"labels\[0\] is 99"):
        expected_top_k_hinge(F, Y * 0 + 99, k=1)
