"""Tests for jaxsdm.training.batches."""

import numpy as np
import pytest

from jaxsdm.training.batches import Plan, batch_rows, bootstrap_sites


def test_an_epoch_holds_every_site_once_with_a_short_last_batch():
    plan = Plan(records=23, batch_size=5, multiple=4)
    assert plan.steps_per_epoch == 5
    rows = batch_rows(plan, 7, 0, 10)
    assert rows.shape == (10, 8)  # 5 rounded up to a multiple of 4
    for epoch in rows.reshape(2, -1):
        np.testing.assert_array_equal(np.sort(epoch[epoch >= 0]), np.arange(23))
    assert (rows[4] >= 0).sum() == 3
    assert not np.array_equal(rows[:5], rows[5:])


def test_wrapped_batches_are_full_and_cover_the_sites_evenly():
    plan = Plan(records=23, batch_size=5, remainder="wrap")
    rows = batch_rows(plan, 7, 0, 23)
    assert (rows >= 0).all()
    np.testing.assert_array_equal(np.bincount(rows.ravel()), np.full(23, 5))


@pytest.mark.parametrize("remainder", ["short", "wrap"])
def test_a_batch_depends_on_seed_and_step_alone(remainder):
    plan = Plan(23, 9, batch_size=5, background_batch_size=3, remainder=remainder)
    whole = batch_rows(plan, 1, 0, 12)
    np.testing.assert_array_equal(batch_rows(plan, 1, 7, 12), whole[7:])
    assert not np.array_equal(batch_rows(plan, 2, 0, 12), whole)


def test_background_rows_follow_the_record_rows():
    plan = Plan(23, 9, batch_size=5, background_batch_size=3)
    rows = batch_rows(plan, 1, 0, 40)
    assert rows.shape[1] == 8
    background = rows[:, 5:]
    assert background.min() >= 23
    assert set(background.ravel()) == set(range(23, 32))
    assert all(len(set(drawn)) == 3 for drawn in background)


def test_full_batch_holds_all_rows():
    plan = Plan(23, 9, batch_size=0, multiple=5)
    assert plan.steps_per_epoch == 1
    rows = batch_rows(plan, 1, 0, 2)
    assert rows.shape == (2, 35)
    np.testing.assert_array_equal(rows[0, :32], np.arange(32))
    assert (rows[:, 32:] == -1).all()


def test_only_the_sites_allowed():
    plan = Plan(23, batch_size=5)
    allowed = np.array([3, 4, 8, 20])
    rows = batch_rows(plan, 1, 0, plan.steps_per_epoch, sites=allowed)
    np.testing.assert_array_equal(np.sort(rows[rows >= 0]), allowed)


def test_ends_of_epochs():
    plan = Plan(23, batch_size=5)
    ends = plan.epoch_ends(3, 12)
    np.testing.assert_array_equal(np.flatnonzero(ends) + 3, [4, 9])


def test_bootstrap_repeats_and_leaves_out():
    sample = bootstrap_sites(np.arange(500), 3)
    assert len(sample) == 500
    assert 0.55 < len(set(sample)) / 500 < 0.72  # 1 - 1/e = 0.632
    np.testing.assert_array_equal(sample, bootstrap_sites(np.arange(500), 3))


def test_bad_sizes():
    with pytest.raises(ValueError, match=r"'whole'; known: short, wrap"):
        Plan(5, remainder="whole")
    with pytest.raises(ValueError, match="sizes >= 0"):
        Plan(5, batch_size=-1)
    with pytest.raises(ValueError, match="at least one site"):
        Plan(0)
