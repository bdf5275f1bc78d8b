"""The virtual world as files: rasters, records and surveys such as a user has them.

What holds of a user's files can be tried on them, with the truth at hand. The folder:

    rasters/elevation.tif ...   one GeoTIFF a continuous predictor, float32
    rasters/land_cover.tif      uint8 codes; world.json says what they mean
    occurrences.txt             Darwin Core, tab-separated, one row a record, with the
                                faults that downloads have
    surveys.txt                 Darwin Core with occurrenceStatus, one row a plot and
                                species
    truth.npz                   `truth` [cells of land, species] and `species`
    world.json                  settings, CRS, codes and number of each fault; written
                                last

The sea has no data. Cells are of 1 km in UTM zone 31 north, the south-west corner of
the world on its central meridian at about 50.5 degrees north.
"""

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
_FIRST_DAY, _DAYS = np.datetime64("2000-01-01"), 9000


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
    return files.load(
        folder / "occurrences.txt",
        folder / "rasters",
        surveys=folder / "surveys.txt" if surveys else "",
        categorical=("land_cover",),
        predictors=predictors,
        split="none",
        truth=folder / "truth.npz",
        seed=seed,
        region="virtual",
    )


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
        world = json.loads((folder / _WORLD).read_text(encoding="utf-8"))
        if "faults" not in world:
            raise ValueError(
                f"{folder} holds a virtual world of an earlier version, without "
                "faults; remove it, or give another folder."
            )
        found = world["settings"]
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
    records, faults = with_faults(_records(task.records, seed), seed)
    _write_table(folder / "occurrences.txt", records)
    _write_table(folder / "surveys.txt", _plots(task.surveys["plots"]))
    with written_aside(folder / "truth.npz") as aside:
        np.savez(aside, truth=task.grid.truth, species=np.array(task.records.species))
    world = {"settings": settings, "crs": CRS, "land_cover": LAND_COVER_CODES}
    world["faults"] = faults
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


def _records(table: SiteTable, seed: int) -> pd.DataFrame:
    """One row a record, somewhere in its cell and some day."""
    site, species = np.nonzero(table.counts)
    times = table.counts[site, species].astype(int)
    site, species = np.repeat(site, times), np.repeat(species, times)
    rng = np.random.default_rng([seed, 1])
    # Not at the very edge: degrees are rounded.
    within = virtual.CELL_METRES * rng.uniform(-0.49, 0.49, (2, len(site)))
    days = rng.integers(0, _DAYS, len(site)).astype("timedelta64[D]")
    rows = _darwin_core(table, site, species, within)
    return rows.assign(
        coordinateUncertaintyInMeters=rng.choice([10, 30, 100], len(site)),
        eventDate=np.datetime_as_string(_FIRST_DAY + days),
        basisOfRecord="HUMAN_OBSERVATION",
        occurrenceStatus="PRESENT",
    )


def with_faults(
    records: pd.DataFrame, seed: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Records among rows with the faults of downloads, which cleaning must find.

    Args:
      records: sound ones, with the columns of `occurrences.txt`.
      seed: of the rows that are made from.

    Returns:
      The rows, those with faults last, and the number of rows with each fault; one in
      a hundred of the sound ones, at least one.
    """
    number = max(1, len(records) // 100)
    rng = np.random.default_rng([seed, 2])
    nowhere = {"decimalLongitude": np.nan, "decimalLatitude": np.nan}
    changes: dict[str, dict[str, Any]] = {
        "without species": {"scientificName": ""},
        "without coordinates": nowhere,
        "at 0, 0": {"decimalLongitude": 0.0, "decimalLatitude": 0.0},
        "absences": {"occurrenceStatus": "ABSENT"},
        "fossils": {"basisOfRecord": "FOSSIL_SPECIMEN"},
        "duplicates": {},
        "outside the rasters": {"decimalLatitude": 10.0},
    }
    parts = [records]
    for change in changes.values():
        like = records.iloc[rng.integers(0, len(records), number)]
        parts.append(like.assign(**change))
    rows = pd.concat(parts, ignore_index=True)
    rows["occurrenceID"] = np.arange(1, len(rows) + 1)
    return rows, dict.fromkeys(changes, number)


def _plots(table: SiteTable) -> pd.DataFrame:
    """One row a plot and species."""
    site, species = np.divmod(np.arange(table.counts.size), len(table.species))
    found = np.where(table.counts.ravel() > 0, "present", "absent")
    rows = _darwin_core(table, site, species)
    return rows.assign(eventID=site + 1, occurrenceStatus=found)


def _darwin_core(
    table: SiteTable,
    site: np.ndarray,
    species: np.ndarray,
    within: np.ndarray | float = 0.0,
) -> pd.DataFrame:
    east, north = np.stack([table.x[site], table.y[site]]) + within
    longitude, latitude = transform_points(
        east + WEST, north + SOUTH, CRS, LONGITUDE_LATITUDE
    )
    return pd.DataFrame(
        {
            "occurrenceID": np.arange(1, len(site) + 1),
            "scientificName": np.array(table.species)[species],
            "decimalLongitude": longitude,
            "decimalLatitude": latitude,
        }
    )


def _write_table(path: pathlib.Path, table: pd.DataFrame) -> None:
    with written_aside(path) as aside:
        # Eight decimals of a degree are a millimetre.
        table.to_csv(
            aside, sep="\t", index=False, float_format="%.8f", lineterminator="\n"
        )
