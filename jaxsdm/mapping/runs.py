"""Maps of what was trained in a run folder."""

import os
import pathlib
from collections.abc import Callable, Sequence

import pandas as pd
from ml_collections import ConfigDict

from jaxsdm import training
from jaxsdm._version import __version__
from jaxsdm.data import Task
from jaxsdm.mapping.outputs import scale_of
from jaxsdm.mapping.writing import Maps, write_maps
from jaxsdm.training.config import for_task
from jaxsdm.training.run import Run, describe


def map_run(
    run: Run,
    task: Task,
    folder: str | os.PathLike[str],
    *,
    output: str | None = None,
    species: Sequence[str] = (),
    clamp: bool = False,
    extrapolation: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Maps:
    """Writes the maps of a task of a run; see `write_maps`, which has the arguments.

    Raises:
      FileNotFoundError: the task was not trained.
      ValueError: as `write_maps`, or `clamp` is asked of a model that reads patches.
    """
    configs = _of_members(run.config, task.name)
    reads_patches = any(len(config.patches) for config in configs)
    if clamp and reads_patches:
        raise ValueError(
            "clamp: the model reads patches of rasters, which are not clamped; map it "
            "without."
        )
    return write_maps(
        training.load_predictor(run, task),
        task,
        folder,
        scale=scale_of(run.config, task.name),
        output=output,
        species=species,
        fitted=_fitted(task, configs),
        clamp=clamp,
        extrapolation=extrapolation,
        tags={
            "MODEL": ", ".join(f"{k} {v}" for k, v in describe(run.config).items()),
            "RUN": pathlib.Path(run.folder).resolve().name,
            "CLAMPED": "yes" if clamp else "no",
            "TIFFTAG_SOFTWARE": f"jaxsdm {__version__}",
        },
        at_once=reads_patches,
        progress=progress,
    )


def _of_members(config: ConfigDict, task: str) -> list[ConfigDict]:
    """The configs that a run is made of: its own, or those of a blend's members."""
    if not len(config.members):
        return [for_task(config, task)]
    return [
        one for member in config.members.values() for one in _of_members(member, task)
    ]


def _fitted(task: Task, configs: Sequence[ConfigDict]) -> pd.DataFrame:
    """Predictors of the places that a model has seen."""
    tables = [task.records.predictors]
    if any(config.background.mass > 0 for config in configs):
        tables.append(task.background.predictors)
    return pd.concat(tables, ignore_index=True)
