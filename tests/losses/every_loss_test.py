"""What every loss of jaxsdm.losses promises, one table of calls for all of them.

A loss that is added to `BY_NAME` needs a line in `CALLS`, and gets all the tests.
"""

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import losses, ops, parallel

ROWS, SPECIES, FEATURES = 16, 24, 5
RNG = np.random.default_rng(0)


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


WEIGHTS = RNG.uniform(0.1, 0.9, SPECIES).astype(np.float32)  # of species, each use
KEY = jax.random.key(3)
WHERE = np.arange(ROWS) % 5 != 3
CO = RNG.uniform(0.5, 2, SPECIES).astype(np.float32)  # uneven cotangents
ARRAYS = {
    "logits": normal(ROWS, SPECIES),
    "log_intensity": normal(ROWS, SPECIES),
    "set_logits": normal(ROWS, SPECIES),
    "background_logits": normal(ROWS, SPECIES),
    "features": normal(ROWS, FEATURES),
    "background_features": normal(ROWS, FEATURES),
    "kernel": normal(FEATURES, SPECIES),
    "labels": RNG.integers(0, SPECIES, ROWS).astype(np.int32),
    "presences": (RNG.random((ROWS, SPECIES)) < 0.2).astype(np.float32),
    "counts": RNG.poisson(0.5, (ROWS, SPECIES)).astype(np.float32),
}
SPECS = {k: P("data", "species") for k in ARRAYS}
SPECS |= {"kernel": P(None, "species"), "labels": P("data")}
SPECS |= {"features": P("data"), "background_features": P("data")}
TARGETS = ("labels", "presences", "counts")

OF_ROW = {"species_axis_name": "species"}
OF_BATCH = {"batch_axis_name": "data", "species_axis_name": "species"}
OF_SITES = {"site_axis_name": "data"}  # one value a species


class Call(NamedTuple):
    """How to call a loss.

    Attributes:
      arguments: their names, with that of the array where it is another.
      axes: the names of mesh axes it is to be given; `OF_SITES`: a value a species.
      options: further keywords; vectors are of species.
      alone: what it says to a single species, if that is refused.
      largest: logit up to which value and gradient are finite.
    """

    arguments: str
    axes: dict[str, str]
    options: dict[str, Any] | None = None
    alone: str | None = None
    largest: float = 1e4


HINGE = {"k": 3, "margin": WEIGHTS, "scale": 3.0}
DRAWN = {**HINGE, "num_samples": 3, "key": KEY}
CALLS = {  # name of the loss, with a variant after a comma
    "assume_negative": Call(
        "logits labels background_logits", OF_BATCH, {"positive_weight": 20.0}
    ),
    "assume_negative, slds": Call(
        "logits labels", OF_BATCH, {"form": "slds", "key": KEY}, alone="got 1"
    ),
    "assume_negative, ssdl": Call(
        "logits labels background_logits", OF_BATCH, {"form": "ssdl"}
    ),
    "assume_negative_slds_from_features": Call(
        "features kernel labels", OF_BATCH, {"key": KEY}, alone="got 1"
    ),
    "assume_negative_ssdl_from_features": Call(
        "features background_features kernel labels", OF_ROW
    ),
    "asymmetric": Call("logits targets=presences", OF_ROW),
    "binary_cross_entropy": Call(
        "logits targets=presences", OF_ROW, {"positive_weights": WEIGHTS}
    ),
    "expected_positive_regularization": Call(
        "logits targets=presences", OF_BATCH, {"expected_positives": 2.5, "weight": 3.0}
    ),
    "expected_top_k_hinge": Call("logits labels", OF_ROW, HINGE, alone="k=3"),
    "focal": Call("logits labels", OF_ROW, {"class_weights": WEIGHTS}),
    "full_weighted": Call(
        "logits targets=presences background_logits", OF_ROW, {"prevalence": WEIGHTS}
    ),
    "hill": Call("logits targets=presences", OF_ROW),
    "ldam": Call("logits labels", OF_ROW, {"margins": WEIGHTS, "scale": 4.0}),
    "logit_adjusted": Call("logits labels", OF_ROW, {"class_priors": WEIGHTS}),
    "normalized_poisson": Call("log_intensity counts", OF_SITES),
    "poisson": Call("log_intensity counts", OF_SITES, largest=80.0),
    "presence_only_cross_entropy": Call("logits targets=presences", OF_ROW),
    "sigmoid_f1": Call("logits targets=presences", OF_ROW),
    "smooth_top_k_svm": Call("logits labels", OF_ROW, {"k": 3}, alone="k=3"),
    "softmax_cross_entropy": Call(
        "logits targets=labels", OF_ROW, {"label_smoothing": 0.1}
    ),
    "softmax_cross_entropy, of counts": Call("logits targets=counts", OF_ROW),
    "stochastic_top_k_hinge": Call("logits labels", OF_BATCH, DRAWN, alone="k=3"),
    "two_head_average_k": Call(
        "logits set_logits labels", OF_BATCH, {"k": 3}, alone="k=3"
    ),
}
EACH = pytest.mark.parametrize("name", CALLS)


@pytest.fixture(autouse=True, scope="module")
def _cache_small_programs():
    """Hundreds of them: the next run reads what this one compiles."""
    name = "jax_persistent_cache_min_compile_time_secs"
    before = getattr(jax.config, name)
    jax.config.update(name, 0.0)
    yield
    jax.config.update(name, before)


def test_every_loss_is_here():
    extra = {n for n in losses.__all__ if n.endswith("_from_features")}
    assert {name.split(",")[0] for name in CALLS} == set(losses.BY_NAME) | extra


def tables_and_targets(name: str, values: dict[str, Any]) -> tuple[dict, dict]:
    """What is differentiated (logits, or what makes them), and what is not."""
    tables, targets = {}, {}
    for part in CALLS[name].arguments.split():
        argument, _, array = part.partition("=")
        array = array or argument
        (targets if array in TARGETS else tables)[argument] = values[array]
    return tables, targets


def inputs(name: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    return tables_and_targets(name, ARRAYS)


def loss_of(name: str, species: int = SPECIES) -> Callable[..., jax.Array]:
    """The loss as a function of tables, targets, mask and axis names."""
    function = getattr(losses, name.split(",")[0])
    options = CALLS[name].options or {}
    options = {k: v[:species] if np.ndim(v) else v for k, v in options.items()}

    def call(tables, targets, where=None, **names):
        return function(**tables, **targets, where=where, **options, **names)

    return call


def with_gradient(function: Callable[..., jax.Array]) -> Callable[..., Any]:
    """Values, and the gradients of all tables with an uneven cotangent."""

    def total(tables, targets, where):
        values = function(tables, targets, where)
        return jnp.sum(CO[: len(values)] * values), values

    def run(tables, targets, where=None):
        tables = {k: jnp.asarray(v) for k, v in tables.items()}
        (_, values), gradients = jax.value_and_grad(total, has_aux=True)(
            tables, targets, where
        )
        return values, gradients

    return run


@functools.cache
def jitted(name: str) -> Callable[..., Any]:
    return jax.jit(with_gradient(loss_of(name)))


@functools.cache
def reference(name: str) -> Any:
    return jitted(name)(*inputs(name), WHERE)


def assert_close(got, want, rtol=1e-6, atol=1e-6):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=atol), got, want
    )


def assert_all(result, condition):
    assert jax.tree.all(jax.tree.map(lambda x: bool(condition(x).all()), result))


@EACH
def test_jit_and_checkpoint_give_the_eager_value_and_gradient(name):
    eager = with_gradient(loss_of(name))(*inputs(name), WHERE)
    assert eager[0].dtype == jnp.float32
    assert eager[0].shape == (SPECIES if CALLS[name].axes is OF_SITES else ROWS,)
    assert_close(reference(name), eager)
    kept = jax.jit(with_gradient(jax.checkpoint(loss_of(name))))
    assert_close(kept(*inputs(name), WHERE), eager)


@EACH
def test_vmap_is_one_after_the_other(name):
    tables, targets = inputs(name)
    members = [(tables, targets)]
    members.append(({k: v[::-1] / 2 for k, v in tables.items()}, targets))
    stacked = jax.tree.map(lambda *x: np.stack(x), *members)
    got = jax.jit(jax.vmap(with_gradient(loss_of(name)), (0, 0, None)))(*stacked, WHERE)
    for i, member in enumerate(members):
        want = jitted(name)(*member, WHERE)
        assert_close(jax.tree.map(lambda x: x[i], got), want)  # noqa: B023


@EACH
@pytest.mark.parametrize("shape", [(8, 1), (4, 2), (2, 4), (1, 8)])
def test_the_same_on_any_mesh(name, shape):
    """The gradient is taken outside, through the island."""
    axes, call = CALLS[name].axes, loss_of(name)
    island = jax.shard_map(
        lambda tables, targets, where: call(tables, targets, where, **axes),
        mesh=parallel.make_mesh(*shape),
        in_specs=(*tables_and_targets(name, SPECS), P("data")),
        out_specs=P("species" if axes is OF_SITES else "data"),
    )
    got = jax.jit(with_gradient(island))(*inputs(name), WHERE)
    assert_close(got, reference(name))


@EACH
def test_pmap_over_the_batch_with_the_gradient_inside(name):
    axes, call = CALLS[name].axes, loss_of(name)
    names = {k: "data" for k in axes if k != "species_axis_name"}
    of_species = axes is OF_SITES

    def shard(tables, targets, where, weights):
        def total(tables):
            values = call(tables, targets, where, **names)
            if of_species:  # the same on all devices
                return jnp.sum(CO * values), values
            return ops.all_sum(jnp.sum(weights * values), "data"), values

        (_, values), gradients = jax.value_and_grad(total, has_aux=True)(tables)
        return values, gradients

    def split(x):
        return np.reshape(x, (8, len(x) // 8, *x.shape[1:]))

    tables, targets = inputs(name)
    parts = {k: v if k == "kernel" else split(v) for k, v in tables.items()}
    whole = {k: None if k == "kernel" else 0 for k in tables}
    values, gradients = jax.pmap(shard, axis_name="data", in_axes=(whole, 0, 0, 0))(
        parts, jax.tree.map(split, targets), split(WHERE), split(CO[:ROWS])
    )
    want, wanted = reference(name)
    values = np.asarray(values)
    for one in values if of_species else [values.reshape(ROWS)]:
        assert_close(one, want)
    for k, gradient in gradients.items():
        one = np.asarray(gradient)
        one = one.sum(0) if k == "kernel" else one.reshape(wanted[k].shape)
        assert_close(one, wanted[k])


@EACH
def test_bfloat16_is_computed_in_float32(name):
    tables, targets = inputs(name)
    half = {k: jnp.asarray(v, jnp.bfloat16) for k, v in tables.items()}
    values, gradients = jitted(name)(half, targets, WHERE)
    want, wanted = jitted(name)(
        {k: v.astype(jnp.float32) for k, v in half.items()}, targets, WHERE
    )
    assert values.dtype == jnp.float32
    assert_close(values, want)
    for k, gradient in gradients.items():
        assert gradient.dtype == jnp.bfloat16
        assert_close(gradient.astype(jnp.float32), wanted[k], rtol=0.01, atol=1e-6)


@EACH
def test_float64_stays(name):
    tables, targets = inputs(name)
    with jax.enable_x64():
        double = {k: jnp.asarray(v, jnp.float64) for k, v in tables.items()}
        got = jax.jit(with_gradient(loss_of(name)))(double, targets, WHERE)
    assert {x.dtype for x in jax.tree.leaves(got)} == {jnp.dtype("float64")}
    assert_close(got, reference(name), rtol=1e-5, atol=1e-5)


@EACH
def test_extreme_and_equal_logits(name):
    tables, targets = inputs(name)
    largest = CALLS[name].largest

    def at(change):
        """Logits are changed, or the kernel that they are made with."""
        some = {k: v if "features" in k else change(v) for k, v in tables.items()}
        return jitted(name)(some, targets, WHERE)

    assert_all(at(lambda x: x * np.float32(1e4)), lambda x: ~np.isnan(x))
    for change in (
        lambda x: np.float32(largest) * np.clip(x, -1, 1),
        lambda x: np.float32(largest) * np.sign(x),
        lambda x: np.full_like(x, largest),
        lambda x: np.full_like(x, -largest),
        np.zeros_like,
    ):
        assert_all(at(change), np.isfinite)


@EACH
def test_a_single_species(name):
    tables, targets = inputs(name)
    tables = {k: v if "features" in k else v[:, :1] for k, v in tables.items()}
    targets = {k: v[:, :1] if v.ndim > 1 else 0 * v for k, v in targets.items()}
    run = jax.jit(with_gradient(loss_of(name, species=1)))
    alone = CALLS[name].alone
    if alone is None:
        assert_all(run(tables, targets, WHERE), np.isfinite)
    else:
        with pytest.raises(ValueError, match=re.escape(alone)):
            run(tables, targets, WHERE)


@EACH
@pytest.mark.parametrize("junk", [np.nan, np.inf, -np.inf])
def test_masked_rows_do_not_count_whatever_they_hold(name, junk):
    tables, targets = inputs(name)

    def soil(x):
        if len(x) != ROWS:  # the kernel
            return x
        x = x.copy()
        x[~WHERE] = -99 if x.dtype == np.int32 else junk
        return x

    soiled = jax.tree.map(soil, (tables, targets))
    values, gradients = jitted(name)(*soiled, WHERE)
    assert_close((values, gradients), reference(name))
    if CALLS[name].axes is not OF_SITES:
        np.testing.assert_array_equal(values[~WHERE], 0)
    for k, gradient in gradients.items():
        if k != "kernel":
            np.testing.assert_array_equal(gradient[~WHERE], 0)


@EACH
def test_nothing_but_masked_rows(name):
    junk = jax.tree.map(
        lambda x: x * np.float32(np.nan) if x.shape == (ROWS, SPECIES) else x,
        inputs(name),
    )
    for arrays in (inputs(name), junk):
        got = jitted(name)(*arrays, np.zeros(ROWS, bool))
        assert_all(got, lambda x: x == 0)


@EACH
def test_no_rows(name):
    none = jax.tree.map(lambda x: x[:0] if len(x) == ROWS else x, inputs(name))
    values, gradients = jax.jit(with_gradient(loss_of(name)))(*none)
    assert values.shape == (SPECIES if CALLS[name].axes is OF_SITES else 0,)
    assert values.dtype == jnp.float32
    assert_all((values, gradients), lambda x: x == 0)
