"""Tests for pipelines with worker processes: started, resumed, killed, closed."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
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


PROGRAM = """
import sys
import numpy as np
from jaxsdm.data.patches import *

if __name__ == "__main__":
    inputs = {"a": Input(MemoryPatches(sys.argv[1]), Window(8))}
    samples = Samples(Places(np.arange(50), np.arange(50)))
    kept = []
    for number in (99, 2):
        with pipeline(samples, inputs, batch_size=8, epochs=1, workers=1) as batches:
            kept += [one for one, _ in zip(batches, range(number))]
    print(len(kept))
"""


def test_nothing_is_left_in_shared_memory(tmp_path, rng):
    """Neither after the last batch nor when it is closed before; in a new program."""
    np.save(tmp_path / "a.npy", rng.random((50, 50, 2), dtype=np.float32))
    (tmp_path / "program.py").write_text(PROGRAM)
    ran = subprocess.run(
        [sys.executable, tmp_path / "program.py", tmp_path / "a.npy"],
        capture_output=True,
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        timeout=300,
    )
    assert (ran.stdout.strip(), ran.stderr) == ("9", "")
