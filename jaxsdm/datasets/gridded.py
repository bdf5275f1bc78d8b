"""Records with coordinates and a stack of rasters, as one task.

The sites are the cells of the rasters: records are counted in the cell they lie in, and
its values, or only its place, are the predictors. Folds of spatial blocks can be held
out, and the background are cells at random.
"""

import dataclasses
import warnings
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from jaxsdm.data import Grid, RasterStack, SiteTable, Task, spatial_blocks
from jaxsdm.datasets.raster_sites import PREDICTORS, RasterSites

LARGEST_GRID = 1_000_000
"""Cells of the largest raster whose task has a grid, which is a table in memory."""

_SHOWN = 5


def gridded_task(
    records: pd.DataFrame,
    open_rasters: Callable[[], RasterStack],
    *,
    name: str,
    region: str,
    group: str,
    raster: str,
    surveys: Mapping[str, pd.DataFrame],
    predictors: str,
    block_size: float | None,
    folds: int,
    fold: int | None,
    background: int,
    seed: int,
) -> Task:
    """The task of records in the cells of rasters.

    Sites are cells in which every band has data. Rows outside them, without
    coordinates or species, and absences among the records are left out and counted in
    a `UserWarning`; so are species of a survey that have no record. Species are sorted
    by name.

    Args:
      records: presences, as `read_darwin_core` gives them.
      open_rasters: opens the rasters; the task keeps it in `rasters`. Categorical bands
        become categorical predictors, their codes as integers.
      name: of the task.
      region: where.
      group: which species together.
      raster: name of the rasters in `Task.rasters`.
      surveys: name -> presences and absences, likewise. A species is present in a cell
        where any row says so, absent where rows say only that, and NaN where no row
        says anything.
      predictors: `"raster"`, the values of all bands; or `"location"`, see
        `encode_location`. The sites are the same.
      block_size: side of a spatial block, in units of the CRS of the rasters; needed
        if a fold is held out.
      folds: into how many folds the blocks are dealt, balanced in records.
      fold: the one whose records are held out: they are `held_out` and a survey
        `"held_out"`, in which a species is present where it was recorded and absent in
        the other cells with records. None holds out nothing.
      background: number of cells drawn at random; all, if there are fewer.
      seed: of the blocks and of the background.

    Returns:
      The task. Its `grid` are all cells with data, if the raster has `LARGEST_GRID`
      cells or fewer.

    Raises:
      ValueError: there are no such predictors or fold, no row lies in a cell with data,
        or no species of a survey has records.
    """
    if predictors not in PREDICTORS:
        raise ValueError(
            f"{name}: no predictors {predictors!r}; there are {', '.join(PREDICTORS)}."
        )
    if fold is not None and not 0 <= fold < folds:
        raise ValueError(f"{name}: fold from 0 to {folds - 1}, got {fold}.")
    if fold is not None and block_size is None:
        raise ValueError(f"{name}: a fold of what blocks? Give block_size as well.")
    with open_rasters() as stack:
        area = RasterSites(stack, predictors)
        found = area.find(records, f"{name} records", presences=True)
        species = tuple(sorted(found["species"].unique()))
        every = area.sites(*_counted(found, species), species)
        tables = {
            label: _survey(area, table, species, f"{name} survey {label}")
            for label, table in surveys.items()
        }
        number = min(background, len(area.valid))
        drawn = np.random.default_rng(seed).choice(area.valid, number, replace=False)
        nothing = np.zeros((number, len(species)), np.float32)
        task = Task(
            name=name,
            region=region,
            group=group,
            records=every,
            background=area.sites(np.sort(drawn), nothing, species),
            surveys=tables,
            continuous=area.continuous,
            categorical=area.categorical,
            grid=_grid(area, species),
            rasters={raster: open_rasters},
        )
    if fold is None:
        return task
    folds_of_sites = spatial_blocks(
        every.x,
        every.y,
        folds=folds,
        block_size=block_size,
        weights=every.counts.sum(1),
        seed=seed,
    )
    return _without(task, np.equal(folds_of_sites, fold))


def _numbered(
    found: pd.DataFrame, species: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells with rows, and for each row the number of its cell and species."""
    cells, site = np.unique(found["cell"], return_inverse=True)
    return cells, site, np.searchsorted(species, found["species"])


def _counted(
    found: pd.DataFrame, species: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    cells, site, number = _numbered(found, species)
    counts = np.zeros((len(cells), len(species)), np.float32)
    np.add.at(counts, (site, number), found["records"].to_numpy(np.float32))
    return cells, counts


def _survey(
    area: RasterSites, table: pd.DataFrame, species: tuple[str, ...], label: str
) -> SiteTable:
    found = area.find(table, label, presences=False)
    looked_for = set(found["species"])
    known = tuple(sorted(looked_for.intersection(species)))
    others = sorted(looked_for.difference(species))
    if others:
        said = (
            f"{label}: {len(others)} of {len(looked_for)} species have no record "
            f"({', '.join(others[:_SHOWN])}{', ...' if len(others) > _SHOWN else ''})"
        )
        if not known:
            raise ValueError(f"{said}; are they named alike?")
        warnings.warn(f"{said} and are left out.", stacklevel=3)
        found = found[found["species"].isin(known)]
    cells, site, number = _numbered(found, known)
    counts = np.full((len(cells), len(known)), np.nan, np.float32)
    counts[site, number] = 0
    present = found["present"].to_numpy()
    counts[site[present], number[present]] = 1
    return area.sites(cells, counts, known)


def _grid(area: RasterSites, species: tuple[str, ...]) -> Grid | None:
    grid = area.stack.grid
    if grid.height * grid.width > LARGEST_GRID:
        return None
    row, column = np.divmod(area.valid, grid.width)
    if grid.transform[4] > 0:  # south-up: a `Grid` has the north on top
        row = grid.height - 1 - row
    # One zero for all: this table has as many numbers as cells times species.
    counts = np.broadcast_to(np.float32(0), (len(row), len(species)))
    sites = area.sites(area.valid, counts, species)
    return Grid(sites, row, column, (grid.height, grid.width))


def _without(task: Task, held: np.ndarray) -> Task:
    """The task with a part of its records held out and a survey of these."""
    held_out = task.records.take(held)
    present = (held_out.counts > 0).astype(np.float32)
    return dataclasses.replace(
        task,
        records=task.records.take(~held),
        surveys={
            **task.surveys,
            "held_out": dataclasses.replace(held_out, counts=present),
        },
        held_out=held_out,
    )
