"""Tests for jaxsdm.data.patches.order."""

import pickle

import numpy as np
import pytest

from jaxsdm.data.patches.order import Order


def epoch_of(order, epoch, count=1):
    """The rows of an epoch as (sample, group, place), processes put together."""
    steps = range(epoch * order.steps_per_epoch, (epoch + 1) * order.steps_per_epoch)
    parts = [order.rows(step, index, count) for step in steps for index in range(count)]
    assert {one.epoch for one in parts} == {epoch}
    return tuple(
        np.concatenate([getattr(one, name) for one in parts])
        for name in ("sample", "group", "place")
    )


def test_every_place_once_an_epoch_and_the_rest_is_padding():
    order = Order((10,), 4, seed=1)
    assert order.steps_per_epoch == 3
    orders = []
    for epoch in range(3):
        sample, group, place = epoch_of(order, epoch)
        assert sample.tolist() == [*range(10), -1, -1]
        assert sorted(place[:10]) == list(range(10))
        assert (place[10:] == place[8]).all()  # padding is a sample of its batch
        assert not group.any()
        orders.append(place[:10].tolist())
    assert len(set(map(tuple, orders))) == 3
    assert epoch_of(Order((10,), 4, seed=2), 0)[2].tolist() != orders[0]


def test_a_pure_function_of_seed_and_step(rng):
    order = Order((50, 20), 8, seed=3, rates=(1.0, 1.0))
    first = {step: order.rows(step) for step in range(40)}
    assert len(order._epochs) <= 2  # no more, however many pass
    again = pickle.loads(pickle.dumps(order))
    for step in rng.permutation(40):
        for one, other in zip(first[int(step)], again.rows(int(step)), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("count", [2, 3, 6])
def test_processes_have_their_own_parts_of_the_same_batches(count):
    order = Order((50,), 12, seed=3)
    for epoch in (0, 2):
        for one, other in zip(
            epoch_of(order, epoch, count), epoch_of(order, epoch), strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_without_shuffling_in_the_order_of_the_places():
    order = Order((6,), 4, shuffle=False)
    assert epoch_of(order, 1)[2].tolist() == [0, 1, 2, 3, 4, 5, 4, 4]


def test_mixed_at_the_given_rates_in_every_batch():
    order = Order((1000, 37), 16, rates=(3.0, 1.0), epoch_size=160)
    assert order.shares == (120, 40)
    seen = [[], []]
    for epoch in range(37):
        _, group, place = epoch_of(order, epoch)
        for start in range(0, 160, 16):
            assert abs((group[start : start + 16] == 1).sum() - 4) <= 1
        for number in (0, 1):
            seen[number].extend(place[group == number])
    # Each set runs through its places before one comes again.
    assert sorted(seen[0][:1000]) == list(range(1000))
    for start in range(0, 37 * 40, 37):
        assert sorted(seen[1][start : start + 37]) == list(range(37))


def test_shares_are_whole_numbers_that_make_the_epoch():
    assert Order((1, 1, 1), 1, rates=(1.0, 1.0, 1.0), epoch_size=10).shares == (4, 3, 3)
    assert Order((5, 7), 3).shares == (5, 7)
    assert Order((5, 7), 3, rates=(1e-9, 1.0)).shares == (0, 12)
    assert epoch_of(Order((5, 7), 3, rates=(1e-9, 1.0)), 0)[1].tolist() == [1] * 12


def test_drawn_by_weight_with_replacement():
    weights = np.array([0, 1, 0, 3, 0])
    order = Order((5,), 100, sampling=(weights,), epoch_size=20_000)
    place = epoch_of(order, 0)[2]
    count = np.bincount(place, minlength=5) / 20_000
    assert count[[0, 2, 4]].sum() == 0
    assert abs(count[3] - 0.75) < 0.02
    assert (epoch_of(order, 1)[2] != place).any()


def test_wrong_numbers_are_refused():
    with pytest.raises(ValueError, match="from 1, got"):
        Order((0,), 4)
    with pytest.raises(ValueError, match="from 1, got"):
        Order((4,), 0)
    for rates in ((1.0,), (1.0, 0.0), (1.0, float("nan"))):
        with pytest.raises(ValueError, match="2 rates above 0"):
            Order((4, 4), 2, rates=rates)
    for index, count in ((0, 3), (2, 2)):
        with pytest.raises(ValueError, match="multiple of the processes"):
            Order((8,), 4).rows(0, index, count)
