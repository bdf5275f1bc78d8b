"""What a run tells while it goes: `train.jsonl`, a progress bar, TensorBoard."""

import importlib.util
import json
import os
import pathlib
import sys
import time
from typing import Any

from jaxsdm.data.files import write_text


class TrainLog:
    """Appends to `train.jsonl`, and to TensorBoard where tensorboardX is installed.

    Every line is a JSON object with `task`, `stage`, `step`, `loss` and `seconds`, and
    of a network that sees patches `seconds_waited` for them.

    Args:
      folder: the run folder.
      write: False for processes other than the first.
    """

    def __init__(self, folder: pathlib.Path, write: bool = True):
        self._path = folder / "train.jsonl"
        self._board = None
        self._write = write
        if write and importlib.util.find_spec("tensorboardX"):
            from tensorboardX import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"))

    def rewind(self, task: str, step: int) -> None:
        """Drops the lines of a task after a step: a resumed run writes them again."""
        if not (self._write and self._path.exists()):
            return
        lines = self._path.read_text().splitlines()
        kept = [line for line in lines if _belongs(line, task, step)]
        if len(kept) != len(lines):
            write_text(self._path, "".join(line + "\n" for line in kept))

    def append(self, **values: Any) -> None:
        """Writes one line."""
        if not self._write:
            return
        with self._path.open("a") as stream:
            stream.write(json.dumps(values) + "\n")
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, int | float) and name != "step":
                    self._board.add_scalar(
                        f"{values['task']}/{name}", value, values["step"]
                    )

    def close(self) -> None:
        """Closes TensorBoard's writer."""
        if self._board is not None:
            self._board.close()


def _belongs(line: str, task: str, step: int) -> bool:
    try:
        values = json.loads(line)
    except json.JSONDecodeError:  # half a line, from a kill while writing
        return False
    return values.get("task") != task or values.get("step", 0) <= step


def _pace(rate: float) -> str:
    return f"{rate:.0f} steps/s" if rate >= 10 else f"{rate:.2g} steps/s"


class Progress:
    """A bar with loss, rate and time left; plain lines where there is no terminal.

    Args:
      quiet: show nothing (other processes, tests).
    """

    _SECONDS_BETWEEN_LINES = 10.0

    def __init__(self, quiet: bool = False):
        self._quiet = quiet
        self._bar: Any = None
        self._row: Any = None
        self._spoken = 0.0

    def __enter__(self) -> "Progress":
        if self._quiet:
            return self
        from rich import progress
        from rich.console import Console

        console = Console(stderr=True)
        if console.is_terminal and not os.environ.get("NO_PROGRESS"):
            self._bar = progress.Progress(
                progress.TextColumn("{task.description}", justify="left"),
                progress.BarColumn(),
                progress.MofNCompleteColumn(),
                progress.TextColumn("loss {task.fields[loss]}"),
                progress.TextColumn("{task.fields[rate]}"),
                progress.TimeRemainingColumn(),
                console=console,
            )
            self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def start(self, name: str, total: int, done: int = 0) -> None:
        """Begins the bar of one task of `total` steps, `done` of them long ago."""
        self._name, self._total = name, total
        self._begun, self._first = time.monotonic(), done
        if self._bar is not None:
            self._row = self._bar.add_task(
                name, total=total, completed=done, loss="–", rate=""
            )

    def update(self, step: int, loss: float) -> None:
        """Moves the bar of the task to a step."""
        seconds = time.monotonic() - self._begun
        rate = (step - self._first) / max(seconds, 1e-9)
        if self._bar is not None:
            self._bar.update(
                self._row,
                completed=step,
                loss=f"{loss:.4f}",
                rate=_pace(rate),
            )
        elif not self._quiet:
            now = time.monotonic()
            if step < self._total and now - self._spoken < self._SECONDS_BETWEEN_LINES:
                return
            self._spoken = now
            left = (self._total - step) / max(rate, 1e-9)
            self.say(
                f"{self._name}: step {step}/{self._total}, loss {loss:.4f}, "
                f"{_pace(rate)}, {left:.0f} s left"
            )

    def say(self, message: str) -> None:
        """Prints a line above the bar, on standard error."""
        if self._quiet:
            return
        if self._bar is not None:
            self._bar.console.print(message, highlight=False)
        else:
            print(message, file=sys.stderr, flush=True)
