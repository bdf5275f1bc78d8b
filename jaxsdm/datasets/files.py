"""A user's own files: occurrences and rasters, perhaps a survey to be judged on."""

import dataclasses
import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from jaxsdm.data import (
    Occurrences,
    RasterGrid,
    Surface,
    Task,
    background_cells,
    buffer_area,
    clean,
    default_filters,
    filters,
    open_stack,
    read_occurrences,
    thin_by_distance,
)
from jaxsdm.data.raster_sites import RasterSites
from jaxsdm.datasets.gridded import gridded_task
from jaxsdm.datasets.holding_out import BY_NAME as SPLITS
from jaxsdm.datasets.holding_out import hold_out

SURVEYS = "surveys"
"""The survey of the table that a user judges the model on."""


def load(
    occurrences: str | os.PathLike[str] = "",
    rasters: Any = "",
    *,
    kind: str = "presence_only",
    columns: str | Mapping[str, str] = "",
    crs: str = "",
    one_species: str = "",
    encoding: str = "",
    layer: str = "",
    wide: str | Sequence[str] = "",
    surveys: str | os.PathLike[str] = "",
    survey_kind: str = "presence_absence",
    survey_columns: str | Mapping[str, str] = "",
    categorical: str | Iterable[str] | Mapping[str, Iterable[int]] = (),
    template: str = "",
    raster_crs: str = "",
    predictors: str = "raster",
    max_uncertainty: float | int = 0.0,
    first_year: int = 0,
    last_year: int = 0,
    duplicates: str = "drop",
    thin: float | int = 0.0,
    fewest_records: int = 1,
    background: int = 10_000,
    reach: float | int = 0.0,
    split: str = "auto",
    folds: int = 5,
    fold: int = 0,
    block_size: float | int = 0.0,
    buffer: float | int = 0.0,
    truth: str | os.PathLike[str] = "",
    seed: int = 0,
    region: str = "own",
) -> list[Task]:
    """One task: occurrences cleaned, counted in the cells of the rasters and split.

    Distances are metres where the rasters are in degrees, else units of their CRS.

    Args:
      occurrences: any table that `jaxsdm.data.read_occurrences` reads: a download of
        GBIF, a Darwin Core archive, CSV, Parquet, GeoJSON, GeoPackage.
      rasters: what `jaxsdm.data.open_stack` takes: a folder, a file, a list of files.
      kind: what the rows say, one of `jaxsdm.data.occurrences.KINDS`. Presence-only,
        the few rows of a download that say "absent" are left out.
      columns: of the occurrences, where they have other names, as in
        `read_occurrences`; or text, `"species=taxon,longitude=lon_wgs84"`.
      crs: of columns x and y, or of a file of points that names none.
      one_species: what all rows are of, in a table without a column of species.
      encoding: of text that is not UTF-8, such as `"latin-1"`.
      layer: of a vector file with several.
      wide: the columns of species, where a table has one a species: names (also as
        text, `"fir,oak"`), a pattern `"sp_*"`, or `"rest"`.
      surveys: a table of presences and absences to judge the model on.
      survey_kind: what its rows say.
      survey_columns: of the surveys, likewise.
      categorical: bands that hold codes, as in `open_stack`; or text,
        `"land_cover,soil"`.
      template: the band, or a raster file, whose grid all bands are brought to, where
        they differ, as in `open_stack`.
      raster_crs: of rasters that name none.
      predictors: `"raster"`, the values of all bands, or `"location"`, the place alone
        (`jaxsdm.data.raster_sites.encode_location`).
      max_uncertainty: records of a larger `coordinateUncertaintyInMeters` are left
        out; 0 keeps all.
      first_year: earlier records are left out; 0 keeps all.
      last_year: later records are left out; 0 keeps all.
      duplicates: `"drop"` counts a presence-only record of the same species, place and
        date once; `"keep"` keeps all.
      thin: presence-only records of a species nearer than this to a kept one are left
        out, at random; 0 keeps all.
      fewest_records: species with fewer are left out.
      background: number of cells at random, in proportion to their area; all with
        data, if there are fewer.
      reach: background cells lie within this distance of a record, the area that the
        species could have reached; 0 takes the whole raster.
      split: how a part is held out, a name of `jaxsdm.datasets.holding_out.BY_NAME`,
        or `"none"`. `"auto"` is `"blocks"`, and `"none"` where there are surveys.
      folds: into how many folds the sites are split.
      fold: the one that is held out, as `held_out` and the survey `"held_out"`.
      block_size: of spatial blocks; 0 derives it from the range of autocorrelation of
        the predictors.
      buffer: sites this near to a held-out one are not trained on.
      truth: an .npz of `truth` `[cells with data, species]` and `species`, where the
        true probability of occurrence is known (simulations).
      seed: of all draws.
      region: what the task and its region are called.

    Returns:
      The task, with its `design`, the survey `"surveys"` if there is a table of it, the
      rasters as `rasters["raster"]`, and a `grid` unless they have more than 1,000,000
      cells.

    Raises:
      FileNotFoundError: a table or raster is missing.
      ModuleNotFoundError: a library of the extra `data` is not installed.
      OSError: a raster cannot be read.
      ValueError: no file was given, a table or raster holds what it should not (file,
        column and row or band are named), no record lies in a cell with data, or an
        option is none of the above.
    """
    if not occurrences or not rasters:
        raise ValueError(
            "Which files? Give --config.dataset.occurrences=FILE and "
            "--config.dataset.rasters=FOLDER."
        )
    if split not in (*SPLITS, "auto", "none"):
        raise ValueError(
            f"no split {split!r}; there are auto, none, {', '.join(sorted(SPLITS))}."
        )
    if background < 1:
        raise ValueError(f"background: at least 1 cell, got {background}.")
    if duplicates not in ("drop", "keep"):
        raise ValueError(f"duplicates: 'drop' or 'keep', got {duplicates!r}.")
    if isinstance(categorical, str):
        categorical = _words(categorical)
    open_rasters = functools.partial(
        open_stack,
        rasters,
        categorical=categorical,
        template=template or None,
        crs=raster_crs or None,
    )
    records = read_occurrences(
        occurrences,
        kind=kind,
        columns=_renamed(columns),
        crs=crs or None,
        species=one_species or None,
        encoding=encoding or None,
        layer=layer or None,
        wide=(_words(wide) if isinstance(wide, str) and "," in wide else wide) or None,
    )
    judged = {}
    if surveys:
        judged[SURVEYS] = read_occurrences(
            surveys,
            kind=survey_kind,
            columns=_renamed(survey_columns),
            crs=crs or None,
        )
    with open_rasters() as stack:
        chosen = [*default_filters(records, stack, duplicates=duplicates == "drop")]
        if max_uncertainty:
            chosen.append(filters.uncertain(max_uncertainty))
        if first_year or last_year:
            chosen.append(filters.years(first_year or None, last_year or None))
        records = clean(records, chosen, rasters=stack)
        if thin and records.kind == "presence_only":
            records = _thinned(records, stack.grid, float(thin), seed)
        if fewest_records > 1:
            records = clean(records, [filters.rare_species(fewest_records)])
        judged = {name: clean(one, rasters=stack) for name, one in judged.items()}
        area = RasterSites(stack, predictors)
        task = gridded_task(
            records,
            area,
            open_rasters,
            name=region,
            region=region,
            group="species",
            raster="raster",
            background=_background(area, records, background, float(reach), seed),
            surveys=judged,
        )
    if truth:
        task = _with_truth(task, truth)
    if split == "none" or (split == "auto" and surveys):
        return [task]
    held = hold_out(
        task,
        "blocks" if split == "auto" else split,
        folds=folds,
        fold=fold,
        block_size=block_size,
        buffer=buffer,
        seed=seed,
    )
    return [held]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _renamed(columns: str | Mapping[str, str]) -> Mapping[str, str | None]:
    """Columns by their part, from `"species=taxon,x=east"` too."""
    if not isinstance(columns, str):
        return dict(columns)
    pairs = [word.partition("=") for word in _words(columns)]
    wrong = [part for part, equals, name in pairs if not (equals and part and name)]
    if wrong:
        raise ValueError(
            f"columns: want PART=NAME,..., such as species=taxon; got {columns!r}."
        )
    return {part.strip(): name.strip() for part, _, name in pairs}


def _places(
    records: Occurrences, grid: RasterGrid
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    table = records.table
    return grid.reproject_points(table["decimalLongitude"], table["decimalLatitude"])


def _thinned(
    records: Occurrences, grid: RasterGrid, distance: float, seed: int
) -> Occurrences:
    """Records of a species no nearer than a distance."""
    table = records.table
    x, y = _places(records, grid)
    species = table["species"].cat.codes.to_numpy()
    kept = thin_by_distance(x, y, distance, crs=grid.crs, groups=species, seed=seed)
    mask = np.zeros(len(table), bool)
    mask[kept] = True
    unit = Surface(grid.crs).unit
    return records.keep(mask, f"nearer than {distance:g} {unit} to one of its species")


def _background(
    area: RasterSites, records: Occurrences, number: int, reach: float, seed: int
) -> Int64[np.ndarray, " cells"]:
    """Cells with data, at random, perhaps within reach of the records."""
    grid, within, possible = area.stack.grid, None, area.valid
    if reach:
        within = buffer_area(*_places(records, grid), reach, grid.crs)
        centres = grid.center(*np.divmod(possible, grid.width))
        possible = possible[within.contains(*centres)]
        if not len(possible):
            raise ValueError(
                f"reach: no cell with data has its centre within {reach:g} "
                f"{Surface(grid.crs).unit} of a record; give a larger one."
            )
    if number >= len(possible):
        return possible
    return background_cells(area.stack, number, area=within, seed=seed)


def _with_truth(task: Task, path: str | os.PathLike[str]) -> Task:
    """The task with the true probabilities of its grid, if it has one."""
    if task.grid is None:
        return task
    with np.load(path) as known:
        number = pd.Index(known["species"]).get_indexer(pd.Index(task.records.species))
        unknown = [
            n for n, i in zip(task.records.species, number, strict=True) if i < 0
        ]
        if unknown or known["truth"].shape[0] != len(task.grid.sites):
            raise ValueError(
                f"{path}: the truth of {known['truth'].shape[0]} cells and "
                f"{len(known['species'])} species is not that of the "
                f"{len(task.grid.sites)} cells with data"
                + (f"; it lacks {', '.join(unknown[:5])}." if unknown else ".")
            )
        truth = known["truth"][:, number]
    return dataclasses.replace(task, grid=dataclasses.replace(task.grid, truth=truth))
