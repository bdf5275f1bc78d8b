"""The NCEAS benchmark: presence-only training, presence-absence evaluation.

Six regions, 226 anonymised species, ten models (a region and a group of species each).
Presence-only records and 10 000 random background cells train; independent surveys
evaluate. Elith, Graham, Valavi et al. (2020) Presence-only and presence-absence data
for comparing species distribution modeling methods, Biodiversity Informatics 15, 69-80,
doi:10.17161/bi.v15i2.13384.

Where the data come from: the R package `disdat` (its `.rds` tables written as CSV or
Parquet) or the CSV files of https://osf.io/kwc4v, folder `data/Records`. Any of these
layouts is read, with `.parquet`, `.csv` or `.csv.gz`:

    AWT/train_po.csv            AWT/test_pa_bird.csv           CAN/test_pa.csv
    train_po/AWTtrain_po.csv    test_pa/AWTtest_pa_bird.csv    (OSF)
    AWTtrain_po.csv             AWTtest_pa_bird.csv            (disdat's names)

A model's sites are its target-group cells: the raster cells with at least one record of
its group. They are rebuilt from the points, because several points may lie in a cell.
"""

import os
import pathlib
import re
from collections.abc import Collection

import numpy as np
import pandas as pd

from jaxsdm.data import CellGrid, SiteTable, Task, read_table, target_group_sites
from jaxsdm.datasets.nceas_regions import REGIONS, Region

ENVIRONMENT_VARIABLE = "JAXSDM_DATA"
_SUFFIXES = (".parquet", ".csv", ".csv.gz")


def load(
    path: str | os.PathLike[str] | None = None,
    region: str = "",
    group: str = "",
    protocol: str = "own_survey",
    drop: Collection[str] = ("nsw30",),
) -> list[Task]:
    """The ten tasks, or those of a region or a group.

    The predictors of a site are those of its first record; x and y are the centre of
    its cell. The only cells with more than one record of a species are in SA (one).

    Args:
      path: folder of the tables, or one with `nceas/` in it; by default the environment
        variable JAXSDM_DATA.
      region: one of AWT, CAN, NSW, NZ, SA, SWI; empty for all.
      group: bat, bird, plant, reptile or tree; empty for all.
      protocol: `"own_survey"` judges a species on the survey of its own group of files,
        as disdat documents and published comparisons do. `"reference"` joins the
        surveys of a model (NSW birds: 2, NSW plants: 4) and takes a species as absent
        where its survey did not look, as the code of Ryckewaert et al. does.
      drop: species that are not evaluated. By default nsw30, with 2 records, which
        published comparisons leave out: 226 species are modelled, 225 evaluated.

    Raises:
      ValueError: if a region, group, protocol or dropped species is not known, a column
        is absent (the message names the file and the columns found), or the rows of a
        survey and of its environment are not of the same sites.
      FileNotFoundError: if there is no such folder or file.
    """
    models = [
        (name, one)
        for name, known in REGIONS.items()
        for one in known.groups
        if region in ("", name) and group in ("", one)
    ]
    if not models:
        known_models = [
            f"{r}-{g}" for r, known in REGIONS.items() for g in known.groups
        ]
        raise ValueError(
            f"nceas: no model of region {region!r} and group {group!r}; the models are "
            f"{', '.join(known_models)}."
        )
    if protocol not in ("own_survey", "reference"):
        raise ValueError(
            f"nceas: protocol 'own_survey' or 'reference', got {protocol!r}."
        )
    unknown = sorted(set(drop) - _all_species())
    if unknown:
        raise ValueError(
            f"nceas: drop names {', '.join(unknown)}, which is no species; they are "
            "awt01 to awt40, can01 to can20, nsw01 to nsw54, nz01 to nz52, "
            "sa01 to sa30 and swi01 to swi30."
        )
    folder = _folder(path)
    return [_task(folder, *model, protocol, drop) for model in models]


def _task(
    folder: pathlib.Path, region: str, group: str, protocol: str, drop: Collection[str]
) -> Task:
    known = REGIONS[region]
    records = _read(
        folder, region, "train_po", ("spid", "x", "y", "group", *known.predictors)
    )
    background = _read(folder, region, "train_bg", ("x", "y", *known.predictors))
    cells = CellGrid.from_centres(
        background.x.to_numpy(np.float64),
        background.y.to_numpy(np.float64),
        known.cell_size,
    )
    parts = known.groups[group]
    if parts:
        records = records[records.group.isin(parts)]
    sites = target_group_sites(
        _raw(records, known),
        cells,
        predictors=known.predictors,
        species=sorted({*records.spid.unique(), *_looked_for(folder, region, parts)}),
        columns=("x", "y", "spid"),
        crs=known.crs,
    )
    surveys = {
        part: _survey(folder, region, f"_{part}" if parts else "", sites.species)
        for part in parts or (group,)
    }
    if protocol == "reference":
        surveys = {group: _joined(list(surveys.values()), sites.species)}
    return Task(
        name=f"{region}-{group}",
        region=region,
        group=group,
        records=sites,
        background=_table(background, known, sites.species),
        surveys={name: _without(survey, drop) for name, survey in surveys.items()},
        continuous=known.continuous,
        categorical=known.categorical,
    )


def _looked_for(folder: pathlib.Path, region: str, parts: Collection[str]) -> list[str]:
    """Species of the survey tables, with or without a presence-only record."""
    prefix = region.lower()
    columns = [
        column
        for suffix in ([f"_{part}" for part in parts] or [""])
        for column in _read(folder, region, f"test_pa{suffix}", ("siteid",)).columns
    ]
    return [name for name in columns if re.fullmatch(rf"{prefix}\d+", name)]


def _survey(
    folder: pathlib.Path, region: str, suffix: str, species: tuple[str, ...]
) -> SiteTable:
    known = REGIONS[region]
    environment = _read(
        folder,
        region,
        f"test_env{suffix}",
        ("siteid", "x", "y", *known.predictors),
    )
    found = _read(folder, region, f"test_pa{suffix}", ("siteid",))
    if not np.array_equal(environment.siteid, found.siteid):
        raise ValueError(
            f"nceas {region}: the rows of test_env{suffix} ({len(environment)}) and "
            f"test_pa{suffix} ({len(found)}) are not of the same sites in the same "
            "order; take both from one release."
        )
    surveyed = tuple(name for name in species if name in found.columns)
    counts = found[list(surveyed)].to_numpy(np.float32)
    return _table(environment, known, surveyed, counts)


def _joined(surveys: list[SiteTable], species: tuple[str, ...]) -> SiteTable:
    counts = np.zeros((sum(map(len, surveys)), len(species)), np.float32)
    start = 0
    for survey in surveys:
        columns = [species.index(name) for name in survey.species]
        counts[start : start + len(survey), columns] = survey.counts
        start += len(survey)
    return SiteTable(
        x=np.concatenate([survey.x for survey in surveys]),
        y=np.concatenate([survey.y for survey in surveys]),
        predictors=pd.concat([survey.predictors for survey in surveys]),
        counts=counts,
        species=species,
        crs=surveys[0].crs,
    )


def _without(survey: SiteTable, drop: Collection[str]) -> SiteTable:
    return survey.select_species(name for name in survey.species if name not in drop)


def _table(
    frame: pd.DataFrame,
    known: Region,
    species: tuple[str, ...],
    counts: np.ndarray | None = None,
) -> SiteTable:
    if counts is None:
        counts = np.zeros((len(frame), len(species)), np.float32)
    return SiteTable(
        x=frame.x.to_numpy(np.float64),
        y=frame.y.to_numpy(np.float64),
        predictors=_raw(frame, known)[list(known.predictors)],
        counts=counts,
        species=species,
        crs=known.crs,
    )


def _raw(frame: pd.DataFrame, known: Region) -> pd.DataFrame:
    # CSV and Parquet, and one table and the next, differ in the width of numbers.
    labels = frame[list(known.categorical)].select_dtypes("integer").columns
    return frame.astype(
        dict.fromkeys(known.continuous, np.float64) | dict.fromkeys(labels, np.int64)
    )


def _read(
    folder: pathlib.Path, region: str, table: str, columns: tuple[str, ...]
) -> pd.DataFrame:
    kind = "_".join(table.split("_")[:2])
    stems = (
        folder / region / table,
        folder / region / f"{region}{table}",
        folder / kind / f"{region}{table}",
        folder / f"{region}{table}",
    )
    files = [pathlib.Path(f"{stem}{suffix}") for stem in stems for suffix in _SUFFIXES]
    for file in files:
        if file.is_file():
            return read_table(file, columns=columns)
    raise FileNotFoundError(
        f"nceas: no table {table} of region {region} in {folder}; looked for "
        f"{', '.join(str(file.relative_to(folder)) for file in files)}. " + _HOW_TO_GET
    )


def _folder(path: str | os.PathLike[str] | None) -> pathlib.Path:
    given = path or os.environ.get(ENVIRONMENT_VARIABLE)
    if not given:
        raise FileNotFoundError(
            "nceas: no folder of data: give `path` (--config.dataset.path=...) or set "
            f"the environment variable {ENVIRONMENT_VARIABLE}. " + _HOW_TO_GET
        )
    folder = pathlib.Path(given).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"nceas: no folder {folder}. " + _HOW_TO_GET)
    return folder / "nceas" if (folder / "nceas").is_dir() else folder


def _all_species() -> set[str]:
    return {
        f"{region.lower()}{number:02d}"
        for region, known in REGIONS.items()
        for number in range(1, known.species + 1)
    }


_HOW_TO_GET = (
    "The tables come with the R package disdat (write each of its tables as CSV or "
    "Parquet, such as AWT/train_po.csv) or from https://osf.io/kwc4v, folder "
    "data/Records; see doi:10.17161/bi.v15i2.13384."
)
