"""Tests for jaxsdm.data.patches pipelines: batches, resume, processes, devices."""

import json
import sys
import threading
import time

import jax
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec
from patch_oracle import Stack, oracle

from jaxsdm import parallel
from jaxsdm.data.patches import (
    Augmentation,
    DevicePatches,
    FilePatches,
    Input,
    MemoryPatches,
    Places,
    Samples,
    Window,
    device_prefetch,
    pipeline,
)

pytest.importorskip("grain")

PLACES = 50
RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(40, 30, 2)).astype(np.float32)
VALID = RNG.random(VALUES.shape) > 0.1
SAMPLES = Samples(
    Places(RNG.integers(0, 40, PLACES), RNG.integers(0, 30, PLACES)),
    {"species": np.arange(PLACES) % 7, "square": lambda i: i[:, None] ** 2},
    {"table": RNG.normal(size=(PLACES, 3)).astype(np.float32)},
)
SOURCE = MemoryPatches(np.where(VALID, VALUES, np.float32(np.nan)))
INPUTS = {"climate": Input(SOURCE, Window(5))}
OPTIONS = {"batch_size": 8, "seed": 3, "process_index": 0, "process_count": 1}
AUGMENTATION = Augmentation(jitter=2)


def made(number=None, samples=SAMPLES, inputs=INPUTS, state=None, **options):
    """Batches of a pipeline as a list."""
    with pipeline(samples, inputs, **(OPTIONS | options)) as batches:
        if state:
            batches.set_state(state)
        return [batch for batch, _ in zip(batches, range(number or 999), strict=False)]


def same(got, want):
    jax.tree.map(np.testing.assert_array_equal, got, want)


def test_a_batch_holds_what_belongs_to_its_places():
    batches = made(epochs=2, shuffle=True)
    assert len(batches) == 14
    for batch in batches:
        assert set(batch) == {"inputs", "targets", "weight", "id"}
        known = batch["weight"] > 0
        ids = batch["id"][known]
        rows, columns = (one[ids] for one in SAMPLES.places)
        values, valid = oracle(VALUES, VALID, rows, columns, Window(5))
        same(batch["inputs"]["climate"][known], values)
        same(batch["inputs"]["climate_valid"][known], valid)
        same(batch["inputs"]["table"][known], SAMPLES.inputs["table"][ids])
        same(batch["targets"]["species"][known], ids % 7)
        same(batch["targets"]["square"][known], ids[:, None] ** 2)
        assert batch["id"].dtype == np.int32
        assert batch["weight"].dtype == np.float32
    epoch = np.concatenate([batch["id"] for batch in batches[:7]])
    assert sorted(epoch[:50]) == list(range(50))
    last = batches[6]
    assert last["weight"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert last["id"][2:].tolist() == [-1] * 6
    assert last["inputs"]["climate"].shape == (8, 5, 5, 2)


@pytest.mark.parametrize(
    "options",
    [
        {"threads": 0},
        {"ahead": 0},
        {"threads": 4, "ahead": 9},
        {"together": 4},
        {"together": 3, "threads": 0},
    ],
)
def test_how_it_is_read_changes_nothing(options):
    common = {"epochs": 2, "augmentation": AUGMENTATION}
    same(made(**common, **options), made(**common))


def test_the_tiers_give_the_same_batches():
    with_stack = Input(
        FilePatches(Stack(VALUES, VALID), block=(9, 8), cache_bytes=1000), Window(5)
    )
    options = {"augmentation": AUGMENTATION, "epochs": 1}
    want = made(**options)
    same(made(inputs={"climate": with_stack}, together=2, **options), want)
    device = DevicePatches.put(VALUES, VALID)
    take = jax.jit(lambda source, places: source.take(**places, window=Window(5)))
    got = made(inputs={"climate": Input(device, Window(5))}, **options)
    for one, other in zip(got, want, strict=True):
        places = one["inputs"]["climate"]
        assert {array.dtype.name for array in places.values()} == {"int32"}
        values, valid = take(device, places)
        same(np.asarray(values), other["inputs"]["climate"])
        same(np.asarray(valid), other["inputs"]["climate_valid"])


def test_augmentation_is_that_of_epoch_and_sample():
    plain = made(epochs=2)
    batches = made(epochs=2, augmentation=AUGMENTATION)
    for step, (batch, without) in enumerate(zip(batches, plain, strict=True)):
        assert (batch["id"] == without["id"]).all()
        epoch, within = divmod(step, 7)
        known = batch["weight"] > 0
        sample = np.arange(within * 8, within * 8 + 8)[known]
        down, right = AUGMENTATION.shifts(3, epoch, sample)
        rows, columns = (one[batch["id"][known]] for one in SAMPLES.places)
        codes = AUGMENTATION.orientation(3, epoch, sample)
        values, _ = oracle(
            VALUES, VALID, rows + down, columns + right, Window(5), codes
        )
        same(batch["inputs"]["climate"][known], values)


def test_several_windows_around_the_same_place():
    wide = Window(5, 3)
    inputs = {
        "near": Input(SOURCE, Window(5)),
        "far": Input(SOURCE, wide, jitter=0, validity=False),
    }
    batch = made(1, inputs=inputs, augmentation=AUGMENTATION)[0]
    assert set(batch["inputs"]) == {"near", "near_valid", "far", "table"}
    codes = AUGMENTATION.orientation(3, 0, np.arange(8))
    rows, columns = (one[batch["id"]] for one in SAMPLES.places)
    values, _ = oracle(VALUES, VALID, rows, columns, wide, codes)
    same(batch["inputs"]["far"], values)


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


def test_sets_are_mixed_and_say_so():
    other = Samples(
        Places(np.arange(20), np.arange(20)),
        {"species": np.arange(20), "square": np.zeros((20, 1), int)},
        {"table": np.ones((20, 3), np.float32)},
        weight=np.full(20, 0.5),
        id=np.arange(20) + 2**31,
    )
    batches = made(
        epochs=3,
        samples={"presence_only": SAMPLES, "surveys": other},
        rates={"presence_only": 3.0, "surveys": 1.0},
        epoch_size=80,
    )
    assert len(batches) == 30
    for batch in batches:
        second = batch["source"] == 1
        assert second.sum() == 2
        assert (batch["id"][second] >= 2**31).all()
        assert (batch["weight"][second] == 0.5).all()
        assert (batch["inputs"]["table"][second] == 1).all()
        assert (batch["id"][~second] < PLACES).all()


def test_drawn_by_weight():
    weights = np.zeros(PLACES)
    weights[[4, 9]] = 1
    samples = Samples(SAMPLES.places, sampling=weights)
    ids = np.concatenate([one["id"] for one in made(10, samples=samples)])
    assert set(ids) <= {4, 9, -1}


def test_places_outside_are_counted_and_refused():
    rows = np.array([0, 5, 39, 40, -1])
    samples = Samples(Places(rows, np.zeros(5, int)))
    with pytest.raises(ValueError, match=r"2 of 5 places .* position 3: row 40, col"):
        made(samples=samples)
    bad = Samples(Places(np.array([1.0, np.nan]), np.zeros(2)))
    with pytest.raises(ValueError, match="1 of 2 places"):
        made(samples=bad)


def test_other_mistakes_are_named():
    for options, text in (
        ({"batch_size": 9, "process_count": 2}, "multiple of the processes"),
        ({"rates": {"b": 1.0}}, r"rates for \['samples'\]"),
        ({"threads": -1}, "from 0 and together from 1"),
        ({"workers": 1, "together": 2}, "together is for threads"),
        ({"process_count": None}, "both or neither"),
        ({"inputs": {"table": INPUTS["climate"]}}, r"one name: \['table'\]"),
        ({"samples": Samples(SAMPLES.places), "inputs": {}}, "and one input"),
        (
            {
                "inputs": {"climate": Input(SOURCE, Window((3, 5)))},
                "augmentation": AUGMENTATION,
            },
            "3 x 5 cells .climate. cannot make quarter turns",
        ),
        (
            {"samples": {"a": SAMPLES, "b": Samples(SAMPLES.places)}},
            r"targets of every set .*'b'",
        ),
        (
            {"samples": Samples({"soil": SAMPLES.places})},
            "no places for input 'climate'; known: soil",
        ),
    ):
        with pytest.raises(ValueError, match=text):
            made(**options)
    other = Samples(
        SAMPLES.places,
        {"species": np.ones((PLACES, 2)), "square": np.ones((PLACES, 1), int)},
        SAMPLES.inputs,
    )
    with pytest.raises(ValueError, match="'species' of all sets of one shape and"):
        made(samples={"a": SAMPLES, "b": other})


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
