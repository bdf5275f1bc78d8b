"""Any split of the data into batches and states gives the value of the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm import metrics

RNG = np.random.default_rng(0)
SCORES = RNG.normal(size=(60, 3)).round(1)
LABELS = (RNG.random((60, 3)) < 0.4).astype(float)
LABELS[5:9, 1] = np.nan
WHERE = RNG.random((60, 3)) < 0.8


@given(
    cuts=st.lists(st.integers(1, 59), unique=True, max_size=5), seed=st.integers(0, 9)
)
@settings(max_examples=20, deadline=None)
@pytest.mark.parametrize("name", metrics.BY_NAME)
def test_any_split_and_any_order_of_merging_gives_the_value_of_the_whole(
    name, cuts, seed
):
    metric = metrics.build(name)
    states = [
        metric.update(metric.init(), SCORES[rows], LABELS[rows], WHERE[rows])
        for rows in np.split(np.arange(60), sorted(cuts))
    ]
    np.random.default_rng(seed).shuffle(states)
    merged = metric.init()
    for state in states:
        merged = metric.merge(merged, state)
    want = metrics.BY_NAME[name](SCORES, LABELS, where=WHERE)
    np.testing.assert_allclose(metric.compute(merged), want, rtol=1e-13)


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
