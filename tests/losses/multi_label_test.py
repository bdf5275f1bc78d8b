"""Tests for jaxsdm.losses.multi_label and jaxsdm.losses.presence_only."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import ops, parallel
from jaxsdm.losses.classification import softmax_cross_entropy
from jaxsdm.losses.multi_label import (
    asymmetric,
    binary_cross_entropy,
    hill,
    sigmoid_f1,
)
from jaxsdm.losses.presence_only import (
    expected_positive_regularization,
    full_weighted,
    ignore_band_pseudo_labels,
    presence_only_cross_entropy,
)

BATCH, SPECIES = 16, 8
RNG = np.random.default_rng(4)
F = 2 * RNG.normal(size=(BATCH, SPECIES))
G = 2 * RNG.normal(size=(BATCH, SPECIES))
Y = (RNG.random((BATCH, SPECIES)) < 0.3).astype(float)
Y[3] = 0  # an example without species
SOFT = RNG.random((BATCH, SPECIES))
WEIGHTS = RNG.uniform(0.5, 3, SPECIES)
PREVALENCE = np.r_[0.0, RNG.uniform(0.05, 0.9, SPECIES - 1)]
Y_WEIGHTED = Y * (PREVALENCE > 0)
ENTRIES = RNG.random((BATCH, SPECIES)) < 0.6
ENTRIES[5] = False
CO = RNG.normal(size=BATCH)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def log_softmax(x):
    return x - np.log(np.exp(x).sum(1, keepdims=True))


def weighted_cross_entropy(f, y):
    p = sigmoid(f)
    return -(WEIGHTS * y * np.log(p) + (1 - y) * np.log(1 - p)).mean(1)


def masked_cross_entropy(f, y):
    p = sigmoid(f)
    terms = -(y * np.log(p) + (1 - y) * np.log(1 - p)) * ENTRIES
    return terms.sum(1) / np.maximum(ENTRIES.sum(1), 1)


def asymmetric_formula(f, y, up=0.0, down=4.0, clip=0.05):
    p = sigmoid(f)
    q = np.maximum(p - clip, 0)
    return -(y * (1 - p) ** up * np.log(p) + (1 - y) * q**down * np.log(1 - q)).mean(1)


def hill_formula(f, y):
    p, moved = sigmoid(f), sigmoid(f - 1)
    positive = -((1 - moved) ** 2) * np.log(moved)
    return (y * positive + (1 - y) * (1.5 - p) * p**2).mean(1)


def f1_formula(f, y):
    s = sigmoid(3 * (f + 0.5))
    hit, miss, false = (s * y).sum(1), ((1 - s) * y).sum(1), (s * (1 - y)).sum(1)
    return 1 - 2 * hit / (2 * hit + miss + false)


def full_weighted_formula(f, y):
    p, q = sigmoid(f), sigmoid(G)
    w = 1 / np.where(PREVALENCE > 0, PREVALENCE, 1)
    other = 1 / (1 - PREVALENCE)
    return -(
        2 * w * y * np.log(p)
        + 0.7 * other * (1 - y) * np.log(1 - p)
        + 0.3 * np.log(1 - q)
    ).mean(1)


def presence_only_formula(f, y):
    return -(y * log_softmax(f)).sum(1) / np.maximum(y.sum(1), 1e-30)


def expected_formula(f, y):
    p = sigmoid(f)
    penalty = 3 * ((p.sum(1).mean() - 2.5) / SPECIES) ** 2
    return -(y * np.log(p)).mean(1) + penalty


def of_rows(loss):
    """A loss of logits, targets and a table by row (that shards as they do)."""

    def run(f, y, table, where=None, batch_axis_name=None, **names):
        del table, batch_axis_name
        return loss(f, y, where=where, **names)

    return run


def masked(f, y, table, where=None, batch_axis_name=None, **names):
    del table, batch_axis_name
    entries = ENTRIES
    if names.get("species_axis_name"):
        entries = jax.lax.dynamic_slice(
            jnp.asarray(ENTRIES),
            (
                ops.first_column(f.shape[0], "data"),
                ops.first_column(f.shape[1], "species"),
            ),
            f.shape,
        )
    return binary_cross_entropy(f, y, entries=entries[: len(f)], where=where, **names)


def weighted(f, y, table, where=None, batch_axis_name=None, **names):
    return full_weighted(
        f,
        y,
        background_logits=table,
        prevalence=PREVALENCE,
        presence_weight=2.0,
        target_group_weight=0.7,
        where=where,
        **names,
    )


def expected(f, y, table, where=None, **names):
    return expected_positive_regularization(
        f, y, expected_positives=2.5, weight=3.0, where=where, **names
    )


CASES = {
    "binary": (
        of_rows(functools.partial(binary_cross_entropy, positive_weights=WEIGHTS)),
        weighted_cross_entropy,
    ),
    "masked": (masked, masked_cross_entropy),
    "asymmetric": (of_rows(asymmetric), asymmetric_formula),
    "asymmetric, not clipped": (
        of_rows(
            functools.partial(
                asymmetric, gamma_positive=0.5, gamma_negative=0.5, clip=0.0
            )
        ),
        functools.partial(asymmetric_formula, up=0.5, down=0.5, clip=0.0),
    ),
    "asymmetric, rooted": (
        of_rows(functools.partial(asymmetric, gamma_negative=0.5)),
        functools.partial(asymmetric_formula, down=0.5),
    ),
    "hill": (of_rows(hill), hill_formula),
    "sigmoid_f1": (
        of_rows(functools.partial(sigmoid_f1, scale=3.0, offset=0.5)),
        f1_formula,
    ),
    "full_weighted": (weighted, full_weighted_formula),
    "presence_only": (of_rows(presence_only_cross_entropy), presence_only_formula),
    "expected": (expected, expected_formula),
}
EACH = pytest.mark.parametrize(("loss", "formula"), CASES.values(), ids=CASES.keys())


def single(*tables):
    return [jnp.asarray(one, jnp.float32) for one in tables]


@EACH
@pytest.mark.parametrize("targets", [Y, SOFT], ids=["hard", "soft"])
def test_formula_and_finite_differences(loss, formula, targets):
    y = targets * (PREVALENCE > 0) if formula is full_weighted_formula else targets
    with jax.enable_x64():
        got = jax.jit(lambda f: loss(f, y, G))(jnp.asarray(F))
        assert got.dtype == jnp.float64
        np.testing.assert_allclose(got, formula(F, y), rtol=1e-12, atol=1e-14)
        run = jax.jit(jax.grad(lambda f: jnp.sum(CO * loss(f, y, G))))
        gradient = run(jnp.asarray(F))
        towards = RNG.normal(size=F.shape)
        step = 1e-6 * towards
        change = np.sum(CO * (formula(F + step, y) - formula(F - step, y))) / 2e-6
        np.testing.assert_allclose(np.sum(gradient * towards), change, rtol=1e-7)
    got = jax.jit(loss)(*single(F, y, G))
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, formula(F, y), rtol=1e-4)


@EACH
@pytest.mark.parametrize("size", [1e4, -1e4, 0.0])
def test_extreme_and_equal_logits(loss, formula, size):
    f, y, g = single(F * size, Y_WEIGHTED, G * size)
    value, gradient = jax.jit(jax.value_and_grad(lambda f: loss(f, y, g).sum()))(f)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@EACH
@pytest.mark.parametrize("junk", [np.inf, np.nan])
def test_padding(loss, formula, junk):
    f, y, g = (np.array(one) for one in single(F, Y_WEIGHTED, G))
    f[12:], y[12:], g[12:] = junk, junk, junk
    where = np.arange(BATCH) < 12

    def total(f, y, g, **options):
        values = loss(f, y, g, **options)
        return jnp.sum(values), values

    run = jax.jit(jax.value_and_grad(total, has_aux=True))
    (_, got), gradient = run(jnp.asarray(f), y, g, where=where)
    (_, want), wanted = run(jnp.asarray(f[:12]), y[:12], g[:12])
    np.testing.assert_allclose(got[:12], want, rtol=1e-5)
    np.testing.assert_array_equal(got[12:], 0)
    np.testing.assert_allclose(gradient[:12], wanted, atol=1e-6)
    np.testing.assert_array_equal(gradient[12:], 0)
    (_, none), gradient = run(jnp.asarray(f), y, g, where=np.zeros(BATCH, bool))
    np.testing.assert_array_equal(none, 0)
    np.testing.assert_array_equal(gradient, 0)


@EACH
@pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])
def test_same_on_a_mesh(loss, formula, shape):
    where = np.arange(BATCH) > 0
    island = jax.shard_map(
        lambda f, y, g, w: loss(
            f, y, g, w, batch_axis_name="data", species_axis_name="species"
        ),
        mesh=parallel.make_mesh(*shape),
        in_specs=(P("data", "species"),) * 3 + (P("data"),),
        out_specs=P("data"),
    )
    f, y, g = single(F, Y_WEIGHTED, G)

    def total(function, f):
        values = function(f, y, g, where)
        return jnp.sum(CO.astype(np.float32) * values), values

    got, want = (
        jax.jit(jax.value_and_grad(functools.partial(total, one), has_aux=True))(f)
        for one in (island, loss)
    )
    np.testing.assert_allclose(got[0][1], want[0][1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(got[1], want[1], atol=1e-6)


@pytest.mark.parametrize("name", ["asymmetric", "sigmoid_f1", "hill", "presence_only"])
def test_gradient_inside_pmap_over_species(name):
    loss = CASES[name][0]
    f, y, g = single(F, Y, G)
    weight = CO.astype(np.float32)

    def shard(f, y):
        def total(f):
            return jnp.sum(weight * loss(f, y, g, species_axis_name="species"))

        return jax.grad(total)(f)

    split = [one.reshape(BATCH, 8, 1).swapaxes(0, 1) for one in (f, y)]
    got = jax.pmap(shard, axis_name="species")(*split)
    want = jax.grad(lambda f: jnp.sum(weight * loss(f, y, g)))(f)
    np.testing.assert_allclose(
        got.swapaxes(0, 1).reshape(BATCH, SPECIES), want, atol=1e-6
    )


def test_gradient_of_expected_positives_inside_pmap_over_the_batch():
    """The penalty of every row depends on all rows: shards add up their cotangents."""
    f, y, g = single(F, Y, G)
    weight = CO.astype(np.float32)

    def shard(f, y, weight):
        def total(f):
            values = expected(f, y, None, batch_axis_name="data")
            return ops.all_sum(jnp.sum(weight * values), "data")

        return jax.value_and_grad(total)(f)

    split = [one.reshape(8, 2, *one.shape[1:]) for one in (f, y, weight)]
    value, gradient = jax.pmap(shard, axis_name="data")(*split)
    want = jax.value_and_grad(lambda f: jnp.sum(weight * expected(f, y, g)))(f)
    np.testing.assert_allclose(value, np.full(8, want[0]), rtol=1e-5)
    np.testing.assert_allclose(gradient.reshape(f.shape), want[1], atol=1e-6)


def test_easy_absences_cost_nothing():
    f = jnp.array([[-10.0, -3.0]])
    gradient = jax.grad(lambda f: asymmetric(f, jnp.zeros((1, 2))).sum())(f)
    np.testing.assert_array_equal(gradient, 0)  # both below the clip of 0.05
    likely = jnp.array([[20.0]])
    slope = jax.grad(lambda f: hill(f, jnp.zeros((1, 1))).sum())(likely)
    np.testing.assert_allclose(slope, 0, atol=1e-6)


def test_one_positive_weight_for_all():
    f, y = single(F, Y)
    np.testing.assert_allclose(
        binary_cross_entropy(f, y, positive_weights=3.0),
        binary_cross_entropy(f, y, positive_weights=np.full(SPECIES, 3.0)),
    )
    np.testing.assert_allclose(
        binary_cross_entropy(f, y, positive_weights=1.0),
        binary_cross_entropy(f, y),
        rtol=1e-5,
    )


def test_unknown_entries_may_hold_anything():
    f = np.where(ENTRIES, F, np.nan).astype(np.float32)
    y = np.where(ENTRIES, Y, np.nan).astype(np.float32)
    gradient = jax.grad(lambda f: binary_cross_entropy(f, y, entries=ENTRIES).sum())(
        jnp.asarray(f)
    )
    np.testing.assert_array_equal(gradient[~ENTRIES], 0)
    assert np.isfinite(gradient).all()


def test_presence_only_is_the_mean_of_the_softmax_over_presences():
    f, y = single(F, Y)
    got = presence_only_cross_entropy(f, y)
    np.testing.assert_allclose(
        got, softmax_cross_entropy(f, y) / np.maximum(y.sum(1), 1), rtol=1e-5
    )
    assert got[3] == 0
    np.testing.assert_allclose(presence_only_cross_entropy(f, 5 * y), got, rtol=1e-5)


def test_pseudo_labels_with_an_ignore_band():
    scores = np.array([[0.01, 0.05, 0.2, 0.4, 0.5, np.nan]])
    targets, entries = ignore_band_pseudo_labels(scores, low=0.05, high=0.4)
    np.testing.assert_array_equal(targets, [[0, 0, 0, 0, 1, 0]])
    np.testing.assert_array_equal(entries, [[1, 0, 0, 0, 1, 0]])
    observed = np.array([[1, 0, 1, 0, 0, 0]])
    targets, entries = ignore_band_pseudo_labels(
        scores, low=0.05, high=0.4, observed=observed
    )
    np.testing.assert_array_equal(targets, [[1, 0, 1, 0, 1, 0]])
    np.testing.assert_array_equal(entries, [[1, 0, 1, 0, 1, 0]])


@EACH
def test_bfloat16_vmap_and_checkpoint(loss, formula):
    f, y, g = single(F, Y_WEIGHTED, G)
    half = f.astype(jnp.bfloat16)
    plain = jax.jit(lambda f: loss(f, y, g))
    got = jax.jit(jax.checkpoint(plain))(half)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, plain(half.astype(jnp.float32)), rtol=1e-6)
    twice = jax.jit(jax.vmap(plain))(jnp.stack([f, f / 2]))
    np.testing.assert_allclose(twice[1], plain(f / 2), rtol=1e-5)


FEW = {"background_logits": G, "prevalence": PREVALENCE}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: binary_cross_entropy(F, Y, positive_weights=-1.0), "positive_weights"),
        (
            lambda: binary_cross_entropy(F, Y, positive_weights=np.ones(3)),
            r"\(8,\), got \(3,\)",
        ),
        (lambda: binary_cross_entropy(F, Y, entries=ENTRIES[:2]), "entries"),
        (lambda: asymmetric(F, Y, gamma_positive=-1.0), "gamma_positive"),
        (lambda: asymmetric(F, Y, gamma_negative=np.nan), "gamma_negative"),
        (lambda: asymmetric(F, Y, clip=1.0), r"clip in \[0, 1\), got 1.0"),
        (lambda: hill(F, Y, gamma=-2.0), "gamma"),
        (lambda: sigmoid_f1(F, Y, scale=0.0), "scale"),
        (lambda: sigmoid_f1(F, Y[:3]), r"\(16, 8\) and \(3, 8\)"),
        (lambda: full_weighted(F, Y, **{**FEW, "prevalence": PREVALENCE + 1}), "below"),
        (lambda: full_weighted(F, Y, **{**FEW, "background_logits": G[:3]}), r"\(3, 8"),
        (lambda: full_weighted(F, Y, **FEW, target_group_weight=2.0), "target_group"),
        (lambda: full_weighted(F, Y, **FEW, presence_weight=-2.0), "presence_weight"),
        (
            lambda: expected_positive_regularization(F, Y, expected_positives=-1.0),
            "expected_positives",
        ),
        (lambda: ignore_band_pseudo_labels(F, low=0.5, high=0.4), "low 0.5"),
        (
            lambda: ignore_band_pseudo_labels(F, low=0.1, high=0.4, observed=Y[:2]),
            "observed",
        ),
    ],
)
def test_errors_name_argument_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
