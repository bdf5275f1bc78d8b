"""Tests for jaxsdm.training.log."""

import importlib.util
import json
import sys
import types

import pytest
from rich.console import Console

from jaxsdm.training import log as logs
from jaxsdm.training.log import Progress, TrainLog


def lines(folder):
    text = (folder / "train.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets, in seconds."""
    now = types.SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(logs.time, "monotonic", lambda: now.seconds)
    return now


def test_a_line_for_every_append(tmp_path):
    log = TrainLog(tmp_path)
    log.append(task="a", stage="main", step=5, loss=1.5, seconds=0.1)
    log.append(task="a", stage="main", step=9, loss=1.25, seconds=0.1)
    log.close()
    assert [(one["step"], one["loss"]) for one in lines(tmp_path)] == [
        (5, 1.5),
        (9, 1.25),
    ]
    TrainLog(tmp_path).append(task="b", step=1)  # a later run goes on
    assert len(lines(tmp_path)) == 3


def test_other_processes_write_nothing(tmp_path):
    first = TrainLog(tmp_path)
    first.append(task="a", step=5)
    other = TrainLog(tmp_path, write=False)
    other.append(task="a", step=5)
    other.rewind("a", 0)
    other.close()
    assert lines(tmp_path) == [{"task": "a", "step": 5}]


def test_rewind_drops_what_will_be_told_again(tmp_path):
    log = TrainLog(tmp_path)
    log.rewind("a", 0)  # nothing there yet
    for task, step in (("a", 5), ("b", 9), ("a", 10)):
        log.append(task=task, step=step)
    path = tmp_path / "train.jsonl"
    with path.open("a") as stream:
        stream.write('{"task": "a", "st')
    log.rewind("a", 5)
    assert lines(tmp_path) == [{"task": "a", "step": 5}, {"task": "b", "step": 9}]
    before = path.stat().st_ino
    log.rewind("a", 5)  # nothing to drop: the file is left alone
    assert path.stat().st_ino == before


def test_tensorboard_where_it_is_installed(tmp_path, monkeypatch):
    told = []

    class SummaryWriter:
        def __init__(self, folder):
            told.append(folder)

        def add_scalar(self, *values):
            told.append(values)

        def close(self):
            told.append("closed")

    module = types.ModuleType("tensorboardX")
    module.SummaryWriter = SummaryWriter
    module.__spec__ = importlib.util.spec_from_loader("tensorboardX", None)
    monkeypatch.setitem(sys.modules, "tensorboardX", module)
    log = TrainLog(tmp_path)
    log.append(task="a", stage="main", step=5, loss=1.5)
    log.close()
    assert told == [str(tmp_path / "tensorboard"), ("a/loss", 1.5, 5), "closed"]
    told.clear()
    TrainLog(tmp_path, write=False).close()
    assert told == []


def test_progress_without_a_terminal(clock, capsys):
    with Progress() as progress:
        progress.start("AWT-bird", 100, done=20)
        clock.seconds += 10
        progress.update(40, 2.5)  # 20 steps in 10 s
        clock.seconds += 5
        progress.update(50, 2.25)  # too soon for another line
        clock.seconds += 15
        progress.update(100, 2.0)  # the end is always told
    err = capsys.readouterr().err.splitlines()
    assert err == [
        "AWT-bird: step 40/100, loss 2.5000, 2 steps/s, 30 s left",
        "AWT-bird: step 100/100, loss 2.0000, 2.7 steps/s, 0 s left",
    ]


def test_progress_on_a_terminal(monkeypatch, clock):
    import rich.console

    console = Console(
        force_terminal=True, width=90, record=True, get_time=lambda: clock.seconds
    )
    monkeypatch.setattr(rich.console, "Console", lambda **options: console)
    with Progress() as progress:
        progress.start("AWT-bird", 100)
        for step in (25, 50):
            clock.seconds += 5
            progress.update(step, 2.5)
        progress.say("AWT-bird: compiling")
    shown = console.export_text()
    assert "AWT-bird: compiling" in shown
    for part in ("50/100", "loss 2.5000", "5 steps/s", "0:00:10"):
        assert part in shown


def test_no_bar_when_it_is_not_wanted(monkeypatch, capsys):
    import rich.console

    console = Console(force_terminal=True, record=True)
    monkeypatch.setattr(rich.console, "Console", lambda **options: console)
    monkeypatch.setenv("NO_PROGRESS", "1")
    with Progress() as progress:
        progress.start("a", 10)
        progress.update(10, 1.0)
    assert console.export_text() == ""
    assert capsys.readouterr().err.startswith("a: step 10/10, loss 1.0000")


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_says_nothing(monkeypatch, capsys, terminal):
    import rich.console

    console = Console(force_terminal=terminal)
    monkeypatch.setattr(rich.console, "Console", lambda **options: console)
    with Progress(quiet=True) as progress:
        progress.start("a", 10)
        progress.update(10, 1.0)
        progress.say("hello")
    assert capsys.readouterr() == ("", "")
