"""Reading predictions and labels: long and wide tables (CSV, Parquet) and NetCDF.

Long: a row for each site and species, with columns `site`, `species` and `probability`,
`score` or `presence`; what scripts/evaluate.py writes is such a file. Wide: a row for
each site, a column for its id and one for each species. NetCDF: `probability[site,
species]`, likewise `score` or `presence`. Columns `region`, `group` and `survey` divide
a table into parts with species of their own. Ids are text: "000" is not "0"; the
number 12 of Parquet or NetCDF is "12".
"""

import os
import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm.evaluation.decisions.id_columns import (
    id_text,
    read_with_ids,
    refuse_empty,
)
from jaxsdm.evaluation.decisions.place_table import Kind, PlaceTable

SITE = ("site", "site_id", "siteid", "surveyId", "survey_id", "place")
SPECIES = ("species", "speciesId", "species_id")
PROBABILITY = ("probability", "prob", "p")
SCORE = ("score",)
PRESENCE = ("presence", "present", "label")
PARTS = ("region", "group", "survey")
COORDINATES = (("longitude", "latitude"), ("lon", "lat"), ("x", "y"))
_NETCDF = (".nc", ".nc4")


def read_tables(
    path: str | os.PathLike[str],
    *,
    labels: bool = False,
    column: str = "",
    site: str = "",
    block: str = "",
) -> list[PlaceTable]:
    """The tables of a file, one for each of its parts, in the order of the file.

    Args:
      path: `.parquet`, `.csv`, `.csv.gz` or `.nc`.
      labels: read presences instead of predictions.
      column: of the probabilities (or labels) in a long table or NetCDF file, if it is
        called otherwise.
      site: column of the site's id, if it is called otherwise.
      block: column that says to which spatial block a site belongs; predictions must
        have it.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the file is empty, a column is missing (the message names those
        found) or comes twice, a value is not a probability or a label, or a site and
        species come twice; names file, row and column.
    """
    path = pathlib.Path(path)
    if path.suffix in _NETCDF:
        return [_netcdf(path, labels, column, site, block)]
    ids = (*((site,) if site else SITE), *SPECIES, *PARTS, block)
    frame = read_with_ids(path, ids)
    id_column = _first(frame.columns, (site,) if site else SITE)
    if not id_column:
        raise ValueError(
            f"{path}: no column {site or 'site'}; the columns are {_some(frame)}. "
            "Name the one with the site's id with --site."
        )
    if block and not labels and block not in frame.columns:
        raise ValueError(
            f"{path}: no column {block} of spatial blocks; the columns are "
            f"{_some(frame)}."
        )
    species = _first(frame.columns, SPECIES)
    parts = [name for name in PARTS if name in frame.columns and name != id_column]
    for name in parts:
        empty = np.flatnonzero(frame[name].isna())
        if len(empty):
            raise ValueError(
                f"{path}: row {empty[0] + 1}: column {name} is empty or NA, as it is "
                f"in {len(empty)} rows; name the part, or drop the column."
            )
    tables = []
    for key, rows in _parts(frame, parts):
        part = dict(zip(parts, key, strict=True))
        if species:
            one = _long(path, frame, rows, part, id_column, species, labels, column)
        else:
            one = _wide(path, frame, rows, part, id_column, labels, block)
        tables.append(one.checked())
    return tables


def _parts(frame: pd.DataFrame, columns: Sequence[str]):
    """Key and row numbers of every part."""
    if not columns:
        return [((), np.arange(len(frame)))]
    groups = frame.groupby(list(columns), sort=False, observed=True).indices
    return [
        (_key(key if isinstance(key, tuple) else (key,)), np.sort(rows))
        for key, rows in groups.items()
    ]


def _key(values: Sequence) -> tuple[str, ...]:
    return tuple(str(id_text(np.asarray([one]))[0]) for one in values)


def _long(path, frame, rows, part, site, species, labels, column) -> PlaceTable:
    column, kind = _value_column(path, frame.columns, labels, column)
    places, place_names = pd.factorize(_text(path, frame, site, rows))
    names, species_names = pd.factorize(_text(path, frame, species, rows))
    shape = len(place_names), len(species_names)
    entry = places.astype(np.int64) * shape[1] + names
    twice = pd.Index(entry).duplicated()
    if twice.any():
        row = int(np.argmax(twice))
        raise ValueError(
            f"{path}: row {rows[row] + 1}: site {place_names[places[row]]} and species "
            f"{species_names[names[row]]} come twice. One row for both is needed."
        )
    given = _numbers(path, frame, column, rows)
    values = np.full(shape, np.nan, given.dtype)
    values.reshape(-1)[entry] = given
    row_of = np.full(shape, -1, np.int64)
    row_of.reshape(-1)[entry] = rows
    first = np.zeros(shape[0], np.int64)
    first[places[::-1]] = rows[::-1]
    return PlaceTable(
        str(path),
        part,
        np.asarray(place_names, object),
        tuple(species_names),
        values,
        kind,
        frame.iloc[first].reset_index(drop=True),
        column,
        row_of,
    )


def _wide(path, frame, rows, part, site, labels, block) -> PlaceTable:
    pairs = [pair for pair in COORDINATES if set(pair) <= set(frame.columns)]
    about = {site, block, *PARTS, *(name for pair in pairs for name in pair)}
    # The unnamed first column of tables that R wrote is a row number.
    names = [
        name
        for name in frame.columns
        if name not in about and name and not name.startswith("Unnamed:")
    ]
    if not names:
        raise ValueError(
            f"{path}: no column of a species; the columns are {_some(frame)}. Want "
            "columns site, species, probability, or a column for each species."
        )
    columns = [_numbers(path, frame, name, rows) for name in names]
    kind: Kind = "presence" if labels else "probability"
    return PlaceTable(
        str(path),
        part,
        np.asarray(_text(path, frame, site, rows), object),
        tuple(names),
        np.stack(columns, axis=1),
        kind,
        frame.iloc[rows][[c for c in frame.columns if c in about]].reset_index(
            drop=True
        ),
    )


def _netcdf(path, labels, column, site, block) -> PlaceTable:
    import xarray as xr

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    refuse_empty(path)
    with xr.open_dataset(path) as dataset:
        names = list(map(str, dataset.variables))
        column, kind = _value_column(path, names, labels, column)
        table = dataset[column]
        site = site or "site"
        if set(table.dims) != {site, "species"}:
            raise ValueError(
                f"{path}: variable {column}: want the dimensions [{site}, species], "
                f"got [{', '.join(map(str, table.dims))}]."
            )
        table = table.transpose(site, "species")
        about = pd.DataFrame(
            {
                name: dataset[name].to_numpy()
                for name in names
                if dataset[name].dims == (site,)
            }
        )
        if block and not labels and block not in about:
            raise ValueError(
                f"{path}: no variable {block}[{site}] of spatial blocks; the variables "
                f"are {', '.join(names)}."
            )
        places = id_text(table[site].to_numpy())
        values = table.to_numpy()
        if not np.issubdtype(values.dtype, np.floating):
            values = values.astype(np.float32)
        return PlaceTable(
            str(path),
            {},
            places,
            tuple(id_text(table["species"].to_numpy())),
            values,
            kind,
            about.reset_index(drop=True),
            column,
        ).checked()


def _value_column(path, columns, labels: bool, column: str) -> tuple[str, Kind]:
    if labels:
        wanted: dict[Kind, Sequence[str]] = {"presence": PRESENCE}
    else:
        wanted = {"probability": PROBABILITY, "score": SCORE}
    if column:
        wanted = {"presence" if labels else "probability": (column,)}
    for kind, names in wanted.items():
        found = _first(columns, names)
        if found:
            return found, kind
    names = " or ".join(names[0] for names in wanted.values())
    raise ValueError(
        f"{path}: no column {names}; the columns are "
        f"{', '.join(list(columns)[:12])}{', ...' if len(columns) > 12 else ''}."
    )


def _text(path, frame: pd.DataFrame, column: str, rows: np.ndarray) -> np.ndarray:
    part = frame[column].iloc[rows]
    empty = part.isna().to_numpy()
    if empty.any():
        row = rows[int(np.argmax(empty))]
        raise ValueError(f"{path}: row {row + 1}, column {column}: is empty.")
    return id_text(part)


def _numbers(path, frame: pd.DataFrame, column: str, rows: np.ndarray) -> np.ndarray:
    part = frame[column].iloc[rows]
    if not (pd.api.types.is_numeric_dtype(part) or part.isna().all()):
        numbers = pd.to_numeric(part, errors="coerce")
        wrong = (numbers.isna() & part.notna()).to_numpy()
        row = int(np.argmax(wrong)) if wrong.any() else 0
        raise ValueError(
            f"{path}: row {rows[row] + 1}, column {column}: want a number, got "
            f"{part.iloc[row]!r}. A column that is no species has to go, or to be "
            "named with --site or --block."
        )
    if part.dtype == np.float32:
        return part.to_numpy()
    return part.to_numpy(np.float64, na_value=np.nan)


def _first(columns, names: Sequence[str]) -> str:
    return next((name for name in names if name in columns), "")


def _some(frame: pd.DataFrame) -> str:
    names = list(frame.columns)
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
