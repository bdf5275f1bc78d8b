"""Tests for jaxsdm.training.member_order."""

import numpy as np
import pytest

from jaxsdm.training.batches import Plan, batch_rows
from jaxsdm.training.member_order import MemberOrder

PLAN = Plan(records=50, background=20, batch_size=16, background_batch_size=6)
ALLOWED = {"sites": np.arange(5, 48), "background": np.arange(11)}


@pytest.mark.parametrize("first", [0, 1, 63, 64, 200])
def test_the_rows_are_those_of_the_table(first):
    order = MemberOrder(PLAN, 3, ALLOWED)
    assert order.steps_per_epoch == PLAN.steps_per_epoch
    for step, want in enumerate(
        batch_rows(PLAN, 3, first, first + 5, **ALLOWED), start=first
    ):
        rows = order.rows(step)
        np.testing.assert_array_equal(np.where(rows.sample < 0, -1, rows.place), want)
        assert rows.epoch == step // PLAN.steps_per_epoch


def test_processes_share_the_rows_and_their_numbers():
    order = MemberOrder(PLAN, 3, ALLOWED)
    whole = order.rows(70)
    parts = [order.rows(70, index, 2) for index in range(2)]
    for field in ("sample", "place", "group"):
        joined = np.concatenate([getattr(part, field) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, field))


def test_numbers_within_an_epoch_differ():
    order = MemberOrder(PLAN, 3, {})
    steps = range(2 * PLAN.steps_per_epoch)
    rows = [order.rows(step) for step in steps]
    for epoch in (0, 1):
        numbers = np.concatenate([one.sample for one in rows if one.epoch == epoch])
        numbers = numbers[numbers >= 0]
        assert len(set(numbers.tolist())) == len(numbers)


def test_what_the_batches_depend_on():
    about = MemberOrder(PLAN, 3, {}).about()
    assert about == MemberOrder(PLAN, 3, {}).about()
    assert about != MemberOrder(PLAN, 4, {}).about()
    assert about != MemberOrder(Plan(records=50), 3, {}).about()
