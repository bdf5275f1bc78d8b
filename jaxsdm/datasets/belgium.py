"""Plants of Belgium in 2010: one label a record, 415 species with a heavy tail.

Half of the species have at most two records, the commonest has hundreds; which species
a botanist meets is ambiguous. A part of the country is held out in spatial blocks, to
judge lists of species on records of places that no model has seen.

Data: records of the b-cubed project, doi:10.15468/dl.e3j5kv, one row a species and
100 m cell and month, with CHELSA v2.1 climate (Karger et al. 2017,
doi:10.1038/sdata.2017.122) at 30 arc seconds; `belgium_2010.csv` (tab-separated) and
`bio*.tif` in one folder.
"""

import os
import pathlib
import warnings

import numpy as np
import pandas as pd

from jaxsdm.data import RasterGrid, SiteTable, Task, open_stack, spatial_blocks

ENVIRONMENT_VARIABLE = "JAXSDM_DATA"
_TABLE = "belgium_2010.csv"
_COLUMNS = ("decimallongitude", "decimallatitude", "species", "occurrences")
_BACKGROUND = 5000


def load(
    path: str | os.PathLike[str] | None = None,
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
      block_size: side of a spatial block, in degrees.
      folds: into how many folds the blocks are dealt, balanced in records.
      fold: the one that is held out.
      seed: of the blocks and of the background, 5,000 cells at random.

    Returns:
      The task, with `held_out` the records of the fold.

    Raises:
      FileNotFoundError: the folder or one of its files is missing.
      ModuleNotFoundError: rasterio is not installed (extra `data`).
      ValueError: a column is missing, or there is no such fold.
    """
    folder = _folder(path)
    table = _read(folder / _TABLE)
    names, bands, grid = _climate(folder)
    # A record on an edge whose coordinate was rounded is in the cell all the same.
    row, column, inside = grid.row_column(
        table["decimallongitude"].to_numpy(), table["decimallatitude"].to_numpy()
    )
    width = grid.width
    if not inside.all():
        warnings.warn(
            f"{_TABLE}: {np.sum(~inside)} of {len(table)} records lie outside the "
            "climate rasters and are left out.",
            stacklevel=2,
        )
    table, cell = table[inside], (row * width + column)[inside]
    species = tuple(sorted(table["species"].unique()))
    cells, site = np.unique(cell, return_inverse=True)
    counts = np.zeros((len(cells), len(species)), np.float32)
    number = np.searchsorted(species, table["species"])
    np.add.at(counts, (site, number), table["occurrences"].to_numpy(np.float32))

    def sites(cells: np.ndarray, counts: np.ndarray) -> SiteTable:
        row, column = np.divmod(cells, width)
        x, y = grid.center(row, column)
        return SiteTable(
            x=x,
            y=y,
            predictors=pd.DataFrame(bands[:, row, column].T, columns=names),
            counts=counts,
            species=species,
            crs="EPSG:4326",
        )

    every = sites(cells, counts)
    if not 0 <= fold < folds:
        raise ValueError(f"belgium: fold from 0 to {folds - 1}, got {fold}.")
    folds_of_sites = spatial_blocks(
        every.x,
        every.y,
        folds=folds,
        block_size=block_size,
        weights=counts.sum(1),
        seed=seed,
    )
    held = np.equal(folds_of_sites, fold)
    valid = np.flatnonzero(np.isfinite(bands).all(0).ravel())
    drawn = np.random.default_rng(seed).choice(valid, _BACKGROUND, replace=False)
    drawn.sort()
    background = sites(drawn, np.zeros((_BACKGROUND, len(species)), np.float32))
    held_out = every.take(held)
    present = (held_out.counts > 0).astype(np.float32)
    survey = SiteTable(
        held_out.x, held_out.y, held_out.predictors, present, species, held_out.crs
    )
    return [
        Task(
            name="Belgium-plant",
            region="Belgium",
            group="plant",
            records=every.take(~held),
            background=background,
            surveys={"held_out": survey},
            continuous=names,
            categorical=(),
            held_out=held_out,
        )
    ]


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


def _read(file: pathlib.Path) -> pd.DataFrame:
    table = pd.read_csv(file, sep="\t")
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise ValueError(
            f"{file}: no column {', '.join(missing)}; it has "
            f"{', '.join(map(str, table))}."
        )
    return table.dropna(subset=list(_COLUMNS))


def _climate(
    folder: pathlib.Path,
) -> tuple[tuple[str, ...], np.ndarray, RasterGrid]:
    """Names, values `[bands, rows, columns]` (NaN: no data), place of the rasters."""
    files = sorted(folder.glob("bio*.tif"), key=lambda f: int(f.stem[3:]))
    if not files:
        raise FileNotFoundError(f"belgium: no bio*.tif in {folder}.")
    with open_stack(files) as stack:
        values, _ = stack.load()
        return stack.names, np.moveaxis(values, -1, 0), stack.grid
