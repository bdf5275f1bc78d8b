"""Occurrences from a file, whatever its format and the names of its columns."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float64

from jaxsdm.data.occurrences.columns import Chosen, choose_columns
from jaxsdm.data.occurrences.coordinates import (
    from_datums,
    from_many_systems,
    from_one_system,
)
from jaxsdm.data.occurrences.dates import days_from_parts, years_of
from jaxsdm.data.occurrences.occurrences import KINDS, NECESSARY, Occurrences
from jaxsdm.data.occurrences.opening import open_source
from jaxsdm.data.occurrences.parts import Parts, read_parts
from jaxsdm.data.occurrences.report import CleaningReport
from jaxsdm.data.occurrences.said import what_rows_say
from jaxsdm.data.occurrences.source import GEOMETRY, Source

_NAMES = {
    "survey": "survey",
    "uncertainty": "coordinateUncertaintyInMeters",
    "basis": "basisOfRecord",
    "country": "countryCode",
    "subset": "subset",
    "id": "gbifID",
}


def read_occurrences(
    path: str | os.PathLike[str],
    *,
    kind: str | None = None,
    columns: Mapping[str, str | None] | None = None,
    species: str | None = None,
    crs: str | None = None,
    wide: str | Sequence[str] | None = None,
    keep: str | Sequence[str] = (),
    encoding: str | None = None,
    layer: str | None = None,
) -> Occurrences:
    """Records of species from a file, under the names of `Occurrences`.

    Read are: text between tabs, commas, semicolons or pipes, also compressed (`.gz`) or
    alone in a ZIP; Darwin Core archives; Parquet files and folders of them; points of
    GeoJSON, GeoPackage and shapefiles. Which column is which, their names tell
    (`ALIASES`), without regard to case. Rows are counted from 1, below the header.

    What is empty or cannot be read becomes missing, and is noted with its first row;
    nothing is filtered, except rows of which a survey does not say whether the species
    was found (see `jaxsdm.data.clean` for filters).

    Args:
      path: the file or folder.
      kind: what the rows say, one of `KINDS`; None is `"presence_absence"` if more than
        a tenth of the rows say that a species was absent, else `"presence_only"`.
      columns: which column plays a part, such as `{"species": "my_name"}`, instead of
        the aliases of the part; None for a column: none does. Parts are the keys of
        `ALIASES`. `"count"` (records or individuals a row) is read only if named here
        or for `kind="abundance"`, and `"id"` only if named here.
      species: what all rows are of, in a table without such a column.
      crs: of `x` and `y`, or of longitudes and latitudes that are not WGS 84, where the
        rows (part `"crs"`) do not say; of points of a vector file that does not.
      wide: columns that are each a species, in a table of one survey a row: names, a
        pattern such as `"sp_*"`, or `"rest"`, all that play no other part. They hold
        1, 0, or nothing where it was not looked for; numbers for `kind="abundance"`.
      keep: further columns, named likewise, as numbers where all of their cells are,
        otherwise as categories.
      encoding: of text, such as `"latin-1"`; None is UTF-8.
      layer: of a vector file with several.

    Raises:
      FileNotFoundError: there is no such file.
      ModuleNotFoundError: a vector file or a CRS is given and pyogrio, shapely or
        pyproj is not installed.
      ValueError: the file cannot be read, a necessary column is absent or unreadable,
        or `kind` is not what the rows say. Messages name file, column and row.
    """
    if kind is not None and kind not in KINDS:
        raise ValueError(
            f"no kind {kind!r} of occurrences; there are {', '.join(KINDS)}."
        )
    source = open_source(path, encoding=encoding, layer=layer)
    chosen = choose_columns(
        source,
        columns=columns or {},
        counted=kind == "abundance",
        crs=crs is not None,
        wide=wide,
        keep=keep,
        one_species=species is not None,
    )
    parts = read_parts(source, chosen, counted=kind == "abundance")
    longitude, latitude, moved = _places(source, chosen, parts, crs)
    table = pd.DataFrame(
        {
            "decimalLongitude": longitude,
            "decimalLatitude": latitude,
            **_when(parts.values),
            **{_NAMES[one]: parts.values[one] for one in _NAMES if one in parts.values},
        }
    )
    table = _with_kept(source, table, parts.kept, rest=keep == "rest")
    status, count = parts.values.get("status"), parts.values.get("count")
    if chosen.wide:
        table = _a_row_a_species(table, chosen.wide)
        cells = parts.wide.ravel()
        status, count = (None, cells) if kind == "abundance" else (cells, None)
        kind = kind or "presence_absence"
    elif species is not None:
        names = pd.Categorical.from_codes(
            np.zeros(parts.rows, np.int8), pd.Index([species])
        )
        table.insert(0, "species", pd.Series(names))
    else:
        table.insert(0, "species", parts.values["species"])
    said = what_rows_say(source.name, len(table), kind, status, count)
    table["present"], table["count"] = said.present, said.count
    report = CleaningReport(source.name, len(table), 0)
    occurrences = Occurrences(table, said.kind, source.name, report)
    report = CleaningReport(
        source.name,
        len(table),
        len(occurrences.species),
        notes=(*parts.notes, *moved, *said.notes),
    )
    occurrences = dataclasses.replace(occurrences, report=report)
    if said.known.all():
        return occurrences
    reason = "not counted" if said.kind == "abundance" else "not looked for"
    return occurrences.keep(said.known, reason)


def _places(
    source: Source, chosen: Chosen, parts: Parts, crs: str | None
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"], tuple[str, ...]]:
    """Longitude, latitude, and what to note of how they came about."""
    values = parts.values
    if "longitude" in values:
        longitude, latitude = values["longitude"], values["latitude"]
        if "datum" not in values:
            return longitude, latitude, ()
        return from_datums(longitude, latitude, values["datum"])
    x, y = values["x"], values["y"]
    of_file = source.crs if chosen.parts["x"] == GEOMETRY[0] else ""
    system = of_file or crs
    if "crs" in values:
        longitude, latitude = from_many_systems(
            x,
            y,
            values["crs"],
            otherwise=crs,
            file=source.name,
            column=chosen.parts["crs"],
        )
    elif system:
        longitude, latitude = from_one_system(x, y, system)
    else:
        raise ValueError(
            f"{source.name}: of what system are the coordinates? Give crs=, such as "
            "crs='EPSG:2154', or columns={'crs': ...} if each row says."
        )
    nowhere = np.isfinite(x) & np.isfinite(y) & np.isnan(longitude)
    if not nowhere.any():
        return longitude, latitude, ()
    note = (
        f"{nowhere.sum():,} rows whose coordinates are no place of their CRS, or that "
        f"name none, taken as missing, the first in row {int(nowhere.argmax()) + 1}"
    )
    return longitude, latitude, (note,)


def _when(values: Mapping[str, Any]) -> dict[str, Any]:
    """`eventDate` and `year` of the parts that say when."""
    days, year = values.get("date"), values.get("year")
    if days is None and year is None:
        return {}
    if days is None:
        assert year is not None
        unknown = np.full_like(year, np.nan)
        month, day = values.get("month", unknown), values.get("day", unknown)
        days = days_from_parts(year, month, day)
    told = years_of(days)
    return {
        "eventDate": days,
        "year": told if year is None else np.where(np.isnan(year), told, year),
    }


def _with_kept(
    source: Source, table: pd.DataFrame, kept: Mapping[str, Any], *, rest: bool
) -> pd.DataFrame:
    """The table and the columns kept by name, whose names must not clash."""
    clashing = [name for name in kept if name in (*table, *NECESSARY)]
    if clashing and not rest:
        raise ValueError(
            f"{source.name}: keep= names {', '.join(clashing)}, which a column of "
            "Occurrences is called already."
        )
    return table.assign(**{name: kept[name] for name in kept if name not in clashing})


def _a_row_a_species(table: pd.DataFrame, species: tuple[str, ...]) -> pd.DataFrame:
    """Each survey once for each species, which are sorted as categories are."""
    rows = len(table)
    long = table.iloc[np.repeat(np.arange(rows), len(species))].reset_index(drop=True)
    names = sorted(species)
    codes = np.tile([names.index(one) for one in species], rows)
    if "survey" not in long:
        # Numbered by rows of the file.
        ids = [str(row + 1) for row in range(rows)]
        row = np.repeat(np.arange(rows), len(species))
        long["survey"] = pd.Categorical.from_codes(row, pd.Index(ids))
    category = pd.Categorical.from_codes(codes, pd.Index(names))
    long.insert(0, "species", pd.Series(category))
    return long
