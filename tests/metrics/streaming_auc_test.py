"""Streaming ROC AUC: within its bound of the exact value, merged exactly."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

from jaxsdm import metrics
from jaxsdm.metrics.streaming_auc import score_keys

RNG = np.random.default_rng(16)


def streamed(scores, labels, edges, where=None):
    metric = metrics.streaming_auc(edges)
    return metric.compute(metric.update(metric.init(), scores, labels, where))


def assert_within(found, want):
    np.testing.assert_array_equal(np.isnan(found.value), np.isnan(want))
    known = ~np.isnan(want)
    error = np.abs(found.value - want)[known]
    assert (error <= found.bound[known] + 1e-15).all()


SPECIAL = [0.0, -0.0, 1e-45, -1e-45, 1e-38, 1.0, np.inf, -np.inf, 3.4e38, -3.4e38]
scores = st.one_of(
    st.sampled_from(SPECIAL), st.floats(width=32, allow_nan=False), st.integers(-3, 3)
)
tables = st.lists(
    st.tuples(scores, st.booleans(), st.booleans()), min_size=2, max_size=60
)


@given(rows=tables, bins=st.sampled_from([2, 3, 8, 64]), sample=tables)
@settings(max_examples=120, deadline=None)
def test_the_exact_value_is_within_the_bound_whatever_the_scores(rows, bins, sample):
    score, label, keep = (np.array([column]).T for column in zip(*rows, strict=True))
    # Of one shape, so that programs are compiled once.
    score, label, keep = (
        np.pad(x, ((0, 60 - len(x)), (0, 0))) for x in (score, label, keep)
    )
    score = score.astype(np.float32)
    drawn = np.array([[row[0]] for row in sample], np.float32)
    found = streamed(score, label, metrics.fit_bins(drawn, bins=bins), keep)
    assert_within(found, metrics.roc_auc(score, label, where=keep))


@given(rows=tables)
@settings(max_examples=50, deadline=None)
def test_keys_have_the_order_of_scores(rows):
    score = np.array([row[0] for row in rows], np.float32)
    key = score_keys(score, np)
    np.testing.assert_array_equal(key[:, None] < key, score[:, None] < score)
    np.testing.assert_array_equal(key[:, None] == key, score[:, None] == score)
    padded = np.pad(score, (0, 60 - len(score)))
    on_device = jax.jit(score_keys)(padded)[: len(score)]
    np.testing.assert_array_equal(on_device, key)


def test_the_bound_is_reached():
    """All presences above, or below, all absences of their one bin."""
    edges = metrics.fit_bins(np.array([[0.0], [10.0]]), bins=2)
    labels = np.array([[1], [1], [0]])
    for scores, exact in ((np.array([[3], [2], [1]]), 1.0), ([[1], [2], [3]], 0.0)):
        table = np.asarray(scores, np.float32)
        found = streamed(table, labels, edges)
        assert (found.value[0], found.bound[0]) == (0.5, 0.5)
        assert metrics.roc_auc(table, labels)[0] == exact


def test_enough_distinct_bins_are_exact_and_ties_have_bins_of_their_own():
    scores = RNG.integers(-20, 20, (3000, 4)).astype(np.float32) / 10
    labels = RNG.random((3000, 4)) < 0.3
    found = streamed(scores, labels, metrics.fit_bins(scores, bins=256))
    np.testing.assert_array_equal(found.value, metrics.roc_auc(scores, labels))
    np.testing.assert_array_equal(found.bound, 0)
    constant = np.zeros((3000, 4), np.float32)
    found = streamed(constant, labels, metrics.fit_bins(constant, bins=4))
    np.testing.assert_array_equal(found.value, 0.5)
    np.testing.assert_array_equal(found.bound, 0)


def test_realistic_scores_to_a_ten_thousandth_with_bins_of_a_sample():
    prevalence = np.array([0.002, 0.02, 0.2, 0.5])
    labels = RNG.random((200_000, 4)) < prevalence
    normal = RNG.standard_normal((200_000, 4)) * 2 + labels * [0.0, 1, 2, 3] - 3
    probabilities = (1 / (1 + np.exp(-normal))).astype(np.float32)
    edges = metrics.fit_bins(probabilities[:32_768])
    found = streamed(probabilities, labels, edges)
    want = metrics.roc_auc(probabilities, labels)
    assert_within(found, want)
    assert (found.bound < 1e-4).all()
    assert (found.bound > 0).all()
    assert (np.abs(found.value - want) < 1e-5).all()


def test_a_sample_unlike_the_rest_gives_a_large_bound_not_a_wrong_value():
    labels = RNG.random((4000, 1)) < 0.3
    scores = (RNG.normal(size=(4000, 1)) + labels + 50).astype(np.float32)
    found = streamed(scores, labels, metrics.fit_bins(scores - 50, bins=512))
    assert found.bound[0] > 0.4
    assert_within(found, metrics.roc_auc(scores, labels))


SCORES = RNG.normal(size=(240, 3)).astype(np.float32)
LABELS = np.where(RNG.random((240, 3)) < 0.1, np.nan, RNG.random((240, 3)) < 0.4)
WHERE = RNG.random((240, 3)) < 0.8
EDGES = metrics.fit_bins(SCORES[:100], bins=32)


@given(cuts=st.lists(st.integers(1, 239), unique=True, max_size=6))
@settings(max_examples=15, deadline=None)
def test_any_split_gives_the_state_of_the_whole(cuts):
    metric = metrics.build("streaming_roc_auc", edges=EDGES)
    whole = metric.update(metric.init(), SCORES, LABELS, WHERE)
    merged = metric.init()
    part_of = np.searchsorted(sorted(cuts), np.arange(240), side="right")
    for number in range(len(cuts) + 1)[::-1]:  # Of one shape: compiled once.
        rows = WHERE & (part_of == number)[:, None]
        part = metric.update(metric.init(), SCORES, LABELS, rows)
        merged = metric.merge(merged, part)
    jax.tree.map(np.testing.assert_array_equal, merged, whole)
    assert_within(metric.compute(merged), metrics.roc_auc(SCORES, LABELS, where=WHERE))


def test_batches_of_other_lengths_one_after_the_other():
    metric = metrics.streaming_auc(EDGES)
    whole = metric.update(metric.init(), SCORES, LABELS, WHERE)
    state = metric.init()
    for rows in (slice(0, 50), slice(50, 51), slice(51, 240)):
        state = metric.update(state, SCORES[rows], LABELS[rows], WHERE[rows])
    jax.tree.map(np.testing.assert_array_equal, state, whole)


def test_inside_jit_and_scan_and_over_eight_devices():
    metric = metrics.streaming_auc(EDGES)
    whole = metric.update(metric.init(), SCORES, LABELS, WHERE)
    tables = [x.reshape(8, 30, 3) for x in (SCORES, LABELS, WHERE)]
    state, _ = jax.lax.scan(
        lambda state, batch: (metric.update(state, *batch), None),
        metric.init(),
        tables,
    )
    jax.tree.map(np.testing.assert_array_equal, state, whole)

    def island(*batch):
        return metrics.merge_over(metric.update(metric.init(), *batch), "data")

    mesh = Mesh(np.array(jax.devices()), ("data",))
    merged = jax.jit(
        jax.shard_map(island, mesh=mesh, in_specs=(P("data"),) * 3, out_specs=P())
    )(SCORES, LABELS, WHERE)
    jax.tree.map(np.testing.assert_array_equal, merged, whole)
    vmapped = jax.vmap(lambda *batch: metric.update(metric.init(), *batch))(*tables)
    summed = jax.tree.map(lambda x: x.sum(axis=0), vmapped)
    jax.tree.map(np.testing.assert_array_equal, summed, whole)


def test_undefined_species():
    scores, labels = SCORES.copy(), np.nan_to_num(LABELS)
    scores[3, 0] = np.nan
    labels[:, 1] = 0
    found = streamed(scores, labels, EDGES)
    np.testing.assert_array_equal(np.isnan(found.value), [True, True, False])
    np.testing.assert_array_equal(np.isnan(found.bound), [True, True, False])
    assert metrics.undefined(found.value) == 2
    where = np.arange(240)[:, None] != np.array([3, -1, -1])
    found = streamed(scores, labels, EDGES, where)
    assert not np.isnan(found.value[0])
    empty = metrics.fit_bins(np.full((5, 2), np.nan), bins=4)
    assert (empty == np.iinfo(np.int32).max).all()


def test_refuses_other_shapes_and_edges():
    with pytest.raises(ValueError, match=r"\[places, 3\], got \(240, 2\)"):
        streamed(SCORES[:, :2], LABELS[:, :2], EDGES)
    with pytest.raises(ValueError, match=r"\[places, 3\], got \(240, 3\), \(240, 2\)"):
        streamed(SCORES, LABELS[:, :2], EDGES)
    with pytest.raises(ValueError, match="int32 of fit_bins, got float32"):
        metrics.streaming_auc(SCORES)
    with pytest.raises(ValueError, match=r"at least 2 bins, got .* and 1 bins"):
        metrics.fit_bins(SCORES, bins=1)
    with pytest.raises(ValueError, match=r"got \(240, 3\), \(240, 2\)"):
        metrics.fit_bins(SCORES, where=WHERE[:, :2])


def test_counts_are_what_is_stated_in_memory():
    metric = metrics.streaming_auc(jnp.asarray(EDGES))
    counts, undefined = metric.init()
    assert counts.nbytes == 8 * 32 * 3
    assert undefined.nbytes == 4 * 3
    assert EDGES.nbytes == 4 * 31 * 3


def test_abundances_are_refused_as_by_roc_auc():
    metric = metrics.streaming_auc(EDGES)
    for junk in (2, -1, 0.5):
        labels = LABELS.astype(np.float32)
        labels[5, 1] = junk
        where = np.ones(LABELS.shape, bool)
        for table in (labels, jnp.asarray(labels)):
            with pytest.raises(ValueError, match=r"labels must be 0, 1 or NaN") as ours:
                metric.update(metric.init(), SCORES, table, where)
            with pytest.raises(ValueError, match=r"labels must be 0, 1") as theirs:
                metrics.roc_auc(SCORES, labels)
            assert str(ours.value) == str(theirs.value)
        where[5, 1] = False
        hidden = metric.update(metric.init(), SCORES, jnp.asarray(labels), where)
        want = metric.update(metric.init(), SCORES, LABELS, where)
        jax.tree.map(np.testing.assert_array_equal, hidden, want)
    known = jnp.asarray(LABELS)  # Closed over: its values are there inside jit too.
    inside = jax.jit(lambda scores: metric.update(metric.init(), scores, known))
    want = metric.update(metric.init(), SCORES, LABELS)
    jax.tree.map(np.testing.assert_array_equal, inside(SCORES), want)


def test_where_of_other_numbers_is_refused():
    wrong = np.where(WHERE, 1.0, np.nan)
    with pytest.raises(ValueError, match="where of booleans, or of 0 and 1, got nan"):
        streamed(SCORES, LABELS, EDGES, wrong)
    with pytest.raises(ValueError, match="where of booleans, or of 0 and 1, got nan"):
        metrics.fit_bins(SCORES, where=wrong)
