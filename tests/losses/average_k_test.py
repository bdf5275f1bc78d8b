"""Tests for jaxsdm.losses.average_k, against golden vectors and sorting."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P
from scipy.special import softmax

from jaxsdm import parallel
from jaxsdm.losses.average_k import (
    average_k_pseudo_labels,
    average_k_threshold,
    moving_threshold,
    two_head_average_k,
)
from jaxsdm.losses.classification import softmax_cross_entropy

RNG = np.random.default_rng(0)
F = RNG.normal(size=(16, 24)).astype(np.float32)
G = RNG.normal(size=(16, 24)).astype(np.float32)
Y = jnp.asarray(RNG.integers(0, 24, 16))
WHERE = np.arange(16) < 13
MESHES = [(8, 1), (4, 2), (2, 4), (1, 8)]


@pytest.fixture(scope="module")
def golden(shared):
    return np.load(shared / "golden" / "losses" / "average_k.npz")


def tags(golden):
    return sorted({k.split("__")[0] for k in golden.files if k.endswith("__z_ml")})


def ks(golden, tag):
    found = {k.split("__")[1] for k in golden.files if k.startswith(tag + "__k")}
    return sorted(int(k[1:]) for k in found)


def unpacked(golden, key, species):
    return np.unpackbits(golden[key], axis=1)[:, :species].astype(bool)


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_golden(golden, precision):
    exact = precision == "f64"
    with jax.enable_x64(exact):
        assert tags(golden)
        for tag in tags(golden):
            f, g, y = (golden[f"{tag}__{n}"] for n in ("z_ce", "z_ml", "y"))
            f, g = (z if exact else z.astype(np.float32) for z in (f, g))
            for k in ks(golden, tag):
                _assert_golden(golden, f"{tag}__k{k}", f, g, y, k, exact)


@pytest.mark.parametrize(("precision", "tol"), [("f64", 1e-12), ("f32", 1e-6)])
def test_golden_first_head(golden, precision, tol):
    """Cross-entropy and its gradient, which the second head leaves alone."""
    with jax.enable_x64(precision == "f64"):
        for tag in tags(golden):
            f, g, y = (golden[f"{tag}__{n}"] for n in ("z_ce", "z_ml", "y"))
            f, g = (jnp.asarray(z, f"float{precision[1:]}") for z in (f, g))

            def of_first(f, weight, g=g, y=y):
                return two_head_average_k(f, g, y, k=3, weight=weight).mean()

            run = jax.jit(jax.value_and_grad(of_first), static_argnums=1)
            value, gradient = run(f, 0.0)
            want = golden[f"{tag}__ce_loss"]
            np.testing.assert_allclose(value, want, rtol=tol, atol=tol)
            np.testing.assert_allclose(gradient, golden[f"{tag}__ce_grad"], atol=tol)
            _, gradient = run(f, 1.0)
            np.testing.assert_allclose(gradient, golden[f"{tag}__ce_grad"], atol=tol)


def test_golden_ties(golden):
    """The midpoint is the tied value: more scores than n k reach it."""
    with jax.enable_x64():
        p = jnp.asarray(softmax(golden["ties__z_ce"], axis=1))
        for k in ks(golden, "ties"):
            cut = average_k_threshold(p, k)
            np.testing.assert_allclose(cut, golden[f"ties__k{k}__lambda"], atol=1e-12)
            assert (p >= cut).sum() == golden[f"ties__k{k}__count_ge"] > len(p) * k


@functools.partial(jax.jit, static_argnames="k")
def _thresholds(p, q, *, k):
    return average_k_threshold(p, k), average_k_threshold(q, k)


@functools.partial(jax.jit, static_argnames=("k", "rule"))
def _sets(f, g, y, *, k, rule):
    """Pseudo-labels; value and gradient of the positive and of the negative part."""

    def of_sets(g, positive, negative):
        loss = two_head_average_k(
            f,
            g,
            y,
            k=k,
            pseudo_labels=rule,
            positive_weight=positive,
            negative_weight=negative,
            species_reduction="sum",
        )
        return jnp.mean(loss - softmax_cross_entropy(f, y))

    chosen = average_k_pseudo_labels(f, y, k=k, rule=rule)
    return chosen, [
        jax.value_and_grad(of_sets)(g, *weights) for weights in ((1.0, 0.0), (0.0, 1.0))
    ]


def _assert_golden(golden, key, f, g, y, k, exact):
    tol = 1e-12 if exact else 1e-6
    cuts = _thresholds(softmax(f, axis=1), jax.nn.sigmoid(g), k=k)
    for cut, of in zip(cuts, ("softmax", "sigmoid"), strict=True):
        np.testing.assert_allclose(cut, golden[f"{key}__lambda_{of}"], atol=tol)
        scores = softmax(f, axis=1) if of == "softmax" else jax.nn.sigmoid(g)
        correct = np.asarray(scores)[np.arange(len(y)), y] >= cut
        np.testing.assert_array_equal(correct, golden[f"{key}__avgk_correct_{of}"])
    for variant, rule in (("A", "threshold"), ("B", "exact")):
        chosen, parts = _sets(f, g, y, k=k, rule=rule)
        want = unpacked(golden, f"{key}__pseudo_{variant}", f.shape[1])
        np.testing.assert_array_equal(chosen, want)
        for part, (value, gradient) in zip(("pos", "neg"), parts, strict=True):
            want = golden[f"{key}__{variant}__{part}_loss"]
            np.testing.assert_allclose(value, want, rtol=tol, atol=tol)
            want = golden[f"{key}__{variant}__{part}_grad"]
            np.testing.assert_allclose(gradient, want, atol=tol)


@pytest.mark.parametrize("k", [1, 2, 5, 23])
@pytest.mark.parametrize("logits", [F, np.round(F), 0 * F, F * 1e4])
def test_exactly_k_on_average_and_every_true_species(logits, k):
    chosen = np.asarray(average_k_pseudo_labels(logits, Y, k=k, where=WHERE))
    assert chosen.sum() == 13 * k
    assert chosen[np.arange(13), Y[:13]].all()
    assert not chosen[13:].any()
    if k == 1:
        np.testing.assert_array_equal(chosen[:13], np.eye(24, dtype=bool)[Y[:13]])
    if k > 1 and logits is F:
        p = softmax(F[:13].astype(float), axis=1)
        p[np.arange(13), Y[:13]] = -1
        others = np.sort(p.ravel())[::-1]
        assert p[chosen[:13] & (p >= 0)].min() == others[13 * (k - 1) - 1]


def test_the_threshold_takes_all_that_are_tied():
    tied = np.round(F)
    p = jax.nn.softmax(tied)
    cut = average_k_threshold(p, 3)
    flat = np.sort(np.asarray(p).ravel())[::-1]
    np.testing.assert_allclose(cut, 0.5 * (flat[47] + flat[48]))
    assert (p >= cut).sum() >= 48
    chosen = average_k_pseudo_labels(tied, Y, k=3, rule="threshold")
    np.testing.assert_array_equal(chosen, (p >= cut) | np.eye(24, dtype=bool)[Y])


@pytest.mark.parametrize("rule", ["exact", "threshold"])
@pytest.mark.parametrize("shape", MESHES)
def test_the_same_on_any_mesh(shape, rule):
    table, rows = P("data", "species"), P("data")
    logits = np.round(F * 2) / 2  # ties across shards

    def inside(f, g, y, where):
        names = {"batch_axis_name": "data", "species_axis_name": "species"}
        loss = two_head_average_k(
            f, g, y, k=3, pseudo_labels=rule, where=where, **names
        )
        cut = average_k_threshold(jax.nn.sigmoid(g), 3, where=where, **names)
        return loss, cut

    island = jax.shard_map(
        inside,
        mesh=parallel.make_mesh(*shape),
        in_specs=(table, table, rows, rows),
        out_specs=(rows, P()),
    )

    def total(function, f, g):
        loss, cut = function(f, g)
        return jnp.sum(loss * jnp.arange(1.0, 17.0)), (loss, cut)

    def whole(f, g):
        loss = two_head_average_k(f, g, Y, k=3, pseudo_labels=rule, where=WHERE)
        return loss, average_k_threshold(jax.nn.sigmoid(g), 3, where=WHERE)

    (_, got), gradients = jax.jit(
        jax.value_and_grad(
            functools.partial(total, lambda f, g: island(f, g, Y, WHERE)),
            argnums=(0, 1),
            has_aux=True,
        )
    )(logits, G)
    (_, want), wanted = jax.value_and_grad(
        functools.partial(total, whole), argnums=(0, 1), has_aux=True
    )(jnp.asarray(logits), jnp.asarray(G))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-6)
    assert got[1] == want[1]
    for one, other in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_the_heads_do_not_pull_at_each_other():
    def gradients(g, weight):
        return jax.grad(
            lambda f, g: two_head_average_k(f, g, Y, k=3, weight=weight).sum(), (0, 1)
        )(jnp.asarray(F), jnp.asarray(g))

    first, second = gradients(G, 1.0)
    again, _ = gradients(G[::-1], 7.0)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(gradients(G, 7.0)[1], 7 * second, rtol=1e-5)
    want = jax.grad(lambda f: softmax_cross_entropy(f, Y).sum())(jnp.asarray(F))
    np.testing.assert_allclose(first, want, atol=1e-6)


@pytest.mark.parametrize("junk", [np.inf, np.nan])
def test_padding_has_no_share(junk):
    pad = np.full((2, 24), junk, np.float32)
    f, g = np.concatenate([F, pad]), np.concatenate([G, pad])
    y, where = jnp.concatenate([Y, Y[:2]]), np.arange(18) < 16
    for rule in ("exact", "threshold"):
        run = jax.jit(functools.partial(two_head_average_k, k=3, pseudo_labels=rule))
        got = run(f, g, y, where=where)
        np.testing.assert_allclose(got[:16], run(F, G, Y), rtol=1e-6)
        np.testing.assert_array_equal(got[16:], 0)
        gradients = jax.jit(
            jax.grad(lambda f, g: run(f, g, y, where=where).sum(), (0, 1))  # noqa: B023
        )(jnp.asarray(f), jnp.asarray(g))
        for one in gradients:
            assert np.isfinite(one).all()
            np.testing.assert_array_equal(one[16:], 0)
    nothing = two_head_average_k(F, G, Y, k=3, where=np.zeros(16, bool))
    np.testing.assert_array_equal(nothing, 0)
    assert np.isnan(average_k_threshold(F, 3, where=np.zeros(16, bool)))


def test_a_threshold_of_ones_own():
    cut = moving_threshold(jnp.nan, 0.2)
    assert cut == jnp.float32(0.2)
    cut = moving_threshold(cut, 0.1, decay=0.9)
    np.testing.assert_allclose(cut, 0.19, rtol=1e-6)
    chosen = average_k_pseudo_labels(F, Y, k=3, rule="threshold", threshold=cut)
    want = (softmax(F, axis=1) >= 0.19) | np.eye(24, dtype=bool)[Y]
    np.testing.assert_array_equal(chosen, want)


def test_neighbours_in_floating_point_are_told_apart():
    half = np.float32(0.5)
    above = np.nextafter(half, np.float32(1))
    scores = jnp.asarray([[above, half, 0, 0]])
    assert (scores >= average_k_threshold(scores, 1)).sum() == 1


def test_a_batch_of_padding_leaves_the_moving_threshold():
    assert moving_threshold(0.3, jnp.nan) == jnp.float32(0.3)


def test_transforms():
    run = jax.jit(functools.partial(two_head_average_k, k=3))
    want = run(F, G, Y)
    kept = jax.jit(jax.checkpoint(functools.partial(two_head_average_k, k=3)))
    np.testing.assert_allclose(kept(F, G, Y), want, rtol=1e-5)
    stacked = jax.jit(jax.vmap(run))(
        *(jnp.stack([x, x[::-1]]) for x in map(jnp.asarray, (F, G, Y)))
    )
    np.testing.assert_allclose(stacked[0], want, rtol=1e-5)
    np.testing.assert_allclose(stacked[1], want[::-1], rtol=1e-5)
    half = run(F.astype(jnp.bfloat16), G.astype(jnp.bfloat16), Y)
    assert half.dtype == jnp.float32
    np.testing.assert_allclose(half, want, rtol=0.05)
    extreme = jax.jit(jax.grad(lambda f: run(f, f, Y).sum()))(jnp.asarray(F * 1e4))
    assert np.isfinite(extreme).all()


def test_pmap_gradient_taken_inside():
    shards = lambda x: jnp.asarray(x).reshape(8, 2, *x.shape[1:])  # noqa: E731

    def inside(f, g, y):
        return jax.grad(
            lambda f: two_head_average_k(f, g, y, k=3, batch_axis_name="i").sum()
        )(f)

    got = jax.pmap(inside, axis_name="i")(shards(F), shards(G), shards(Y))
    want = jax.grad(lambda f: two_head_average_k(f, G, Y, k=3).sum())(jnp.asarray(F))
    np.testing.assert_allclose(got.reshape(16, 24), want, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"k": 24},
            "two_head_average_k: want k from 1 to below the 24 species, got k=24",
        ),
        ({"k": 0}, "got k=0"),
        (
            {"k": 3, "pseudo_labels": "some"},
            "unknown pseudo_labels 'some'; known: exact, thr",
        ),
        ({"k": 3, "species_reduction": "max"}, "known: mean, sum"),
        ({"k": 3, "weight": -1.0}, r"want weight in \[0, inf\], got -1"),
        ({"k": 3, "threshold": 0.1}, 'a threshold needs pseudo_labels="threshold"'),
    ],
)
def test_what_is_refused(options, text):
    with pytest.raises(ValueError, match=text):
        two_head_average_k(F, G, Y, **options)


def test_shapes_are_refused():
    with pytest.raises(
        ValueError, match=r"of one shape, got \(16, 24\) and \(16, 23\)"
    ):
        two_head_average_k(F, G[:, :23], Y % 23, k=3)
    with pytest.raises(ValueError, match=r"labels\[0\] is 24"):
        two_head_average_k(F, G, Y * 0 + 24, k=3)
    with pytest.raises(ValueError, match="k=24"):
        average_k_threshold(F, 24)
    with pytest.raises(ValueError, match=r"decay in \[0, 1\), got 1"):
        moving_threshold(0.1, 0.2, decay=1.0)
