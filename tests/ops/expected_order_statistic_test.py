"""Tests for jaxsdm.ops.expected_order_statistic: goldens, and sums over a fine grid."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P
from scipy.stats import norm

from jaxsdm import parallel
from jaxsdm.ops import expected_kth_largest

RNG = np.random.default_rng(0)
MESHES = [(8, 1), (4, 2), (2, 4), (1, 8)]


def value_and_gradient(x, k, epsilon):
    return jax.tree.map(np.asarray, _value_and_gradient(x, k, epsilon))


@functools.partial(jax.jit, static_argnums=1)
def _value_and_gradient(x, k, epsilon):
    def total(x):
        value = expected_kth_largest(x, k, epsilon=epsilon)
        return value.sum(), value

    (_, value), gradient = jax.value_and_grad(total, has_aux=True)(x)
    return value, gradient


def oracle(x, k, epsilon, columns):
    """One row in float64: columns in turn, on a fine grid; probability of some."""
    x = np.asarray(x, np.float64)
    centre = np.sort(x)[::-1][k - 1]
    t = centre + epsilon * np.linspace(-9, 9, 721)

    def few(x):
        """Probability of 0 .. k-1 above t."""
        law = np.zeros((k, len(t)))
        law[0] = 1
        for score in x:
            p = norm.sf((t - score) / epsilon)
            law = (1 - p) * law + p * np.concatenate([np.zeros((1, len(t))), law[:-1]])
        return law

    value = t[-1] - np.trapezoid(few(x).sum(0), t)
    chosen = [
        np.trapezoid(norm.pdf(t, x[c], epsilon) * few(np.delete(x, c))[k - 1], t)
        for c in columns
    ]
    return value, np.array(chosen)


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_golden(shared, precision):
    file = np.load(shared / "golden" / "losses" / "expected_topk.npz")
    keys = [k.removesuffix("__value") for k in file.files if k.endswith("__value")]
    assert len(keys) >= 50
    tolerance = 1e-10 if precision == "f64" else 1e-6
    for key in keys:
        tag, k, epsilon = key.split("__")
        k, epsilon = int(k[3:]), float(epsilon[3:])
        exact = file[f"{tag}__s"]
        with jax.enable_x64(precision == "f64"):
            x = jnp.asarray(exact, None if precision == "f64" else jnp.float32)
            value, gradient = value_and_gradient(x, k, epsilon)
        np.testing.assert_allclose(value, file[f"{key}__value"], atol=tolerance)
        # Rounding the scores to float32 moves them by up to 1e-5 of a small epsilon.
        rounding = 0 if precision == "f64" or epsilon > 0.05 else 5e-6
        np.testing.assert_allclose(
            gradient, file[f"{key}__grad"], atol=tolerance + rounding
        )


TABLES = {
    "normal": RNG.normal(size=400),
    "equal": np.zeros(400),
    "three far above": np.where(np.arange(400) < 3, 6.0, RNG.normal(size=400) / 9),
    "scattered": RNG.standard_cauchy(size=400),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("k", [1, 6, 40])
def test_many_columns(name, k):
    """Most of them enter through power sums alone, or not at all."""
    row = TABLES[name]
    order = np.argsort(-row, kind="stable")
    columns = order[[0, k - 1, k, 150, 399]]
    for epsilon in (0.02, 1.0):
        want, chosen = oracle(row, k, epsilon, columns)
        for dtype, tolerance in ((np.float64, 1e-10), (np.float32, 2e-6)):
            with jax.enable_x64(dtype == np.float64):
                x = jnp.asarray(row[None], dtype)
                value, gradient = value_and_gradient(x, k, epsilon)
            np.testing.assert_allclose(value[0], want, atol=tolerance)
            if dtype == np.float64:
                np.testing.assert_allclose(gradient[0, columns], chosen, atol=1e-10)
            np.testing.assert_allclose(gradient.sum(), 1, atol=3 * tolerance)
            assert (gradient >= -1e-9).all()


def test_the_law_of_the_maximum_of_two():
    """E max(Z_1 + d, Z_2) has a closed form (Clark 1961, doi:10.1287/opre.9.2.145)."""
    d = np.array([-40.0, -3.0, 0.0, 0.5, 2.0, 40.0], np.float32)
    value, gradient = value_and_gradient(jnp.stack([d, 0 * d], axis=1), 1, 1.0)
    a = np.sqrt(2.0)
    want = d * norm.cdf(d / a) + a * norm.pdf(d / a)
    np.testing.assert_allclose(value, want, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradient[:, 0], norm.cdf(d / a), atol=1e-6)


def test_draws_come_near():
    x = RNG.normal(size=(1, 30)).astype(np.float32)
    drawn = np.sort(x + 0.7 * RNG.normal(size=(20_000, 30)), axis=1)[:, -4]
    value, _ = value_and_gradient(x, 4, 0.7)
    assert abs(value[0] - drawn.mean()) < 4 * drawn.std() / np.sqrt(20_000)


@pytest.mark.parametrize("shape", MESHES)
@pytest.mark.parametrize("epsilon", [0.02, 1.0])
def test_the_same_on_any_mesh(shape, epsilon):
    x = RNG.normal(size=(8, 160)).astype(np.float32)
    island = jax.shard_map(
        lambda x: expected_kth_largest(x, 3, epsilon=epsilon, axis_name="species"),
        mesh=parallel.make_mesh(*shape),
        in_specs=P("data", "species"),
        out_specs=P("data"),
    )
    weights = jnp.arange(1.0, 9.0)
    got, pull = jax.vjp(jax.jit(island), x)
    value, gradient = value_and_gradient(x, 3, epsilon)
    np.testing.assert_allclose(got, value, rtol=1e-6, atol=1e-6)
    (pulled,) = pull(weights)
    np.testing.assert_allclose(pulled, weights[:, None] * gradient, atol=2e-6)


def test_rows_do_not_see_each_other():
    """More rows than a tile and no multiple of it; some near, some out of reach."""
    x = RNG.normal(size=(21, 120)).astype(np.float32)
    x[:10] *= 1000
    value, gradient = value_and_gradient(x, 2, 1.0)
    for i in (0, 15, 16, 20):
        one, pulled = value_and_gradient(x[i : i + 1], 2, 1.0)
        np.testing.assert_allclose(value[i], one[0], rtol=1e-6)
        np.testing.assert_allclose(gradient[i], pulled[0], atol=1e-6)


@pytest.mark.parametrize("x", [1e4, -1e4, 0.0])
def test_extreme_scores_stay_finite(x):
    rows = np.stack([np.full(150, x), 1e4 * RNG.normal(size=150)]).astype(np.float32)
    value, gradient = value_and_gradient(rows, 5, 1.0)
    assert np.isfinite(value).all()
    np.testing.assert_allclose(gradient.sum(1), 1, atol=2e-6)


def test_one_column_and_no_rows():
    value, gradient = value_and_gradient(jnp.asarray([[2.5]]), 1, 1.0)
    np.testing.assert_allclose(value, [2.5], atol=1e-6)
    np.testing.assert_allclose(gradient, [[1.0]], atol=1e-6)
    value, gradient = value_and_gradient(jnp.zeros((0, 5)), 1, 1.0)
    assert value.shape == (0,)
    assert gradient.shape == (0, 5)


def test_what_is_refused():
    for k in (0, 4):
        with pytest.raises(ValueError, match=rf"k in \[1, 3\], got k={k}"):
            expected_kth_largest(jnp.zeros((2, 3)), k, epsilon=1.0)
    with pytest.raises(ValueError, match=r"\[rows, columns\], got \(3,\)"):
        expected_kth_largest(jnp.zeros(3), 1, epsilon=1.0)
    with pytest.raises(TypeError, match="floating x, got int32"):
        expected_kth_largest(jnp.zeros((2, 3), int), 1, epsilon=1.0)
