"""Occurrences and a stack of rasters as one task: sites are the cells of the rasters.

Records are counted in the cell they lie in, and its values, or only its place, are the
predictors.
"""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Int64

from jaxsdm.data import (
    Design,
    Grid,
    Occurrences,
    RasterStack,
    SiteTable,
    Task,
    count_in_cells,
)
from jaxsdm.data.raster_sites import RasterSites

LARGEST_GRID = 1_000_000
"""Cells of the largest raster whose task has a grid, which is a table in memory."""

_SHOWN = 5


def gridded_task(
    records: Occurrences,
    area: RasterSites,
    open_rasters: Callable[[], RasterStack],
    *,
    name: str,
    region: str,
    group: str,
    raster: str,
    background: Int64[np.ndarray, " cells"],
    surveys: Mapping[str, Occurrences] | None = None,
) -> Task:
    """The task of occurrences in the cells of rasters.

    Args:
      records: what is fitted, cleaned: every row lies in a cell with data. Presences
        are counted; of surveys a cell has 1 where a row says present, 0 where the
        species was only absent, and NaN where it was not looked for.
      area: the cells of the rasters, with what their predictors are. Categorical bands
        become categorical predictors, their codes as integers.
      open_rasters: opens the rasters; the task keeps it in `rasters`.
      name: of the task.
      region: where.
      group: which species together.
      raster: name of the rasters in `Task.rasters`.
      background: numbers of the background cells.
      surveys: name -> what the model is judged on, cleaned likewise. Species that no
        record has are left out of it, and a note of its cleaning says so.

    Returns:
      The task, its species sorted by name, with its `design`. Its `grid` are all cells
      with data, if the raster has `LARGEST_GRID` cells or fewer.

    Raises:
      ValueError: a row lies in no cell, or no species of a survey has records.
    """
    species = records.species
    sites = _sites(area, records, species)
    cleaning = {"records": records.report}
    tables = {}
    for label, survey in (surveys or {}).items():
        known, survey = _with_records(survey, species, f"{name} survey {label}")
        tables[label] = _sites(area, survey, known)
        cleaning[label] = survey.report
    nothing = np.zeros((len(background), len(species)), np.float32)
    drawn = area.sites(background, nothing, species)
    return Task(
        name=name,
        region=region,
        group=group,
        records=sites,
        background=drawn,
        surveys=tables,
        continuous=area.continuous,
        categorical=area.categorical,
        grid=_grid(area, species),
        rasters={raster: open_rasters},
        design=Design(cleaning, sites, drawn, records.kind),
    )


def _sites(
    area: RasterSites, occurrences: Occurrences, species: tuple[str, ...]
) -> SiteTable:
    counted = count_in_cells(occurrences, area.stack.grid)
    cells = np.unique(counted.cell)
    return area.sites(cells, counted.dense(cells, species), species)


def _with_records(
    survey: Occurrences, species: tuple[str, ...], label: str
) -> tuple[tuple[str, ...], Occurrences]:
    """The species of a survey that have records, and its rows of these."""
    looked_for = survey.species
    others = sorted(set(looked_for).difference(species))
    if not others:
        return looked_for, survey
    said = (
        f"{len(others)} of {len(looked_for)} species have no record to be fitted to "
        f"({', '.join(others[:_SHOWN])}{', ...' if len(others) > _SHOWN else ''})"
    )
    if len(others) == len(looked_for):
        raise ValueError(f"{label}: {said}; are they named alike?")
    # The places stay known where a list had only other species: nothing of ours there.
    if survey.kind != "survey_lists":
        known = survey.table["species"].isin(species).to_numpy()
        survey = survey.keep(known, "of species without a record to be fitted to")
    return tuple(sorted(set(looked_for) & set(species))), survey.note(said)


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
