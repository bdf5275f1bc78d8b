"""Tests for pipelines of several processes: real ones, before and after a resume."""

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("grain")

WORKER = pathlib.Path(__file__).with_name("process_worker.py")


@pytest.fixture
def run(tmp_path, rng):
    """A function that runs so many processes at once: global batches and the state."""
    raster = tmp_path / "raster.npy"
    np.save(raster, rng.normal(size=(50, 40, 2)).astype(np.float32))

    def run(count, steps, state=""):
        outputs = [tmp_path / f"{index}.npz" for index in range(count)]
        running = [
            subprocess.Popen(
                [sys.executable, WORKER, raster]
                + [str(one) for one in (index, count, state, steps, output)],
                stdout=subprocess.PIPE,
                text=True,
                env=os.environ | {"JAX_PLATFORMS": "cpu"},
            )
            for index, output in enumerate(outputs)
        ]
        states = {process.communicate(timeout=120)[0] for process in running}
        assert [process.returncode for process in running] == [0] * count
        assert len(states) == 1
        parts = [dict(np.load(output)) for output in outputs]
        whole = {
            name: np.concatenate([part[name] for part in parts], axis=1)
            for name in parts[0]
        }
        return whole, states.pop()

    return run


def same(got, want):
    assert set(got) == set(want)
    for name, array in got.items():
        np.testing.assert_array_equal(array, want[name])


def test_two_processes_have_the_rows_of_one_and_resume_as_another_number(run):
    whole, _ = run(1, 14)  # the epoch has 9 steps
    assert len(set(whole["id"].ravel())) > 40
    assert set(whole["source"].ravel()) == {0, 1}
    halves, state = run(2, 5)
    same(halves, {name: array[:5] for name, array in whole.items()})
    assert json.loads(state)["step"] == 5
    rest = {name: array[5:] for name, array in whole.items()}
    same(run(1, 9, state)[0], rest)
    same(run(4, 9, state)[0], rest)
