"""Contenders in processes of their own, driven by lines of JSON.

One process a contender keeps their thread pools and their memory apart, and lets a
benchmark alternate between them while what they compiled stays warm. A contender's
file calls `serve` with a function `request -> answer`; the benchmark opens a `Worker`
on that file and asks.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

_HERE = pathlib.Path(__file__).resolve().parent
_MARK = "answer:"


class Worker:
    """A contender's process.

    Args:
      script: its file in this folder.
      arguments: of its command line.
      environment: variables to set.
      cores: how many of the cores it may use; all threads of it are kept to those.

    Raises:
      RuntimeError: on any answer that does not come; its stderr is in the message.
    """

    def __init__(
        self,
        script: str,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        cores: int | None = None,
    ):
        allowed = sorted(os.sched_getaffinity(0))[:cores]
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: os.sched_setaffinity(0, allowed),
        )
        self.ready = self._answer()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Sends a request and waits for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(_MARK):
                return json.loads(line[len(_MARK) :])
        error = self._process.communicate()[1].strip().splitlines()
        raise RuntimeError("\n".join(error[-15:]) or "a worker ended without a word.")


def serve(ready: Mapping[str, Any], answer: Callable[..., Mapping[str, Any]]) -> None:
    """The contender's side: says that it is ready, then answers until stdin closes."""
    _say(ready)
    for line in sys.stdin:
        _say(answer(**json.loads(line)))


def peak_megabytes() -> float:
    """Most memory this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(content: Mapping[str, Any]) -> None:
    print(_MARK + json.dumps(dict(content)), flush=True)
