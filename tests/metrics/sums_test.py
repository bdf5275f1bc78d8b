"""Metrics of sums inside jit, vmap, scan and over devices; what they refuse."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from jaxsdm import metrics

RNG = np.random.default_rng(9)
PLACES, SPECIES = 64, 5
PROBABILITIES = RNG.random((PLACES, SPECIES), np.float32)
LABELS = (RNG.random((PLACES, SPECIES)) < 0.4).astype(np.float32)
LABELS[3:7, 2] = np.nan
WHERE = RNG.random((PLACES, SPECIES)) < 0.8
WEIGHTS = RNG.random(PLACES).astype(np.float32)

COUNTING = (
    "precision_micro",
    "recall_macro_over_present",
    "kappa_of_species",
    "top_k_accuracy",
    "average_k_accuracy",
)
REAL = (
    "log_loss",
    "deviance",
    "deviance_explained",
    "brier",
    "ece_equal_width",
    "f_beta_sample",
    "richness_squared",
    "sorensen_to_truth",
)
OPTIONS = {"top_k_accuracy": {"k": 2}, "average_k_accuracy": {"cut": 0.6}}
every_metric = pytest.mark.parametrize("name", COUNTING + REAL)


def case(name):
    metric = metrics.build(name, **OPTIONS.get(name, {}))
    sets = name not in metrics.by_name.OF_SETS or name.startswith("richness")
    prediction = PROBABILITIES if sets else PROBABILITIES > 0.5
    whole = metric.update(metric.init(), prediction, LABELS, WHERE)
    return metric, prediction, metric.compute(whole)


def assert_close(name, got, want):
    """Counts exactly, sums of float32 terms to what a term is rounded by."""
    rtol = 0 if name in COUNTING else 2e-6
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol)


@every_metric
def test_inside_jit(name):
    metric, prediction, want = case(name)
    state = jax.jit(metric.update)((), prediction, LABELS, WHERE)
    assert all(jnp.issubdtype(x.dtype, jnp.integer) for x in jax.tree.leaves(state))
    assert_close(name, metric.compute(state), want)
    host = metric.update(metric.init(), prediction, LABELS, WHERE)
    again = metric.compute(metric.merge(host, state))
    if not name.startswith("top") and not name.startswith("average"):
        assert_close(name, again, want)  # Twice the same data.


@every_metric
def test_over_eight_devices_by_adding(name):
    metric, prediction, want = case(name)
    mesh = Mesh(np.array(jax.devices()), ("data",))

    def island(*tables):
        return metrics.merge_over(metric.update((), *tables), "data")

    rows = P("data")
    merged = jax.jit(
        jax.shard_map(island, mesh=mesh, in_specs=(rows,) * 3, out_specs=P())
    )(prediction, LABELS, WHERE)
    assert_close(name, metric.compute(merged), want)
    one = metric.compute(jax.jit(metric.update)((), prediction, LABELS, WHERE))
    if name in COUNTING or name in ("brier", "f_beta_sample", "sorensen_to_truth"):
        for a, b in zip(
            jax.tree.leaves(metric.compute(merged)), jax.tree.leaves(one), strict=True
        ):
            np.testing.assert_array_equal(a, b)  # The same terms: the same bits.


@pytest.mark.parametrize(
    "name",
    ["ece_equal_width", "f_beta_sample", "kappa_of_species", "top_k_accuracy"],
)
def test_inside_scan_and_vmap(name):
    metric, prediction, want = case(name)
    tables = [x.reshape(4, 16, SPECIES) for x in (prediction, LABELS, WHERE)]
    empty = jax.tree.map(jnp.asarray, metric.init(SPECIES))
    state, _ = jax.lax.scan(
        lambda state, batch: (metric.update(state, *batch), None), empty, tables
    )
    assert_close(name, metric.compute(state), want)
    parts = jax.vmap(lambda *batch: metric.update((), *batch))(*tables)
    merged = jax.tree.map(lambda x: x.sum(axis=0), parts)
    assert_close(name, metric.compute(merged), want)


@pytest.mark.parametrize("name", ["brier", "jaccard_micro", "recall_sample"])
def test_weights_inside_jit(name):
    metric, prediction, without = case(name)
    host = metric.update((), prediction, LABELS, WHERE, WEIGHTS)
    state = jax.jit(metric.update)((), prediction, LABELS, WHERE, WEIGHTS)
    np.testing.assert_allclose(metric.compute(state), metric.compute(host), rtol=1e-6)
    assert not np.allclose(metric.compute(state), without, rtol=1e-6)


@every_metric
def test_masked_entries_are_absent_whatever_they_hold(name):
    metric, _, want = case(name)
    floating = name not in metrics.by_name.OF_SETS or name.startswith("richness")
    prediction = PROBABILITIES if floating else (PROBABILITIES > 0.5) * 1.0
    for junk in (np.nan, 1e30):
        tables = np.where(WHERE, prediction, junk), np.where(WHERE, LABELS, junk)
        tables = tuple(x.astype(np.float32) for x in tables)
        for update in (metric.update, jax.jit(metric.update)):
            got = metric.compute(update((), *tables, WHERE))
            assert_close(name, got, want)


@every_metric
def test_no_data_other_species_and_other_shapes_are_refused(name):
    metric, prediction, _ = case(name)
    with pytest.raises(ValueError, match="before any update"):
        metric.compute(metric.init())
    for update in (metric.update, jax.jit(metric.update)):
        with pytest.raises(ValueError, match=r"of one shape \[.*, species\], got"):
            update((), prediction, LABELS[:, :2])
    if not isinstance(metric.update((), prediction, LABELS), dict):
        return
    if name in ("f_beta_sample", "richness_squared", "sorensen_to_truth"):
        return  # Sums over places know of no species.
    state = metric.update((), prediction, LABELS)
    with pytest.raises(ValueError, match="same species"):
        metric.update(state, prediction[:, :2], LABELS[:, :2])


def test_abundances_are_refused_and_wrong_weights():
    metric = metrics.build("brier")
    with pytest.raises(ValueError, match="labels must be 0, 1 or NaN"):
        metric.update((), PROBABILITIES, LABELS * 3)
    with pytest.raises(ValueError, match=r"weights \[places\]"):
        jax.jit(metric.update)((), PROBABILITIES, LABELS, WHERE, WEIGHTS[:3])


def test_limbs_stay_small_over_many_batches():
    metric = metrics.build("brier")
    update = jax.jit(metric.update)
    for step in (update, metric.update):
        state = ()
        for _ in range(3):
            state = step(state, PROBABILITIES, LABELS, WHERE)
        limbs = np.asarray(state["loss"].limbs[1:])
        assert ((limbs >= 0) & (limbs < 2**15)).all()
        assert limbs.any()


@every_metric
def test_where_of_other_numbers_is_refused_inside_jit_too(name):
    metric, prediction, want = case(name)
    assert_close(
        name, metric.compute(metric.update((), prediction, LABELS, WHERE * 1.0)), want
    )
    wrong = np.where(WHERE, 1.0, np.nan)
    traced = jax.jit(lambda *tables: metric.update((), *tables, wrong))
    for update in (lambda *tables: metric.update((), *tables, wrong), traced):
        with pytest.raises(ValueError, match="where of booleans, or of 0 and 1, got"):
            update(prediction, LABELS)
