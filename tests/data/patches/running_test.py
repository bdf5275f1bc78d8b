"""Tests for pipelines as they run: resumed, in parts, after errors, closed, ahead."""

import json
import sys
import threading
import time

import jax
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec
from patch_oracle import oracle
from sampled import (
    AUGMENTATION,
    INPUTS,
    OPTIONS,
    PLACES,
    SAMPLES,
    SOURCE,
    VALID,
    VALUES,
    made,
    same,
)

from jaxsdm import parallel
from jaxsdm.data.patches import (
    Batches,
    BatchMaker,
    BatchOrder,
    Input,
    Order,
    Rows,
    Window,
    device_prefetch,
    pipeline,
)

pytest.importorskip("grain")


@pytest.mark.parametrize("stop", [3, 7, 12])
@pytest.mark.parametrize("changed", [{}, {"threads": 0}, {"together": 3}])
def test_goes_on_in_the_middle_of_an_epoch(stop, changed):
    options = {"epochs": 2, "augmentation": AUGMENTATION}
    whole = made(**options)
    with pipeline(SAMPLES, INPUTS, **OPTIONS, **options) as batches:
        for _ in range(stop):
            next(batches)
        state = json.loads(json.dumps(batches.get_state()))
        assert (batches.step, batches.epoch) == (stop, stop // 7)
    same(made(state=state, **options, **changed), whole[stop:])


@pytest.mark.parametrize("count", [2, 4])
def test_processes_share_the_global_batch_and_resume_as_others(count):
    options = {"epochs": 2, "augmentation": AUGMENTATION}
    whole = made(**options)
    with pipeline(SAMPLES, INPUTS, **OPTIONS, **options) as batches:
        for _ in range(5):
            next(batches)
        state = batches.get_state()
    parts = [
        made(process_index=i, process_count=count, state=state, **options)
        for i in range(count)
    ]
    for step, pieces in enumerate(zip(*parts, strict=True)):
        joined = jax.tree.map(lambda *one: np.concatenate(one), *pieces)
        same(joined, whole[5 + step])


def test_a_state_of_other_batches_is_refused():
    with pipeline(SAMPLES, INPUTS, **OPTIONS) as batches:
        state = batches.get_state()
    with (
        pipeline(SAMPLES, INPUTS, **(OPTIONS | {"batch_size": 4})) as batches,
        pytest.raises(ValueError, match="batch_size: saved 8, now 4"),
    ):
        batches.set_state(state)


class Backwards:
    """An order that is none of ours: from the last place to the first."""

    seed, steps_per_epoch = 5, 7

    def rows(self, step, index=0, count=1):
        epoch, within = divmod(step, 7)
        share = 8 // count
        sample = within * 8 + index * share + np.arange(share)
        known = sample < PLACES
        place = np.where(known, PLACES - 1 - sample, 0)
        sample = np.where(known, sample, -1)
        return Rows(epoch, sample, np.zeros(share, np.int64), place)

    def about(self):
        return {"order": "backwards", "seed": self.seed}


def test_an_order_of_ones_own():
    def start(order, process=(0, 1)):
        maker = BatchMaker({"s": SAMPLES}, INPUTS, order, AUGMENTATION, process)
        return Batches(maker, steps=14, threads=2, ahead=3, workers=0)

    assert isinstance(Backwards(), BatchOrder)
    assert isinstance(Order((4,), 2), BatchOrder)
    with start(Backwards()) as batches:
        whole = list(batches)
    assert len(whole) == 14
    epoch = np.concatenate([batch["id"] for batch in whole[7:]])
    assert epoch.tolist() == [*range(49, -1, -1), *[-1] * 6]
    assert whole[6]["weight"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    codes = AUGMENTATION.orientation(5, 1, np.arange(8))
    down, right = AUGMENTATION.shifts(5, 1, np.arange(8))
    rows, columns = (one[whole[7]["id"]] for one in SAMPLES.places)
    want, _ = oracle(VALUES, VALID, rows + down, columns + right, Window(5), codes)
    same(whole[7]["inputs"]["climate"], want)
    with start(Backwards()) as batches:
        batches.set_state({**batches.get_state(), "step": 9})
        state = batches.get_state()
        assert (batches.epoch, state["about"]["order"]) == (1, "backwards")
    for index in range(2):
        with start(Backwards(), (index, 2)) as batches:
            batches.set_state(state)
            half = slice(4 * index, 4 * index + 4)
            same(next(batches), jax.tree.map(lambda x, h=half: x[h], whole[9]))
    other = Backwards()
    other.seed = 6
    with start(other) as batches, pytest.raises(ValueError, match="seed: saved 5, now"):
        batches.set_state(state)


class Failing:
    """A source that fails now and then."""

    shape, names = (40, 30), ("a",)

    def __init__(self):
        self.fail = True

    def take(self, rows, columns, window, orientation=None):
        if self.fail:
            raise OSError("a.tif cannot be read")
        return SOURCE.take(rows, columns, window, orientation)

    def close(self):
        pass


@pytest.mark.parametrize("options", [{}, {"threads": 0}, {"together": 2}])
def test_after_an_error_the_same_step_comes_again(options):
    source = Failing()
    inputs = {"climate": Input(source, Window(5))}
    with pipeline(SAMPLES, inputs, **OPTIONS, **options) as batches:
        with pytest.raises(OSError, match=r"a\.tif"):
            next(batches)
        assert batches.step == 0
        source.fail = False
        same(next(batches), made(1)[0])


def test_of_what_is_read_together_two_are_kept():
    with pipeline(SAMPLES, INPUTS, **OPTIONS, together=2) as batches:
        for _ in range(9):
            next(batches)
            assert len(batches._maker._shared) <= 2


def test_closing_ends_what_runs():
    class Slow(Failing):
        running = 0

        def take(self, *arguments):
            self.running += 1
            time.sleep(0.05)
            self.running -= 1
            return SOURCE.take(*arguments)

    source = Slow()
    before = threading.active_count()
    with pipeline(SAMPLES, {"c": Input(source, Window(5))}, **OPTIONS) as batches:
        next(batches)
    assert source.running == 0
    deadline = time.time() + 2
    while threading.active_count() > before and time.time() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
    with pytest.raises(ValueError, match="already closed"):
        next(batches)
    batches.close()


def test_without_grain_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "grain", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'jaxsdm\[data\]'"):
        pipeline(SAMPLES, INPUTS, **OPTIONS)


def test_ahead_on_the_device_the_state_counts_what_was_given_out():
    whole = made(epochs=2)
    batches = pipeline(SAMPLES, INPUTS, **OPTIONS, epochs=2)
    with device_prefetch(batches, ahead=3) as ahead:
        for step in range(5):
            batch = next(ahead)
            assert isinstance(batch["inputs"]["climate"], jax.Array)
            same(jax.tree.map(np.asarray, batch), whole[step])
        state = ahead.get_state()
        assert (state["step"], ahead.epoch, ahead.steps_per_epoch) == (5, 0, 7)
        assert ahead.seconds_waited > 0
        next(ahead)
        ahead.set_state(state)
        rest = [jax.tree.map(np.asarray, batch) for batch in ahead]
    same(rest, whole[5:])
    same(made(epochs=2, state=state), whole[5:])
    with pytest.raises(ValueError, match="ahead from 1, got 0"):
        device_prefetch(batches, ahead=0)


def test_ahead_over_the_data_axis_of_a_mesh():
    sharding = NamedSharding(parallel.make_mesh(4, 2), PartitionSpec("data"))
    batches = pipeline(SAMPLES, INPUTS, **OPTIONS)
    with device_prefetch(batches, sharding=sharding) as ahead:
        batch = next(ahead)
    assert all(one.sharding == sharding for one in jax.tree.leaves(batch))
    same(jax.tree.map(np.asarray, batch), made(1)[0])


def test_arrays_too_large_to_send_to_workers_are_refused(monkeypatch):
    monkeypatch.setattr("jaxsdm.data.patches.batches._WORKER_ARRAYS", 1000)
    with pytest.raises(ValueError, match=r"its own copy of .* input 'climate'"):
        made(workers=1)
