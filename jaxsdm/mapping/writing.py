"""Maps of every species of a task as GeoTIFFs, with what they say in numbers."""

import concurrent.futures
import contextlib
import os
import pathlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Int

from jaxsdm.data import Task
from jaxsdm.data.files import write_csv
from jaxsdm.mapping.area import Area, Cells, Window, windows_of
from jaxsdm.mapping.file_names import file_names
from jaxsdm.mapping.geotiff import MapFile, unfinished_work
from jaxsdm.mapping.outputs import OUTPUTS, choose_output
from jaxsdm.mapping.scoring import Predict, Scoring, limits_of, map_values
from jaxsdm.mapping.similarity_map import MEANING, SimilarityMap
from jaxsdm.mapping.species_maps import SpeciesMaps
from jaxsdm.mapping.statistics import omission_thresholds

_TABLE, _EXTRAPOLATION = "maps.csv", "extrapolation"

_FILES_AT_ONCE = 200
"""Open at a time; more species take several passes over the rasters."""

_WINDOWS_SHARE = 0.7
"""Of the time of a pass, about; then the files are made cloud-optimised."""


class Maps(NamedTuple):
    """What was written.

    Attributes:
      table: of these species `species, file, output, sites, cells, min, mean, max,
        threshold, share_above`, as in `maps.csv`.
      novel_share: of the area, where a predictor is outside the range of the places
        the model was fitted on; None without `extrapolation.tif`.
    """

    table: pd.DataFrame
    novel_share: float | None


def write_maps(
    predict: Predict,
    task: Task,
    folder: str | os.PathLike[str],
    *,
    scale: str = "log_intensity",
    output: str | None = None,
    species: Sequence[str] = (),
    fitted: pd.DataFrame | None = None,
    clamp: bool = False,
    extrapolation: bool = True,
    tags: Mapping[str, str] | None = None,
    at_once: bool = False,
    window: tuple[int, int] | None = None,
    progress: Callable[[float], None] | None = None,
) -> Maps:
    """Writes a cloud-optimised GeoTIFF a species, `maps.csv` and `extrapolation.tif`.

    The rasters are read, predicted and written in windows: memory does not grow with
    them. A cell has no value (NaN) where a band has no data, and where it has a
    category that was not seen in training; these are counted in one `UserWarning`.
    Each file takes the place of an older one when it is whole; rows of `maps.csv` on
    maps of other species stay.

    The threshold in `maps.csv` leaves out at most a tenth of the species' sites with
    records (`omission_thresholds`); mean and share are of the area.

    Args:
      predict: such as `training.load_predictor` gives; species as in `task.records`.
      task: with its rasters.
      folder: of the maps, made if missing. One writing at a time.
      scale: of what `predict` gives, one of `SCALES`.
      output: what the values mean, a key of `OUTPUTS`; None for the usual one.
      species: which ones; if none are named all with a record.
      fitted: raw predictors of the places the model was fitted on; None for those of
        the records.
      clamp: draw continuous predictors into the range of `fitted` before predicting,
        as Maxent does.
      extrapolation: write `extrapolation.tif`, the similarity of each cell to `fitted`
        (`jaxsdm.data.similarity.mess`), before clamping.
      tags: further ones of every file, name -> text.
      at_once: whether `predict` opens rasters, and had better do so once a window.
      window: rows and columns of a window, if not as many as memory allows.
      progress: called with the share of the work that is done.

    Raises:
      ValueError: no or several rasters, other bands than the predictors, an unknown
        species, none with records, or an output that the scores cannot be shown as.
      OSError: a raster cannot be read or a map not written; finished ones stay.
    """
    folder = pathlib.Path(folder)
    output = choose_output(output, scale)
    chosen, names = _chosen(task, species), task.records.species
    files = file_names(names, taken=[_EXTRAPOLATION])
    used = [*task.continuous, *task.categorical]
    fitted = (task.records.predictors if fitted is None else fitted)[used]
    tables, similarity, unseen = [], None, 0
    with Area.open(task) as area, unfinished_work(folder) as work:
        grid, bands = area.stack.grid, area.stack.bands
        limits = limits_of(fitted, task.continuous) if clamp else {}
        values = map_values(Scoring(predict, limits, at_once), task, output)
        at_records = values(task.records, f"{task.name} records")
        thresholds = omission_thresholds(at_records, task.records.counts)
        windows = windows_of(grid, len(names) + len(bands), window)

        def new_file(file: str, name: str, kind: str, meaning: str) -> MapFile:
            about = {"OUTPUT": kind, "MEANING": meaning, **(tags or {})}
            return MapFile(folder / file, grid, work, name, about)

        for start in range(0, len(chosen), _FILES_AT_ONCE):
            group = chosen[start : start + _FILES_AT_ONCE]
            meaning = OUTPUTS[output].meaning
            layers = [new_file(files[i], names[i], output, meaning) for i in group]
            maps = SpeciesMaps(layers, group, values, thresholds)
            sheets: list[SpeciesMaps | SimilarityMap] = [maps]
            if extrapolation and not start:
                name = _EXTRAPOLATION
                layer = new_file(f"{name}.tif", name, name, MEANING)
                similarity = SimilarityMap(layer, fitted, task.categorical)
                sheets.append(similarity)
            told = _part(progress, start / len(chosen), len(group) / len(chosen))
            unseen = _write(area, windows, sheets, told)
            about = pd.DataFrame(
                {
                    "species": [names[i] for i in group],
                    "file": [files[i] for i in group],
                    "output": output,
                    "sites": (task.records.counts[:, group] > 0).sum(axis=0),
                }
            )
            tables.append(pd.concat([about, maps.table()], axis=1))
            _save(folder / _TABLE, pd.concat(tables, ignore_index=True))
    if unseen:
        warnings.warn(
            f"{task.name}: {unseen} cells have a category of "
            f"{', '.join(task.categorical)} that was not seen in training, and no "
            "value on the maps of species.",
            stacklevel=2,
        )
    novel_share = similarity.novel_share if similarity else None
    return Maps(pd.concat(tables, ignore_index=True), novel_share)


def _chosen(task: Task, species: Sequence[str]) -> Int[np.ndarray, " chosen"]:
    """Numbers of the species to map, in the order of the task."""
    names = task.records.species
    unknown = [name for name in species if name not in names]
    if unknown:
        shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
        raise ValueError(
            f"{task.name} has no species {', '.join(unknown)}; it has {shown}."
        )
    recorded = (task.records.counts > 0).any(axis=0)
    asked = np.isin(names, species) if species else np.ones(len(names), bool)
    without = [names[i] for i in np.flatnonzero(asked & ~recorded)]
    if without:
        said = (
            f"{task.name}: no record to train on of {', '.join(without[:20])}"
            f"{', ...' if len(without) > 20 else ''}"
        )
        if not (asked & recorded).any():
            raise ValueError(f"{said}; there is nothing to map.")
        warnings.warn(f"{said}; {len(without)} species get no map.", stacklevel=3)
    return np.flatnonzero(asked & recorded)


def _write(
    area: Area,
    windows: Sequence[Window],
    sheets: Sequence[SpeciesMaps | SimilarityMap],
    progress: Callable[[float], None],
) -> int:
    """One pass over the rasters; gives the number of cells of unseen categories."""
    unseen = 0
    with contextlib.ExitStack() as opened:
        for sheet in sheets:
            opened.enter_context(sheet)
        for done, cells in enumerate(_read_ahead(area, windows), start=1):
            for sheet in sheets:
                sheet.write(cells)
            unseen += int(np.sum(~cells.known))
            progress(_WINDOWS_SHARE * done / len(windows))
    for sheet in sheets:
        sheet.publish()
    progress(1.0)
    return unseen


def _read_ahead(area: Area, windows: Sequence[Window]) -> Iterator[Cells]:
    """The cells of the windows; the next one is read while one is at work."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        coming = pool.submit(area.read, windows[0])
        for following in windows[1:]:
            cells, coming = coming.result(), pool.submit(area.read, following)
            yield cells
        yield coming.result()


def _part(
    progress: Callable[[float], None] | None, begun: float, part: float
) -> Callable[[float], None]:
    """Tells the share of one pass as a share of the whole."""
    if progress is None:
        return lambda share: None
    return lambda share: progress(begun + part * share)


def _save(path: pathlib.Path, table: pd.DataFrame) -> None:
    """Writes the table, with the rows of maps of other species that are there."""
    if path.exists():
        old = pd.read_csv(path)
        there = [(path.parent / file).exists() for file in old["file"]]
        old = old[np.array(there, bool) & ~old["species"].isin(table["species"])]
        if len(old):
            table = pd.concat([old, table]).sort_values("species", kind="stable")
    write_csv(path, table)
