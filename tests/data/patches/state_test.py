"""Tests for the state of a pipeline: which other pipelines take it."""

import dataclasses
import json

import numpy as np
import pytest
from sampled import INPUTS, OPTIONS, PLACES, SAMPLES, SOURCE, VALUES

from jaxsdm.data.patches import (
    Augmentation,
    DevicePatches,
    Input,
    MemoryPatches,
    Places,
    Samples,
    Window,
    pipeline,
)
from jaxsdm.data.patches.identity import digest

pytest.importorskip("grain")

WEIGHTS = np.arange(1.0, PLACES + 1)
DRAWN = dataclasses.replace(SAMPLES, sampling=WEIGHTS, id=np.arange(PLACES) + 100)
ROWS, COLUMNS = SAMPLES.places


def state_of(samples=DRAWN, inputs=INPUTS, **options):
    """A state as a checkpoint keeps it."""
    with pipeline(samples, inputs, **(OPTIONS | options)) as batches:
        next(batches)
        return json.loads(json.dumps(batches.get_state()))


def resume(state, samples=DRAWN, inputs=INPUTS, **options):
    with pipeline(samples, inputs, **(OPTIONS | options)) as batches:
        batches.set_state(state)
        return batches.step


@pytest.mark.parametrize(
    "options",
    [
        {"threads": 0, "ahead": 0},
        {"together": 4},
        {"process_index": 1, "process_count": 2},
        {"inputs": {"climate": Input(DevicePatches.put(VALUES), Window(5))}},
        {"samples": dataclasses.replace(DRAWN, sampling=WEIGHTS.astype(np.float32))},
        {"samples": dataclasses.replace(DRAWN, id=DRAWN.id.astype(np.int32))},
        {"samples": dataclasses.replace(DRAWN, places={"climate": SAMPLES.places})},
    ],
)
def test_how_and_where_it_runs_is_of_no_account(options):
    assert resume(state_of(), **options) == 1


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"inputs": {"climate": Input(SOURCE, Window(7))}}, "inputs"),
        ({"inputs": {"climate": Input(SOURCE, Window(5, 2))}}, "inputs"),
        (
            {"inputs": {"climate": Input(SOURCE, Window(5, convention="point"))}},
            "inputs",
        ),
        ({"inputs": {"climate": Input(SOURCE, Window(5), jitter=1)}}, "inputs"),
        (
            {"inputs": {"climate": Input(MemoryPatches(VALUES[:, :, :1]), Window(5))}},
            "inputs",
        ),
        ({"augmentation": Augmentation()}, "augmentation"),
        (
            {"samples": dataclasses.replace(DRAWN, places=Places(ROWS[::-1], COLUMNS))},
            "samples",
        ),
        ({"samples": dataclasses.replace(DRAWN, sampling=WEIGHTS[::-1])}, "samples"),
        ({"samples": dataclasses.replace(DRAWN, sampling=None)}, "drawn"),
        ({"samples": dataclasses.replace(DRAWN, id=None)}, "samples"),
    ],
)
def test_another_pipeline_is_refused(options, what):
    with pytest.raises(ValueError, match=f"of other batches.*{what}: saved"):
        resume(state_of(), **options)


@pytest.mark.parametrize(
    "state", [{}, {"x": 1}, {"step": 3}, {"step": -1, "about": {}}, {"step": "3"}]
)
def test_what_is_no_state_is_refused(state):
    with pytest.raises(ValueError, match="a state is what get_state gives"):
        resume(state)


def test_digests_are_the_same_everywhere():
    """Of numbers, not of bytes: written down once, on a little-endian machine."""
    numbers = np.array([3, -1, 2**40])
    want = digest([numbers, np.array([0.5])])
    assert want == "5e0a9ade6d287983"
    assert digest([numbers.astype(">i8"), np.array([0.5], np.float32)]) == want
    assert digest([numbers[::-1], np.array([0.5])]) != want
    assert Samples(SAMPLES.places).sampling is None
