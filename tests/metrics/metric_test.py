"""Any split of the data into batches and states gives the value of the whole."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import fbeta_score

from jaxsdm import metrics
from jaxsdm.metrics import by_name

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(60, 3)).round(1)
PROBABILITIES = RNG.random((60, 3)).round(2)
LABELS = (RNG.random((60, 3)) < 0.4).astype(float)
LABELS[5:9, 1] = np.nan
LABELS[:, 2] *= RNG.random(60) < 0.1
WHERE = RNG.random((60, 3)) < 0.8
WEIGHTS = RNG.random(60)
OPTIONS: dict[str, dict] = {name: {} for name in by_name.BY_NAME}
OPTIONS["top_k_accuracy"] = OPTIONS["average_k_accuracy"] = {"k": 1}


def predicted(name):
    if name in by_name.OF_SETS:
        return PROBABILITIES > 0.5
    return PROBABILITIES if name in by_name.OF_PROBABILITIES else SCORES


def assert_equal(got, want):
    """The same numbers to the last bit."""
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_array_equal(one, other)


def states(metric, prediction, cuts, *more):
    return [
        metric.update(
            metric.init(), prediction[rows], LABELS[rows], *(x[rows] for x in more)
        )
        for rows in np.split(np.arange(60), sorted(cuts))
    ]


splits = st.lists(st.integers(1, 59), unique=True, max_size=8)


@given(cuts=splits, seed=st.integers(0, 9))
@settings(max_examples=10, deadline=None)
@pytest.mark.parametrize("name", metrics.BY_NAME)
def test_any_split_and_any_order_of_merging_gives_the_value_of_the_whole(
    name, cuts, seed
):
    metric = metrics.build(name, **OPTIONS[name])
    parts = states(metric, predicted(name), cuts, WHERE)
    np.random.default_rng(seed).shuffle(parts)
    merged = metric.init()
    for state in parts:
        merged = metric.merge(merged, state)
    function = metrics.BY_NAME[name]
    want = function(predicted(name), LABELS, where=WHERE, **OPTIONS[name])
    if name == "correlation":  # A sum of floats.
        np.testing.assert_allclose(metric.compute(merged), want, rtol=1e-13)
    else:
        assert_equal(metric.compute(merged), want)
    if name not in by_name.OF_LISTS:
        assert np.isfinite(want).any()


@given(cuts=splits)
@settings(max_examples=10, deadline=None)
@pytest.mark.parametrize(
    "name",
    [
        "brier",
        "log_loss",
        "ece_equal_width",
        "ece_equal_mass",
        "f_beta_sample",
        "jaccard_micro",
    ],
)
def test_any_split_with_weights_too(name, cuts):
    metric = metrics.build(name)
    parts = states(metric, predicted(name), cuts, WHERE, WEIGHTS)
    merged = metric.init()
    for state in parts[::-1]:
        merged = metric.merge(merged, state)
    function = metrics.BY_NAME[name]
    want = function(predicted(name), LABELS, where=WHERE, weights=WEIGHTS)
    assert_equal(metric.compute(merged), want)
    without = function(predicted(name), LABELS, where=WHERE)
    assert not np.array_equal(want, without, equal_nan=True)


def test_weights_of_exact_metrics_come_with_every_batch_or_none():
    metric = metrics.build("roc_auc")
    state = metric.update(metric.init(), SCORES, LABELS, WHERE, WEIGHTS)
    want = metrics.roc_auc(SCORES, LABELS, where=WHERE, weights=WEIGHTS)
    np.testing.assert_array_equal(metric.compute(state), want)
    with pytest.raises(ValueError, match="weights with every batch or with none"):
        metric.update(state, SCORES, LABELS)


def test_options_of_a_metric_are_options_of_its_name():
    metric = metrics.build("f_beta_micro", beta=2.0)
    state = metric.update(metric.init(), PROBABILITIES > 0.5, LABELS)
    want = fbeta_score(
        LABELS[~np.isnan(LABELS)], (PROBABILITIES > 0.5)[~np.isnan(LABELS)], beta=2.0
    )
    assert metric.compute(state) == pytest.approx(want, abs=1e-14)
    metric = metrics.build("boyce", windows=11)
    state = metric.update(metric.init(), SCORES, LABELS)
    want = metrics.boyce(SCORES, LABELS, windows=11)
    np.testing.assert_array_equal(metric.compute(state), want)
    with pytest.raises(TypeError, match="gamma"):
        metrics.build("brier", gamma=1)


def test_update_leaves_the_old_state_and_copies_the_batch():
    metric = metrics.build("roc_auc")
    empty = metric.init()
    scores = SCORES.copy()
    state = metric.update(empty, scores, LABELS)
    scores[:] = 0
    assert empty == ()
    np.testing.assert_array_equal(
        metric.compute(state), metrics.roc_auc(SCORES, LABELS)
    )


def test_refuses_other_species_no_data_and_unknown_names():
    metric = metrics.build("roc_auc")
    state = metric.update(metric.init(), SCORES, LABELS)
    with pytest.raises(ValueError, match="same species"):
        metric.update(state, SCORES[:, :2], LABELS[:, :2])
    with pytest.raises(ValueError, match="before any update"):
        metric.compute(metric.init())
    with pytest.raises(ValueError, match=r"'auroc'; known: roc_auc, average_precision"):
        metrics.build("auroc")
    with pytest.raises(ValueError, match=r"jaccard_macro_over_all.*streaming_roc_auc"):
        metrics.build("auroc")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("f_beta_sample", {"betta": 2.0}),
        ("f_beta_micro", {"betta": 2.0}),
        ("jaccard_sample", {"beta": 2.0}),
        ("roc_auc", {"gamma": 2}),
        ("sorensen_error", {"gamma": 2}),
    ],
)
def test_an_unknown_option_is_refused_at_once(name, options):
    with pytest.raises(TypeError, match=next(iter(options))):
        metrics.build(name, **options)
