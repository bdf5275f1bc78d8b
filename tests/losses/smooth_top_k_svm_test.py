"""Tests for jaxsdm.losses.smooth_top_k_svm: golden vectors and a log-space oracle."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P
from scipy.special import expit

from jaxsdm import parallel
from jaxsdm.losses.smooth_top_k_svm import smooth_top_k_svm

RNG = np.random.default_rng(0)
F = RNG.normal(size=(16, 24)).astype(np.float32)
Y = jnp.asarray(RNG.integers(0, 24, 16))
MESHES = [(8, 1), (4, 2), (2, 4), (1, 8)]


def oracle(scores, label, k, tau, alpha=1.0):
    """One example in float64: logarithms of polynomials, species after species."""
    z = np.asarray(scores, np.float64) / (k * tau)
    species = np.arange(len(z))

    def log_polynomials(members):
        logs = np.full(k + 1, -np.inf)
        logs[0] = 0
        for j in members:
            logs[1:] = np.logaddexp(logs[1:], z[j] + logs[:-1])
        return logs

    ordered = np.sort(np.append(np.asarray(scores, np.float64), -np.inf))[::-1]
    others = species[species != label]
    kth = others[np.argsort(-z[others], kind="stable")[k - 1]]
    gradient = np.zeros(len(z))
    if ordered[k - 1] - ordered[k] >= k * tau * np.log(1000):
        h = alpha + (float(scores[kth]) - float(scores[label])) / k
        gradient[kth] += (h > 0) / k
        gradient[label] -= (h > 0) / k
        return max(h, 0), gradient
    whole = log_polynomials(others)
    excess = alpha / tau + whole[k] - whole[k - 1] - z[label]
    slope = expit(excess)
    for j in others:
        without = log_polynomials(others[others != j])
        gradient[j] = np.exp(z[j] + without[k - 1] - whole[k])
        if k > 1:
            gradient[j] -= np.exp(z[j] + without[k - 2] - whole[k - 1])
    gradient *= slope / k
    gradient[label] = -slope / k
    return tau * np.logaddexp(0, excess), gradient


@functools.partial(jax.jit, static_argnames="k")
def value_and_gradient(f, y, tau, where, *, k):
    def total(f):
        values = smooth_top_k_svm(f, y, k=k, tau=tau, where=where)
        return values.sum(), values

    gradient, value = jax.grad(total, has_aux=True)(f)
    return value, gradient


def with_gradient(f, y, *, k, tau=1.0, where=None):
    return value_and_gradient(jnp.asarray(f), y, tau, where, k=k)


def assert_oracle(f, y, k, tau, atol):
    value, gradient = with_gradient(f, y, k=k, tau=tau)
    for i, label in enumerate(np.asarray(y)):
        want = oracle(f[i], label, k, tau)
        np.testing.assert_allclose(value[i], want[0], rtol=atol, atol=atol)
        np.testing.assert_allclose(gradient[i], want[1], atol=atol)


def golden(shared, ending):
    """Keys that end so: logits, labels and options, and the file's value by name."""
    file = np.load(shared / "golden" / "losses" / "berrada.npz")
    for entry in file.files:
        key, _, last = entry.rpartition("__")
        if last == ending:
            tag, k, tau = key.split("__")
            options = {"k": int(k[1:]), "tau": float(tau[3:])}
            f, y = file[f"{tag}__s"], jnp.asarray(file[f"{tag}__y"])
            yield f, y, options, lambda name, key=key: file[f"{key}__{name}"]


def test_golden(shared):
    checked = 0
    with jax.enable_x64():
        for f, y, options, want in golden(shared, "grad_exact"):
            value, gradient = with_gradient(f, y, **options)
            np.testing.assert_allclose(value, want("per_sample_exact"), atol=1e-12)
            wanted = want("grad_exact") * len(f)  # of the mean
            np.testing.assert_allclose(gradient, wanted, atol=1e-12)
            best = np.sort(f, axis=1)[:, ::-1]
            gap = best[:, options["k"] - 1] - best[:, options["k"]]
            smooth = gap < options["k"] * options["tau"] * np.log(1000)
            np.testing.assert_array_equal(smooth, want("smooth_branch"))
            checked += 1
    assert checked == 15


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_golden_of_the_authors(shared, precision):
    """Their loss, k = 1 included, of which their gradient is another matter."""
    checked = 0
    with jax.enable_x64(precision == "float64"):
        for f, y, options, want in golden(shared, "loss_ref"):
            if f.dtype != precision:
                continue
            value, _ = with_gradient(f, y, **options)
            tolerance = 1e-12 if precision == "float64" else 1e-6
            np.testing.assert_allclose(
                value.mean(), want("loss_ref"), rtol=tolerance, atol=tolerance
            )
            checked += 1
    assert checked == 21


@pytest.mark.parametrize("k", [1, 2, 5, 11, 12, 22, 23])
def test_as_the_oracle(k):
    for tau in (0.02, 0.1, 1.0, 10.0):
        with jax.enable_x64():
            for f in (F, 5 * F):
                assert_oracle(f[:4].astype(np.float64), Y[:4], k, tau, 1e-12)
        assert_oracle(F[:4], Y[:4], k, tau, 2e-6)


@pytest.mark.parametrize(("k", "tau"), [(5, 0.1), (5, 1.0), (20, 1.0)])
def test_many_species(k, tau):
    f = RNG.normal(size=(2, 400))
    f[1, :30] += 4  # a few above many
    y = jnp.asarray([3, 350])
    assert_oracle(f.astype(np.float32), y, k, tau, 2e-6)
    with jax.enable_x64():
        assert_oracle(f, y, k, tau, 1e-11)


def test_long_lists_of_equal_logits():
    """With L equal species `e_K / e_{K-1}` is `(L - K) / K`."""
    k, species = 50, 10_000
    f, y = np.zeros((2, species), np.float32), jnp.asarray([0, 7])
    value, gradient = with_gradient(f, y, k=k)
    ratio = np.e * (species - k) / k
    np.testing.assert_allclose(value, np.log1p(ratio), rtol=1e-5)
    want = np.full(species, ratio / (1 + ratio) / k / (species - 1))
    want[0] = -ratio / (1 + ratio) / k
    np.testing.assert_allclose(gradient[0], want, rtol=1e-3, atol=1e-8)


def test_both_branches_are_taken():
    f = np.zeros((2, 12), np.float32)
    f[:, :3] = 5
    y = jnp.asarray([0, 7])
    value, gradient = with_gradient(f, y, k=3, tau=0.1)
    np.testing.assert_allclose(value, [0, 1 + 5 / 3], rtol=1e-6)
    np.testing.assert_array_equal(gradient[0], 0)
    assert_oracle(f, y, 3, 0.1, 1e-6)
    np.testing.assert_allclose(gradient.sum(1), 0, atol=1e-6)
    soft, _ = with_gradient(f, y, k=3, tau=1.0)
    assert (soft > value).all()


@pytest.mark.parametrize("shape", MESHES)
@pytest.mark.parametrize(("k", "tau"), [(1, 1.0), (3, 0.1), (5, 1.0)])
def test_the_same_on_any_mesh(shape, k, tau):
    table, rows = P("data", "species"), P("data")
    options = {"k": k, "tau": tau}
    island = jax.shard_map(
        lambda f, y: smooth_top_k_svm(f, y, species_axis_name="species", **options),
        mesh=parallel.make_mesh(*shape),
        in_specs=(table, rows),
        out_specs=rows,
    )
    weights = jnp.arange(1.0, 17.0)

    def total(function, f):
        values = function(f)
        return jnp.sum(values * weights), values

    run = jax.value_and_grad(
        functools.partial(total, lambda f: island(f, Y)), has_aux=True
    )
    (_, got), gradient = jax.jit(run)(F)
    want, wanted = with_gradient(F, Y, **options)
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(gradient / weights[:, None], wanted, atol=1e-6)


def test_pmap_gradient_taken_inside():
    def inside(f):
        return jax.grad(
            lambda f: smooth_top_k_svm(f, Y, k=3, species_axis_name="i").sum()
        )(f)

    shards = jnp.asarray(F.reshape(16, 8, 3).transpose(1, 0, 2))
    got = np.asarray(jax.pmap(inside, axis_name="i")(shards))
    _, want = with_gradient(F, Y, k=3)
    np.testing.assert_allclose(got.transpose(1, 0, 2).reshape(16, 24), want, atol=1e-6)


@pytest.mark.parametrize("f", [F * 1e4, 0 * F, F * 0 + 1e4, F * 0 - 1e4])
@pytest.mark.parametrize("tau", [0.02, 1.0])
def test_extreme_logits_stay_finite(f, tau):
    value, gradient = with_gradient(f, Y, k=5, tau=tau)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient.sum(1), 0, atol=2e-6)


def test_two_species_and_no_rows():
    assert_oracle(F[:4, :2], Y[:4] % 2, 1, 1.0, 1e-6)
    value, gradient = with_gradient(F[:0], Y[:0], k=3)
    assert value.shape == (0,)
    assert gradient.shape == (0, 24)


@pytest.mark.parametrize("junk", [np.inf, np.nan])
def test_padding_has_no_share(junk):
    f = np.concatenate([F, np.full((2, 24), junk, np.float32)])
    y, where = jnp.concatenate([Y, Y[:2]]), np.arange(18) < 16
    value, gradient = with_gradient(f, y, k=3, where=where)
    want, wanted = with_gradient(F, Y, k=3)
    np.testing.assert_allclose(value[:16], want, rtol=1e-6)
    np.testing.assert_allclose(gradient[:16], wanted, atol=1e-6)
    np.testing.assert_array_equal(value[16:], 0)
    np.testing.assert_array_equal(gradient[16:], 0)


def test_transforms():
    run = functools.partial(smooth_top_k_svm, k=3)
    want, wanted = with_gradient(F, Y, k=3)
    np.testing.assert_allclose(jax.jit(run)(F, Y), want, rtol=1e-5)
    inner = jax.jit(jax.grad(lambda f: jax.checkpoint(run)(f, Y).sum()))(F)
    np.testing.assert_allclose(inner, wanted, atol=1e-6)
    stacked = jax.jit(jax.vmap(run))(jnp.stack([F, F[::-1]]), jnp.stack([Y, Y[::-1]]))
    np.testing.assert_allclose(stacked, [want, want[::-1]], rtol=1e-5)
    half = jax.jit(run)(F.astype(jnp.bfloat16), Y)
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, want, rtol=0.02)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"k": 24}, "k from 1 to below the 24 species, got k=24"),
        ({"k": 0}, "got k=0"),
        ({"k": 3, "tau": 0.0}, "tau > 0, got 0"),
        ({"k": 3, "alpha": -1.0}, r"alpha in \[0, inf\], got -1"),
    ],
)
def test_what_is_refused(options, text):
    with pytest.raises(ValueError, match=text):
        smooth_top_k_svm(F, Y, **options)
