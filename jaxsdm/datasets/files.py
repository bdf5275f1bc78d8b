"""A user's own files: a table of occurrences and rasters, perhaps a survey."""

import functools
import os
from collections.abc import Iterable, Mapping
from typing import Any

from jaxsdm.data import Task, open_stack
from jaxsdm.datasets.darwin_core import read_darwin_core
from jaxsdm.datasets.gridded import gridded_task


def load(
    occurrences: str | os.PathLike[str],
    rasters: Any,
    *,
    surveys: str | os.PathLike[str] | None = None,
    categorical: Iterable[str] | Mapping[str, Iterable[int]] = (),
    predictors: str = "raster",
    block_size: float | None = None,
    folds: int = 5,
    fold: int | None = None,
    background: int = 5000,
    seed: int = 0,
    region: str = "own",
) -> list[Task]:
    """One task: records are counted in the cells of the rasters.

    What is left out, and how counts and surveys come about, says
    `jaxsdm.datasets.gridded.gridded_task`.

    Args:
      occurrences: a Darwin Core table of presences, tab- or comma-separated, with
        `decimalLongitude`, `decimalLatitude` (WGS 84, degrees) and `species` or else
        `scientificName`; one row a record.
      rasters: what `jaxsdm.data.open_stack` takes: a folder, a file, a list of files.
      surveys: a table likewise, with `occurrenceStatus` present or absent; one row a
        place and a species that was looked for there.
      categorical: bands that hold codes, as in `open_stack`.
      predictors: `"raster"`, the values of all bands, or `"location"`, the place alone
        (`jaxsdm.datasets.raster_sites.encode_location`).
      block_size: side of a spatial block, in units of the CRS of the rasters.
      folds: into how many folds the blocks are dealt, balanced in records.
      fold: the one that is held out, as the task's `held_out` and its survey
        `"held_out"`; None holds out nothing.
      background: number of cells at random; all with data, if there are fewer.
      seed: of the blocks and of the background.
      region: what the task and its region are called.

    Returns:
      The task, with the survey `"surveys"` if there is a table of it, the rasters as
      `rasters["raster"]`, and a `grid` unless they have more than 1,000,000 cells.

    Raises:
      FileNotFoundError: a table or raster is missing.
      ModuleNotFoundError: rasterio or pyproj is not installed (extra `data`).
      OSError: a raster cannot be read.
      ValueError: a table or raster holds what it should not (file, column and row or
        band are named), no record lies in a cell with data, or there are no such
        predictors or fold.
    """
    task = gridded_task(
        read_darwin_core(occurrences),
        functools.partial(open_stack, rasters, categorical=categorical),
        name=region,
        region=region,
        group="species",
        raster="raster",
        surveys=(
            {}
            if surveys is None
            else {"surveys": read_darwin_core(surveys, survey=True)}
        ),
        predictors=predictors,
        block_size=block_size,
        folds=folds,
        fold=fold,
        background=background,
        seed=seed,
    )
    return [task]
