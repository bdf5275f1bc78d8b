"""Plants of Belgium in 2010: one label a record, 415 species with a heavy tail.

Half of the species have at most two records, the commonest has hundreds; which species
a botanist meets is ambiguous. A part of the country is held out in spatial blocks, to
judge lists of species on records of places that no model has seen.

Data: records of the b-cubed project, doi:10.15468/dl.e3j5kv, one row a species and
100 m cell and month, with CHELSA v2.1 climate (Karger et al. 2017,
doi:10.1038/sdata.2017.122) at 30 arc seconds; `belgium_2010.csv` (tab-separated) and
`bio*.tif` in one folder.
"""

import functools
import os
import pathlib

import numpy as np

from jaxsdm.data import (
    Split,
    Task,
    clean,
    filters,
    open_stack,
    read_occurrences,
    spatial_blocks,
)
from jaxsdm.data.raster_sites import RasterSites
from jaxsdm.datasets.gridded import gridded_task
from jaxsdm.datasets.holding_out import hold_out_fold

ENVIRONMENT_VARIABLE = "JAXSDM_DATA"
_TABLE = "belgium_2010.csv"
_BACKGROUND = 5000


def load(
    path: str | os.PathLike[str] | None = None,
    predictors: str = "raster",
    block_size: float = 0.25,
    folds: int = 5,
    fold: int = 0,
    seed: int = 0,
) -> list[Task]:
    """One task `"Belgium-plant"`; its survey `"held_out"` are the records of a fold.

    Sites are cells of the climate rasters. In the survey a species counts as present
    where it was recorded and as absent in the other cells with records.

    Args:
      path: folder of the files, or one with `belgium_bcubed/` in it; by default the
        environment variable JAXSDM_DATA.
      predictors: `"raster"`, the 14 climate layers, or `"location"`, the place alone
        (`jaxsdm.data.raster_sites.encode_location`).
      block_size: side of a spatial block, in degrees.
      folds: into how many folds the blocks are dealt, balanced in records.
      fold: the one that is held out.
      seed: of the blocks and of the background, 5,000 cells at random.

    Returns:
      The task, with `held_out` the records of the fold, `grid` all cells, and the
      climate rasters as `rasters["climate"]`.

    Raises:
      FileNotFoundError: the folder or one of its files is missing.
      ModuleNotFoundError: rasterio is not installed (extra `data`).
      ValueError: a column is missing, or there are no such predictors or fold.
    """
    folder = _folder(path)
    # bio2 before bio10, as in a folder, and no other raster.
    files = sorted(folder.glob("bio*.tif"), key=lambda file: int(file.stem[3:]))
    if not files:
        raise FileNotFoundError(f"belgium: no bio*.tif in {folder}.")
    open_rasters = functools.partial(open_stack, files)
    read = read_occurrences(folder / _TABLE, columns={"count": "occurrences"})
    with open_rasters() as stack:
        records = clean(
            read,
            [
                filters.missing_species(),
                filters.missing_coordinates(),
                filters.outside(stack),
                filters.without_data(stack),
            ],
        )
        area = RasterSites(stack, predictors)
        drawn = np.random.default_rng(seed).choice(
            area.valid, _BACKGROUND, replace=False
        )
        task = gridded_task(
            records,
            area,
            open_rasters,
            name="Belgium-plant",
            region="Belgium",
            group="plant",
            raster="climate",
            background=np.sort(drawn),
        )
    sites = task.records
    number = spatial_blocks(
        sites.x,
        sites.y,
        folds=folds,
        block_size=block_size,
        weights=sites.counts.sum(1),
        seed=seed,
    )
    said = f"{folds} folds of spatial blocks of {block_size:g} degrees"
    return [hold_out_fold(task, Split.of(number), fold, said)]


def _folder(path: str | os.PathLike[str] | None) -> pathlib.Path:
    given = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if not given:
        raise FileNotFoundError(
            "belgium: where are the files? Give --config.dataset.path=FOLDER or set "
            f"{ENVIRONMENT_VARIABLE}."
        )
    for folder in (pathlib.Path(given), pathlib.Path(given) / "belgium_bcubed"):
        if (folder / _TABLE).is_file():
            return folder
    raise FileNotFoundError(f"belgium: no {_TABLE} in {given} or its belgium_bcubed/.")
