"""Darwin Core tables of occurrences and of surveys, read as far as a task needs them.

Terms: https://dwc.tdwg.org/terms/. Column names are taken in any case, as
`decimallongitude` of an aggregated cube is `decimalLongitude` of a download.
"""

import csv
import os
import pathlib
import warnings
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

_LIMITS = {"decimalLongitude": (-180.0, 360.0), "decimalLatitude": (-90.0, 90.0)}
_STATUS = "occurrenceStatus"
_UNREADABLE = (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError)


def read_darwin_core(
    path: str | os.PathLike[str], *, survey: bool = False, number: str = ""
) -> pd.DataFrame:
    """Where, which species, how many records and whether present: a row a row.

    A tab in the header makes the table tab-separated, without quotes as in downloads
    of GBIF; otherwise it is comma-separated.

    Args:
      path: the table, UTF-8, perhaps compressed, with `decimalLongitude`,
        `decimalLatitude` (WGS 84, degrees) and `species` or else `scientificName`.
      survey: whether `occurrenceStatus` is needed; without that column all rows are
        presences.
      number: name of a column of how many records a row stands for; 1 without it.

    Returns:
      Columns `longitude`, `latitude`, `records` (float64), `species` and `present`
      (bool). An empty cell of the first four is missing (NaN).

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: the table is empty, a column is missing, a coordinate or number is no
        number or impossible, or a status is neither present nor absent. The message
        names file, column and row (1 is the one below the header).
    """
    path = pathlib.Path(path)
    aliases = {
        **{name: (name,) for name in (*_LIMITS, _STATUS)},
        "species": ("species", "scientificName"),
        **({number: (number,)} if number else {}),
    }
    table = _read(path, aliases, optional=() if survey else (_STATUS,))
    species = table["species"].str.strip()
    return pd.DataFrame(
        {
            "longitude": _numbers(path, table["decimalLongitude"]),
            "latitude": _numbers(path, table["decimalLatitude"]),
            "records": _numbers(path, table[number]) if number else 1.0,
            "species": species.mask(species == ""),
            "present": _present(path, table[_STATUS]) if _STATUS in table else True,
        }
    )


def _read(
    path: pathlib.Path,
    aliases: Mapping[str, tuple[str, ...]],
    optional: Collection[str],
) -> pd.DataFrame:
    """The columns as text, under the names of `aliases`."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such table.")
    how: dict[str, Any] = {"sep": "\t", "quoting": csv.QUOTE_NONE}
    how |= {"dtype": str, "encoding": "utf-8"}
    try:
        header = pd.read_csv(path, nrows=0, **how).columns
        if len(header) < 2:
            how |= {"sep": ",", "quoting": csv.QUOTE_MINIMAL}
            header = pd.read_csv(path, nrows=0, **how).columns
        found = _columns(path, header, aliases, optional)
        with warnings.catch_warnings():
            # A row longer than the header is an error, the first one too; pandas would
            # take its first cells for an index, and with usecols let all rows pass.
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, index_col=False, **how)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: the table is empty.") from None
    except _UNREADABLE as error:
        raise ValueError(
            f"{path}: no table in UTF-8, separated by tabs or commas: {error}"
        ) from error
    if not len(table):
        raise ValueError(f"{path}: the table has a header and no rows.")
    return pd.DataFrame({name: table[column] for name, column in found.items()})


def _columns(
    path: pathlib.Path,
    header: pd.Index,
    aliases: Mapping[str, tuple[str, ...]],
    optional: Collection[str],
) -> dict[str, str]:
    """Name -> column of the file: that of the first alias that it has."""
    lower = {column.strip().lower(): column for column in header}
    found = {
        name: [lower[one.lower()] for one in names if one.lower() in lower]
        for name, names in aliases.items()
    }
    missing = [
        " or ".join(aliases[name])
        for name, columns in found.items()
        if not columns and name not in optional
    ]
    if missing:
        raise ValueError(
            f"{path}: no column {', '.join(missing)}; it has {', '.join(header)}."
        )
    return {name: columns[0] for name, columns in found.items() if columns}


def _numbers(path: pathlib.Path, column: pd.Series) -> pd.Series:
    """A column of text as numbers within its limits, NaN where it is empty."""
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    _refuse(path, column, column.notna() & ~np.isfinite(numbers), "is not a number")
    low, high = _LIMITS.get(str(column.name), (0.0, np.inf))
    beyond = (numbers < low) | (numbers > high)
    _refuse(path, column, beyond, f"is not from {low:g} to {high:g}")
    return numbers


def _present(path: pathlib.Path, column: pd.Series) -> pd.Series:
    said = column.fillna("").str.strip().str.lower()
    unknown = ~said.isin(["present", "absent"])
    _refuse(path, column.fillna(""), unknown, "is neither 'present' nor 'absent'")
    return said == "present"


def _refuse(path: pathlib.Path, column: pd.Series, bad: pd.Series, why: str) -> None:
    rows = np.flatnonzero(bad)
    if len(rows):
        first = rows[0]
        raise ValueError(
            f"{path}, column {column.name}, row {first + 1}: {column.iloc[first]!r} "
            f"{why} ({len(rows)} such rows); mend them or leave them out."
        )
