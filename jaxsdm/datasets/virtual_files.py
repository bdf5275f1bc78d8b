"""The virtual world as files: rasters, records and surveys such as a user has them.

What holds of a user's files can be tried on them, with the truth at hand. The folder:

    rasters/elevation.tif ...   one GeoTIFF a continuous predictor, float32
    rasters/land_cover.tif      uint8 codes; world.json says what they mean
    occurrences.txt             Darwin Core, tab-separated, one row a record
    surveys.txt                 Darwin Core with occurrenceStatus, one row a plot and
                                species
    truth.npz                   `truth` [cells of land, species] and `species`
    world.json                  settings, CRS and codes; written last

The sea has no data. Cells are of 1 km in UTM zone 31 north, the south-west corner of
the world on its central meridian at about 50.5 degrees north.
"""

import dataclasses
import json
import os
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from jaxsdm.data import Grid, SiteTable, Task
from jaxsdm.data.files import write_text, written_aside
from jaxsdm.data.rasters.coordinate_systems import LONGITUDE_LATITUDE, transform_points
from jaxsdm.data.rasters.optional import optional
from jaxsdm.datasets import files, virtual
from jaxsdm.datasets.landscape import LAND_COVERS

CRS = "EPSG:32631"
WEST, SOUTH = 500_000.0, 5_600_000.0
"""Easting and northing, in metres, of the south-west corner of the world."""

LAND_COVER_CODES = {cover: code for code, cover in enumerate(LAND_COVERS, start=1)}
"""Land cover -> its code in `land_cover.tif`; 0 is the sea."""

_WORLD = "world.json"


def load(
    folder: str | os.PathLike[str],
    size: int = 160,
    species: int = 30,
    surveys: int = 1000,
    seed: int = 0,
    predictors: str = "raster",
) -> list[Task]:
    """The task of the files in `folder`, which are written first where missing.

    It is that of `jaxsdm.datasets.files.load`, with the true probability of occurrence
    in `grid.truth`.

    Args:
      folder: of the world.
      size: as in `jaxsdm.datasets.virtual.load`, like the next three.
      species: how many.
      surveys: number of survey plots; with 0 the task has no survey.
      seed: of the world and of the background.
      predictors: `"raster"` or `"location"`, as in `jaxsdm.datasets.files.load`.

    Returns:
      One task `"virtual"`. Coordinates are metres in `CRS`; land covers are codes. It
      has no grid and no truth if the world has more than 1,000,000 cells.

    Raises:
      ModuleNotFoundError: rasterio or pyproj is not installed (extra `data`).
      ValueError: the folder holds a world of other settings, or the settings are
        impossible.
    """
    folder = pathlib.Path(folder)
    write(folder, size=size, species=species, surveys=surveys, seed=seed)
    (task,) = files.load(
        folder / "occurrences.txt",
        # Not the leftovers of a writing that was killed, `.elevation.123.tif`.
        sorted((folder / "rasters").glob("[!.]*.tif")),
        surveys=folder / "surveys.txt" if surveys else None,
        categorical=("land_cover",),
        predictors=predictors,
        seed=seed,
        region="virtual",
    )
    if task.grid is None:
        return [task]
    with np.load(folder / "truth.npz") as known:
        number = pd.Index(known["species"]).get_indexer(pd.Index(task.records.species))
        truth = known["truth"][:, number]
    return [dataclasses.replace(task, grid=dataclasses.replace(task.grid, truth=truth))]


def write(
    folder: str | os.PathLike[str],
    *,
    size: int = 160,
    species: int = 30,
    surveys: int = 1000,
    seed: int = 0,
) -> None:
    """Writes the world of `jaxsdm.datasets.virtual.load` as files, if it is not there.

    An interrupted writing is started again.

    Args:
      folder: which is made.
      size: as in `jaxsdm.datasets.virtual.load`, like the others.
      species: how many.
      surveys: number of survey plots.
      seed: the same seed gives the same world.

    Raises:
      ModuleNotFoundError: rasterio or pyproj is not installed (extra `data`).
      ValueError: the folder holds a world of other settings, or the settings are
        impossible.
    """
    folder = pathlib.Path(folder)
    settings = {"size": size, "species": species, "surveys": surveys, "seed": seed}
    if (folder / _WORLD).is_file():
        found = json.loads((folder / _WORLD).read_text(encoding="utf-8"))["settings"]
        if found != settings:
            raise ValueError(
                f"{folder} holds a virtual world of {_shown(found)}, not of "
                f"{_shown(settings)}; give another folder."
            )
        return
    (task,) = virtual.load(**settings)
    assert task.grid is not None
    assert task.grid.truth is not None
    _write_rasters(folder / "rasters", task.grid)
    _write_table(folder / "occurrences.txt", _records(task.records))
    _write_table(folder / "surveys.txt", _plots(task.surveys["plots"]))
    with written_aside(folder / "truth.npz") as aside:
        np.savez(aside, truth=task.grid.truth, species=np.array(task.records.species))
    world = {"settings": settings, "crs": CRS, "land_cover": LAND_COVER_CODES}
    write_text(folder / _WORLD, json.dumps(world, indent=2) + "\n")


def _shown(settings: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in settings.items())


def _write_rasters(folder: pathlib.Path, grid: Grid) -> None:
    """One file a predictor, named after it."""
    rasterio = optional("rasterio")
    cell = virtual.CELL_METRES
    north = SOUTH + grid.shape[0] * cell
    for name, column in grid.sites.predictors.items():
        if name == "land_cover":
            codes = column.map(LAND_COVER_CODES).to_numpy(np.float32)
            band, nodata = np.nan_to_num(grid.raster(codes)).astype(np.uint8), 0.0
        else:
            # float32, as stacks of rasters read whatever a file holds.
            band, nodata = grid.raster(column.to_numpy()), np.nan
        with (
            written_aside(folder / f"{name}.tif") as aside,
            rasterio.open(
                aside,
                "w",
                driver="GTiff",
                height=grid.shape[0],
                width=grid.shape[1],
                count=1,
                dtype=band.dtype,
                crs=CRS,
                transform=rasterio.Affine(cell, 0, WEST, 0, -cell, north),
                nodata=nodata,
                compress="deflate",
            ) as raster,
        ):
            raster.write(band, 1)


def _records(table: SiteTable) -> pd.DataFrame:
    """One row a record."""
    site, species = np.nonzero(table.counts)
    times = table.counts[site, species].astype(int)
    return _darwin_core(table, np.repeat(site, times), np.repeat(species, times))


def _plots(table: SiteTable) -> pd.DataFrame:
    """One row a plot and species."""
    site, species = np.divmod(np.arange(table.counts.size), len(table.species))
    found = np.where(table.counts.ravel() > 0, "present", "absent")
    return _darwin_core(table, site, species).assign(occurrenceStatus=found)


def _darwin_core(
    table: SiteTable, site: np.ndarray, species: np.ndarray
) -> pd.DataFrame:
    longitude, latitude = transform_points(
        table.x + WEST, table.y + SOUTH, CRS, LONGITUDE_LATITUDE
    )
    return pd.DataFrame(
        {
            "occurrenceID": np.arange(1, len(site) + 1),
            "scientificName": np.array(table.species)[species],
            "decimalLongitude": longitude[site],
            "decimalLatitude": latitude[site],
        }
    )


def _write_table(path: pathlib.Path, table: pd.DataFrame) -> None:
    with written_aside(path) as aside:
        # Eight decimals of a degree are a millimetre.
        table.to_csv(
            aside, sep="\t", index=False, float_format="%.8f", lineterminator="\n"
        )
