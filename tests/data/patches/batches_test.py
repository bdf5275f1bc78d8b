"""Tests for jaxsdm.data.patches pipelines: what batches hold, and what is refused."""

import jax
import numpy as np
import pytest
from patch_oracle import Stack, oracle
from sampled import (
    AUGMENTATION,
    INPUTS,
    PLACES,
    SAMPLES,
    SOURCE,
    VALID,
    VALUES,
    made,
    same,
)

from jaxsdm.data.patches import (
    DevicePatches,
    FilePatches,
    Input,
    Places,
    Samples,
    Window,
)

pytest.importorskip("grain")


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
