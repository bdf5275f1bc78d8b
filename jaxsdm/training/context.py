"""Where a fit writes, what it tells and who may stop it."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from jax.sharding import Mesh

from jaxsdm import parallel
from jaxsdm.training.interruption import Interruption
from jaxsdm.training.log import Progress, TrainLog

Predictor = Callable[[Mapping[str, Any]], np.ndarray]
"""Places as `Problem.encode` gives them to log suitability `[rows, species]`."""


class MemberScores(NamedTuple):
    """What each member of a fit says of the species of some places.

    Attributes:
      logits: `[members, sites, species]`, comparable between the species of a place.
      set_logits: the same of a head of its own for species sets, comparable between
        places too; None where there is no such head.
    """

    logits: np.ndarray
    set_logits: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Context:
    """The surroundings of a fit, the same for all tasks of a run.

    Attributes:
      folder: the run folder.
      mesh: the device mesh.
      log: `train.jsonl` and TensorBoard.
      progress: the bar.
      interruption: whether a signal asked to stop.
    """

    folder: pathlib.Path
    mesh: Mesh
    log: TrainLog
    progress: Progress
    interruption: Interruption

    def checkpoints(self, task: str) -> pathlib.Path:
        """The checkpoint folder of a task."""
        return self.folder / "checkpoints" / task

    def stop_signal(self) -> int | None:
        """The signal that asked this process, or another of the run, to stop."""
        number = int(parallel.gather([self.interruption.number or 0]).max())
        return number or None
