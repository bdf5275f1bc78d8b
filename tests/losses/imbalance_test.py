"""Tests for jaxsdm.losses.imbalance and labels in softmax_cross_entropy."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import parallel
from jaxsdm.losses.classification import softmax_cross_entropy
from jaxsdm.losses.imbalance import (
    class_balanced_weights,
    focal,
    inverse_frequency_weights,
    ldam,
    logit_adjusted,
)

BATCH, SPECIES = 16, 8
RNG = np.random.default_rng(3)
F = RNG.normal(size=(BATCH, SPECIES)).astype(np.float32)
LABELS = RNG.integers(SPECIES, size=BATCH)
WEIGHTS = RNG.uniform(0.5, 2, SPECIES).astype(np.float32)
MARGINS = RNG.uniform(0, 0.5, SPECIES).astype(np.float32)
COUNTS = RNG.integers(1, 100, SPECIES).astype(np.float32)
CO = RNG.normal(size=BATCH).astype(np.float32)
SMOOTH = functools.partial(
    softmax_cross_entropy, label_smoothing=0.1, class_weights=WEIGHTS
)
LOSSES = {
    "cross_entropy": softmax_cross_entropy,
    "smooth": SMOOTH,
    "focal": functools.partial(focal, gamma=0.5, class_weights=WEIGHTS),
    "ldam": functools.partial(ldam, margins=MARGINS, scale=4.0, class_weights=WEIGHTS),
    "logit_adjusted": functools.partial(
        logit_adjusted, class_priors=COUNTS, tau=0.7, class_weights=WEIGHTS
    ),
}
EACH = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def value_and_gradient(loss, f, labels, **options):
    def total(f):
        return jnp.mean(loss(f, labels, **options))

    return jax.jit(jax.value_and_grad(total))(jnp.asarray(f))


@pytest.mark.parametrize(("dtype", "atol"), [("float64", 1e-12), ("float32", 1e-6)])
def test_golden_vectors(shared, dtype, atol):
    golden = np.load(shared / "golden/losses/ce_focal_ldam.npz")
    with jax.enable_x64():
        one = {k.split("__", 1)[1]: golden[k] for k in golden}
        s = {k: one[k].astype(dtype) for k in ("s", "s_cos")}
        labels, counts = one["y"], one["cls_num_list"].astype(float)
        cases = [("ce", softmax_cross_entropy, "s", 1)]
        for gamma in (0.0, 0.5, 1.0, 2.0, 5.0):
            loss = functools.partial(focal, gamma=gamma)
            cases.append((f"focal{gamma}", loss, "s", 1))
        for top, scale in ((0.2, 40), (0.5, 30), (1.0, 1)):
            margins = counts**-0.25 / np.max(counts**-0.25) * top
            loss = functools.partial(ldam, margins=margins, scale=float(scale))
            for which in ("s", "s_cos"):
                cases.append((f"ldam_m{top}_scale{scale}_{which}", loss, which, scale))
        for name, loss, which, size in cases:
            value, gradient = value_and_gradient(loss, s[which], labels)
            assert value.dtype == dtype
            # logits of 40: a float32 loss of 47 has digits of 4e-6
            np.testing.assert_allclose(
                value, one[f"{name}__loss"], atol=atol * max(1, size / 4)
            )
            np.testing.assert_allclose(
                gradient, one[f"{name}__grad"], atol=atol * max(1, size / 4)
            )


def test_labels_as_optax():
    want = optax.softmax_cross_entropy_with_integer_labels(F, LABELS)
    np.testing.assert_allclose(softmax_cross_entropy(F, LABELS), want, rtol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_labels_are_their_one_hot(smoothing, weights):
    loss = functools.partial(
        softmax_cross_entropy, label_smoothing=smoothing, class_weights=weights
    )
    got = value_and_gradient(loss, F, LABELS)
    want = value_and_gradient(loss, F, np.eye(SPECIES)[LABELS])
    np.testing.assert_allclose(got[0], want[0], rtol=1e-5)
    np.testing.assert_allclose(got[1], want[1], atol=1e-6)
    smooth = (1 - smoothing) * np.eye(SPECIES)[LABELS] + smoothing / SPECIES
    smooth = smooth * (1 if weights is None else weights)
    by_hand = -(smooth * jax.nn.log_softmax(F)).sum(1)
    np.testing.assert_allclose(loss(F, LABELS), by_hand, rtol=1e-5)


def test_formulas():
    p = np.asarray(jax.nn.softmax(F))[np.arange(BATCH), LABELS]
    np.testing.assert_allclose(
        LOSSES["focal"](F, LABELS),
        -WEIGHTS[LABELS] * (1 - p) ** 0.5 * np.log(p),
        rtol=1e-5,
    )
    moved = F + 0.7 * np.log(COUNTS)
    np.testing.assert_allclose(
        LOSSES["logit_adjusted"](F, LABELS),
        WEIGHTS[LABELS] * softmax_cross_entropy(moved, LABELS),
        rtol=1e-5,
    )
    moved = 4 * (F - MARGINS * np.eye(SPECIES)[LABELS])
    np.testing.assert_allclose(
        LOSSES["ldam"](F, LABELS),
        WEIGHTS[LABELS] * softmax_cross_entropy(moved, LABELS),
        rtol=1e-5,
    )
    np.testing.assert_allclose(
        logit_adjusted(F, LABELS, class_priors=COUNTS),
        logit_adjusted(F, LABELS, class_priors=COUNTS / COUNTS.sum()),
        rtol=1e-5,
    )


@EACH
@pytest.mark.parametrize("size", [1e4, 0.0, 50.0])
def test_extreme_and_equal_logits(loss, size):
    value, gradient = value_and_gradient(loss, F * size, LABELS)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_focal_keeps_its_digits_where_the_label_is_certain():
    f = jnp.array([[20.0, 0.0], [40.0, 0.0], [1e4, 0.0]])
    got = focal(f, jnp.zeros(3, int), gamma=0.5)
    np.testing.assert_allclose(got[:2], [np.exp(-30), np.exp(-60)], rtol=1e-4)
    gradient = jax.grad(lambda f: focal(f, jnp.zeros(3, int), gamma=0.5).sum())(f)
    np.testing.assert_allclose(gradient[0, 0], -1.5 * np.exp(-30), rtol=1e-4)
    assert np.isfinite(gradient).all()


@EACH
def test_one_class_and_no_rows(loss):
    one = loss
    if isinstance(loss, functools.partial):
        cut = {
            k: v[:1] if isinstance(v, np.ndarray) else v
            for k, v in loss.keywords.items()
        }
        one = functools.partial(loss.func, **cut)
    value, gradient = value_and_gradient(one, F[:, :1], np.zeros(BATCH, int))
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)
    value, gradient = value_and_gradient(loss, F, LABELS, where=np.zeros(BATCH, bool))
    assert value == 0
    np.testing.assert_array_equal(gradient, 0)


@EACH
@pytest.mark.parametrize("junk", [np.inf, np.nan])
def test_padding(loss, junk):
    f, labels = F.copy(), LABELS.copy()
    f[12:], labels[12:] = junk, 99
    where = np.arange(BATCH) < 12
    value, gradient = value_and_gradient(loss, f, labels, where=where)
    want = value_and_gradient(loss, F[:12], LABELS[:12])
    np.testing.assert_allclose(value, want[0] * 12 / 16, rtol=1e-5)
    np.testing.assert_allclose(gradient[:12], want[1] * 12 / 16, atol=1e-6)
    np.testing.assert_array_equal(gradient[12:], 0)


@EACH
@pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])
def test_same_on_a_mesh(loss, shape):
    where = np.arange(BATCH) > 0
    island = jax.shard_map(
        lambda f, y, w: loss(f, y, where=w, species_axis_name="species"),
        mesh=parallel.make_mesh(*shape),
        in_specs=(P("data", "species"), P("data"), P("data")),
        out_specs=P("data"),
    )

    def total(function, f):
        values = function(f, LABELS, where)
        return jnp.sum(CO * values), values

    def plain(f, y, w):
        return loss(f, y, where=w)

    run = jax.value_and_grad(functools.partial(total, island), has_aux=True)
    (_, got), gradient = jax.jit(run)(F)
    run = jax.value_and_grad(functools.partial(total, plain), has_aux=True)
    (_, want), want_gradient = jax.jit(run)(F)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gradient, want_gradient, atol=1e-6)


@EACH
def test_gradient_inside_pmap(loss):
    def shard(f):
        def total(f):
            return jnp.sum(CO * loss(f, LABELS, species_axis_name="species"))

        return jax.grad(total)(f)

    got = jax.pmap(shard, axis_name="species")(F.reshape(BATCH, 8, 1).swapaxes(0, 1))
    want = jax.grad(lambda f: jnp.sum(CO * loss(f, LABELS)))(jnp.asarray(F))
    np.testing.assert_allclose(
        got.swapaxes(0, 1).reshape(BATCH, SPECIES), want, atol=1e-6
    )


@EACH
def test_bfloat16_vmap_and_checkpoint(loss):
    half = jnp.asarray(F, jnp.bfloat16)
    plain = jax.jit(loss)
    got = jax.jit(jax.checkpoint(loss))(half, LABELS)
    assert got.dtype == jnp.float32
    np.testing.assert_allclose(got, plain(half.astype(jnp.float32), LABELS), rtol=1e-6)
    twice = jax.jit(jax.vmap(loss))(jnp.stack([F, 2 * F]), jnp.stack([LABELS, LABELS]))
    np.testing.assert_allclose(twice[1], plain(2 * F, LABELS), rtol=1e-5)


def test_class_weights_by_hand():
    counts = np.array([1, 10, 0, 1000])
    got = class_balanced_weights(counts, beta=0.999)
    raw = np.array([(1 - 0.999) / (1 - 0.999**n) if n else 0 for n in counts])
    np.testing.assert_allclose(got, raw / raw.sum() * 3, rtol=1e-5)
    np.testing.assert_allclose(
        class_balanced_weights(counts, beta=0.0), [1, 1, 0, 1], rtol=1e-6
    )
    inverse = inverse_frequency_weights(counts)
    raw = np.array([1, 0.1, 0, 0.001])
    np.testing.assert_allclose(inverse, raw / raw.sum() * 3, rtol=1e-5)
    np.testing.assert_allclose(
        class_balanced_weights(counts, beta=1 - 1e-9), inverse, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: focal(F, LABELS, gamma=-1.0), r"gamma in \[0, inf\], got -1"),
        (lambda: ldam(F, LABELS, margins=MARGINS, scale=0.0), "scale"),
        (lambda: ldam(F, LABELS, margins=MARGINS[:3]), r"\(8,\), got \(3,\)"),
        (lambda: ldam(F, LABELS, margins=-MARGINS), r"margins\[0\]"),
        (lambda: logit_adjusted(F, LABELS, class_priors=0 * COUNTS), "class_priors"),
        (lambda: logit_adjusted(F, LABELS, class_priors=COUNTS, tau=-1.0), "tau"),
        (lambda: focal(F, LABELS, class_weights=-WEIGHTS), "class_weights"),
        (lambda: SMOOTH(F, LABELS, label_smoothing=1.5), "label_smoothing"),
        (lambda: softmax_cross_entropy(F, LABELS + 7), r"labels\[\d+\] is \d+"),
        (lambda: class_balanced_weights(COUNTS, beta=1.0), "beta"),
        (lambda: inverse_frequency_weights(-COUNTS), r"class_counts\[0\]"),
        (lambda: class_balanced_weights(np.ones((2, 2))), r"\(2, 2\)"),
    ],
)
def test_errors_name_argument_and_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
