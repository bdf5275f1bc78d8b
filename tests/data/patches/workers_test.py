"""Tests for pipelines with worker processes: started, resumed, killed, closed."""

import multiprocessing
import os
import signal

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
        with pytest.raises(RuntimeError, match="terminated unexpectedly"):
            list(zip(range(7), batches, strict=False))  # some are here already
        step = batches.step
        same(next(batches), want[step])  # by a new worker
    assert set(multiprocessing.active_children()) == before
