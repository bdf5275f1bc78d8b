"""Tests for jaxsdm.losses.assume_negative."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import parallel
from jaxsdm.losses.assume_negative import (
    assume_negative,
    assume_negative_slds_from_features,
    assume_negative_ssdl_from_features,
    other_species,
)

BATCH, SPECIES, FEATURES = 16, 8, 5
RNG = np.random.default_rng(5)
X = RNG.normal(size=(BATCH, FEATURES)).astype(np.float32)
R = RNG.normal(size=(BATCH, FEATURES)).astype(np.float32)
KERNEL = RNG.normal(size=(FEATURES, SPECIES)).astype(np.float32)
F, G = X @ KERNEL, R @ KERNEL
LABELS = RNG.integers(SPECIES, size=BATCH)
OTHERS = (LABELS + RNG.integers(1, SPECIES, BATCH)) % SPECIES
CO = RNG.normal(size=BATCH).astype(np.float32)
KEY = jax.random.key(7)
FORMS = pytest.mark.parametrize("form", ["full", "slds", "ssdl"])
MESHES = pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])


def by_loop(form, entropy, eps, weight):
    """The paper's mean, an entry at a time, in float64."""

    def log_loss(p):
        return -np.log(p + eps)

    def negative(p):  # of 1 - p, as the paper writes it
        if entropy:
            return -(p * log_loss(p) + (1 - p) * log_loss(1 - p))
        return log_loss(1 - p)

    def p(logit):
        return 1 / (1 + np.exp(-float(logit)))

    total = 0.0
    for b in range(BATCH):
        y = LABELS[b]
        if form == "slds":
            total += log_loss(p(F[b, y])) + negative(p(F[b, OTHERS[b]]))
        elif form == "ssdl":
            total += log_loss(p(F[b, y])) + negative(p(G[b, y]))
        else:
            for s in range(SPECIES):
                if s == y:
                    total += weight * log_loss(p(F[b, s])) / SPECIES
                else:
                    total += negative(p(F[b, s])) / SPECIES
                total += negative(p(G[b, s])) / SPECIES
    return total / BATCH


def loss(f, g, labels=LABELS, others=OTHERS, **options):
    form = options["form"]
    if form != "slds":
        options["background_logits"] = g
    elif "key" not in options:
        options["other_labels"] = others
    return assume_negative(f, labels, **options)


@FORMS
@pytest.mark.parametrize("entropy", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_mean_is_that_of_the_paper(form, entropy, eps):
    got = loss(F, G, form=form, maximize_entropy=entropy, eps=eps, positive_weight=20.0)
    assert got.shape == (BATCH,)
    np.testing.assert_allclose(
        np.mean(got), by_loop(form, entropy, eps, 20.0), rtol=1e-5
    )


@FORMS
@pytest.mark.parametrize("entropy", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_gradient_as_finite_differences(form, entropy, eps):
    with jax.enable_x64():
        f, g = F.astype(np.float64), G.astype(np.float64)
        run = jax.jit(
            lambda f, g: jnp.sum(
                CO.astype(np.float64)
                * loss(f, g, form=form, maximize_entropy=entropy, eps=eps)
            )
        )
        towards = [RNG.normal(size=F.shape) for _ in range(2)]
        steps = [1e-5 * one for one in towards]
        want = (
            run(f + steps[0], g + steps[1]) - run(f - steps[0], g - steps[1])
        ) / 2e-5
        gradient = jax.jit(jax.grad(run, (0, 1)))(jnp.asarray(f), jnp.asarray(g))
        got = sum(np.sum(a * b) for a, b in zip(gradient, towards, strict=True))
        np.testing.assert_allclose(got, want, rtol=1e-7)


@pytest.mark.parametrize("entropy", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-5])
@pytest.mark.parametrize("form", ["slds", "ssdl"])
def test_gathered_is_full(form, entropy, eps):
    options = {"maximize_entropy": entropy, "eps": eps, "where": np.arange(BATCH) != 2}

    def gathered(x, r, kernel):
        if form == "slds":
            values = assume_negative_slds_from_features(
                x, kernel, LABELS, key=KEY, **options
            )
        else:
            values = assume_negative_ssdl_from_features(x, r, kernel, LABELS, **options)
        return jnp.sum(CO * values), values

    def full(x, r, kernel):
        more = {"key": KEY} if form == "slds" else {}
        values = loss(x @ kernel, r @ kernel, form=form, **more, **options)
        return jnp.sum(CO * values), values

    arguments = [jnp.asarray(one) for one in (X, R, KERNEL)]
    got, want = (
        jax.jit(jax.value_and_grad(one, (0, 1, 2), has_aux=True))(*arguments)
        for one in (gathered, full)
    )
    np.testing.assert_allclose(got[0][1], want[0][1], rtol=1e-5, atol=1e-6)
    for a, b in zip(got[1], want[1], strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


def test_the_gathered_forms_never_make_the_table():
    text = str(
        jax.make_jaxpr(
            lambda x, k: assume_negative_slds_from_features(x, k, LABELS, key=KEY)
        )(X, KERNEL)
    )
    assert f"[{BATCH},{SPECIES}]" not in text
    assert f"[{2 * BATCH},{SPECIES}]" not in text


@pytest.mark.parametrize(("eps", "slope"), [(0.0, 1.0), (1e-5, 0.0)])
def test_gradient_where_the_model_is_surely_wrong(eps, slope):
    """The published constant takes the gradient away; the stable form keeps it."""
    f = jnp.array([[0.0, 20.0]])

    def total(f):
        return assume_negative(
            f, np.array([0]), form="slds", other_labels=np.array([1]), eps=eps
        ).sum()

    np.testing.assert_allclose(jax.grad(total)(f)[0, 1], slope, atol=1e-3)
    if eps:  # capped
        np.testing.assert_allclose(total(f * 1e3), np.log(2) - np.log(eps), rtol=1e-5)


@FORMS
@pytest.mark.parametrize("entropy", [False, True])
@pytest.mark.parametrize("eps", [0.0, 1e-5])
@pytest.mark.parametrize("size", [1e4, 0.0])
def test_extreme_logits_stay_finite(form, entropy, eps, size):
    def total(f, g):
        return loss(f, g, form=form, maximize_entropy=entropy, eps=eps).sum()

    value, gradient = jax.jit(jax.value_and_grad(total, (0, 1)))(
        jnp.asarray(F * size), jnp.asarray(G * size)
    )
    assert np.isfinite(value)
    assert np.isfinite(gradient[0]).all()
    assert np.isfinite(gradient[1]).all()


@FORMS
@pytest.mark.parametrize("junk", [np.inf, np.nan])
def test_padding(form, junk):
    f, g, labels, others = F.copy(), G.copy(), LABELS.copy(), OTHERS.copy()
    f[12:], g[12:], labels[12:], others[12:] = junk, junk, 99, -99
    where = np.arange(BATCH) < 12

    def total(f, g, labels, others, **options):
        values = loss(f, g, labels, others, form=form, **options)
        return values.sum(), values

    run = jax.jit(jax.value_and_grad(total, (0, 1), has_aux=True))
    (_, got), gradient = run(
        jnp.asarray(f), jnp.asarray(g), labels, others, where=where
    )
    (_, want), wanted = run(
        jnp.asarray(F[:12]), jnp.asarray(G[:12]), LABELS[:12], OTHERS[:12]
    )
    np.testing.assert_allclose(got[:12], want, rtol=1e-5)
    np.testing.assert_array_equal(got[12:], 0)
    for a, b in zip(gradient, wanted, strict=True):
        np.testing.assert_allclose(a[:12], b, atol=1e-4)
        np.testing.assert_array_equal(a[12:], 0)


@FORMS
@MESHES
def test_same_on_a_mesh(form, shape):
    """The other species are drawn here: the draw must not depend on the mesh."""
    where = np.arange(BATCH) > 0
    more = {"key": KEY} if form == "slds" else {}
    more = {"form": form, "positive_weight": 5.0, **more}
    island = jax.shard_map(
        lambda f, g, y, w: loss(
            f,
            g,
            y,
            where=w,
            batch_axis_name="data",
            species_axis_name="species",
            **more,
        ),
        mesh=parallel.make_mesh(*shape),
        in_specs=(P("data", "species"),) * 2 + (P("data"),) * 2,
        out_specs=P("data"),
    )

    def plain(f, g, y, w):
        return loss(f, g, y, where=w, **more)

    def total(function, f, g):
        values = function(f, g, LABELS, where)
        return jnp.sum(CO * values), values

    got, want = (
        jax.jit(
            jax.value_and_grad(functools.partial(total, one), (0, 1), has_aux=True)
        )(F, G)
        for one in (island, plain)
    )
    np.testing.assert_allclose(got[0][1], want[0][1], rtol=1e-5, atol=1e-6)
    for a, b in zip(got[1], want[1], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("form", ["slds", "ssdl"])
@MESHES
def test_gathered_same_on_a_mesh(form, shape):
    where = np.arange(BATCH) > 0

    def run(x, r, kernel, y, w, **names):
        if form == "slds":
            return assume_negative_slds_from_features(
                x, kernel, y, key=KEY, where=w, **names
            )
        names.pop("batch_axis_name", None)
        return assume_negative_ssdl_from_features(x, r, kernel, y, where=w, **names)

    island = jax.shard_map(
        functools.partial(run, batch_axis_name="data", species_axis_name="species"),
        mesh=parallel.make_mesh(*shape),
        in_specs=(P("data"), P("data"), P(None, "species"), P("data"), P("data")),
        out_specs=P("data"),
    )

    def total(function, x, r, kernel):
        values = function(x, r, kernel, LABELS, where)
        return jnp.sum(CO * values), values

    got, want = (
        jax.jit(
            jax.value_and_grad(functools.partial(total, one), (0, 1, 2), has_aux=True)
        )(X, R, KERNEL)
        for one in (island, run)
    )
    np.testing.assert_allclose(got[0][1], want[0][1], rtol=1e-5, atol=1e-6)
    for a, b in zip(got[1], want[1], strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


@FORMS
def test_gradient_inside_pmap(form):
    def shard(f, g):
        def total(f):
            return jnp.sum(CO * loss(f, g, form=form, species_axis_name="species"))

        return jax.grad(total)(f)

    split = [one.reshape(BATCH, 8, 1).swapaxes(0, 1) for one in (F, G)]
    got = jax.pmap(shard, axis_name="species")(*split)
    want = jax.grad(lambda f: jnp.sum(CO * loss(f, G, form=form)))(jnp.asarray(F))
    np.testing.assert_allclose(
        got.swapaxes(0, 1).reshape(BATCH, SPECIES), want, rtol=1e-5, atol=1e-6
    )


def test_other_species_are_uniform_and_never_the_label():
    labels = np.arange(60_000) % 4
    got = np.asarray(other_species(KEY, labels, species=4))
    assert got.min() == 0
    assert got.max() == 3
    assert (got != labels).all()
    shares = np.histogram2d(labels, got, bins=4)[0] / 15_000
    np.testing.assert_allclose(shares, (1 - np.eye(4)) / 3, atol=0.02)
    np.testing.assert_array_equal(
        got[:100], other_species(KEY, labels[:100], species=4)
    )
    assert (got != other_species(jax.random.key(8), labels, species=4)).any()


def test_bfloat16_vmap_and_checkpoint():
    half = jnp.asarray(F, jnp.bfloat16)
    run = functools.partial(assume_negative, form="slds", other_labels=OTHERS)
    got = jax.checkpoint(run)(half, LABELS)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, run(half.astype(jnp.float32), LABELS), rtol=1e-6)
    both = jax.vmap(run, (0, None))(jnp.stack([F, G]), jnp.asarray(LABELS))
    np.testing.assert_allclose(both[1], run(G, LABELS), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: assume_negative(F, LABELS, form="all"), "'all'"),
        (lambda: assume_negative(F, LABELS), "needs background_logits"),
        (lambda: assume_negative(F, LABELS, form="ssdl"), "needs background_logits"),
        (lambda: assume_negative(F, LABELS, form="slds"), "key or other_labels"),
        (
            lambda: assume_negative(F[:, :1], LABELS * 0, form="slds", key=KEY),
            "another species, got 1",
        ),
        (
            lambda: assume_negative(F, LABELS, form="slds", other_labels=OTHERS[:2]),
            r"\(16,\), got \(2,\)",
        ),
        (lambda: loss(F, G, form="full", positive_weight=-1.0), "positive_weight"),
        (lambda: loss(F, G, form="slds", eps=-1.0), "eps"),
        (
            lambda: assume_negative_slds_from_features(X, KERNEL.T, LABELS, key=KEY),
            r"\(16, 5\) and \(8, 5\)",
        ),
        (
            lambda: assume_negative_slds_from_features(X, KERNEL, LABELS),
            "key or other_labels",
        ),
        (
            lambda: assume_negative_ssdl_from_features(X, R, KERNEL, LABELS + 7),
            r"labels\[\d+\] is \d+",
        ),
        (
            lambda: assume_negative_ssdl_from_features(X, R[:3], KERNEL, LABELS),
            r"background_features",
        ),
        (lambda: other_species(KEY, LABELS, species=1), "got 1"),
    ],
)
def test_errors_name_argument_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
