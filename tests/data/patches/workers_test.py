"""Tests for pipelines with worker processes: started, resumed, killed, closed."""

import json
import multiprocessing
import os
import signal
import threading

import jax
import numpy as np
import pytest

from jaxsdm.data.patches import (
    Augmentation,
    Input,
    MemoryPatches,
    Places,
    Samples,
    Window,
    pipeline,
)

pytest.importorskip("grain")


def raised_within(seconds, function):
    """What a function raises; an error of its own if it hangs."""
    raised = []

    def run():
        try:
            function()
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive(), f"no end after {seconds} s"
    return raised[0]


def test_workers_give_the_batches_of_threads_and_may_be_killed(tmp_path, rng):
    np.save(tmp_path / "a.npy", rng.random((50, 50, 2), dtype=np.float32))
    inputs = {"a": Input(MemoryPatches(tmp_path / "a.npy"), Window(8))}
    samples = Samples(Places(np.arange(50), np.arange(50)), {"y": np.arange(50)})

    def start(workers):
        return pipeline(
            samples,
            inputs,
            batch_size=8,
            augmentation=Augmentation(jitter=3),
            workers=workers,
            ahead=1,
            process_index=0,
            process_count=1,
        )

    def same(got, want):
        jax.tree.map(np.testing.assert_array_equal, got, want)

    with start(0) as batches:
        want = [next(batches) for _ in range(12)]
        batches.set_state({**batches.get_state(), "step": 4})
        state = batches.get_state()
    before = set(multiprocessing.active_children())
    with start(1) as batches:
        batches.set_state(state)
        same(next(batches), want[4])
        (worker,) = set(multiprocessing.active_children()) - before
        os.kill(worker.pid, signal.SIGKILL)
        error = raised_within(60, lambda: [next(batches) for _ in range(7)])
        assert isinstance(error, RuntimeError)  # some batches were here already
        assert "terminated unexpectedly" in str(error)
        step, state = batches.step, json.loads(json.dumps(batches.get_state()))
        same(next(batches), want[step])  # by a new worker
    for workers in (0, 1):  # or in a program that is started again
        with start(workers) as batches:
            batches.set_state(state)
            same(next(batches), want[step])
    assert set(multiprocessing.active_children()) == before
