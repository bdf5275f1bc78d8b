"""Tests for jaxsdm.training.context and the surroundings that fits opens."""

import pathlib
import signal

import numpy as np
import pytest

from jaxsdm import parallel
from jaxsdm.training import Run
from jaxsdm.training.fits import open_context


@pytest.fixture
def run(config, tmp_path):
    return Run(tmp_path, config)


def test_where_a_task_is_saved(run):
    with open_context(run, quiet=True) as context:
        folder = context.checkpoints("AWT-bird")
    assert folder == pathlib.Path(run.folder, "checkpoints", "AWT-bird")


def test_a_signal_to_any_process_stops_all(run, monkeypatch):
    with open_context(run, quiet=True) as context:
        assert context.stop_signal() is None
        with monkeypatch.context() as patch:
            patch.setattr(parallel, "gather", lambda own: np.array([own, [15]]))
            assert context.stop_signal() == 15
        signal.raise_signal(signal.SIGTERM)
        assert context.stop_signal() == signal.SIGTERM


def test_predicting_is_stopped_as_any_program(run):
    """Nobody looks at a signal that comes while a model is loaded."""
    # A shell starts its background jobs, and so these tests, deaf to SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with (
            open_context(run, quiet=True, prediction=True),
            pytest.raises(KeyboardInterrupt),
        ):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_one_device_will_do_for_predicting(run):
    run.config.mesh = {"data": 3, "species": 4}
    with open_context(run, quiet=True, prediction=True) as context:
        assert dict(context.mesh.shape) == {"data": 1, "species": 1}
    with (
        pytest.raises(ValueError, match="needs 12 devices, and there are 8"),
        open_context(run, quiet=True),
    ):
        pass
    run.config.mesh = {"data": 2, "species": 4}
    with open_context(run, quiet=True, prediction=True) as context:
        assert dict(context.mesh.shape) == {"data": 2, "species": 4}


def test_only_the_first_process_tells(run, monkeypatch, capsys):
    with open_context(run, quiet=False) as context:
        context.log.append(task="a", step=1)
        context.progress.say("first")
    with monkeypatch.context() as patch:
        patch.setattr("jax.process_index", lambda: 1)
        with open_context(run, quiet=False) as context:
            context.log.append(task="a", step=2)
            context.progress.say("second")
    assert capsys.readouterr().err == "first\n"
    assert (run.folder / "train.jsonl").read_text() == '{"task": "a", "step": 1}\n'
