"""Filters by what a record says besides its place: species, date, basis, precision."""

import datetime
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Int64

from jaxsdm.data.occurrences.filter import Filter, column_of
from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.places import place_numbers

PLACE = ("decimalLongitude", "decimalLatitude")

NOT_WILD = ("FOSSIL_SPECIMEN", "LIVING_SPECIMEN")
"""Bases of record that say nothing of where a species lives today: fossils, and plants
and animals of gardens and zoos (https://dwc.tdwg.org/terms/#dwc:basisOfRecord)."""


def missing_species() -> Filter:
    """Rows without a species, such as records that are identified to the genus."""

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        return occurrences.table["species"].cat.codes.to_numpy() < 0

    return Filter("missing species", lost)


def absences() -> Filter:
    """Rows that say that the species was not there."""

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        return ~occurrences.table["present"].to_numpy()

    return Filter("absences", lost)


def uncertain(at_most_metres: float | int, missing: str = "keep") -> Filter:
    """Rows whose coordinates may be off by more.

    Args:
      at_most_metres: greatest `coordinateUncertaintyInMeters` that stays; half a cell
        of the rasters is a good value.
      missing: `"keep"` or `"drop"` rows of unknown uncertainty, which are many.

    Raises:
      ValueError: when applied, if the table has no such column.
    """
    drop = _drops(missing, "uncertain")
    reason = f"coordinates uncertain by more than {at_most_metres:g} m"

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        name = "coordinateUncertaintyInMeters"
        metres = column_of(occurrences, name, reason).to_numpy(np.float64)
        return (metres > at_most_metres) | (np.isnan(metres) & drop)

    return Filter(reason, lost)


def dates(
    first: str | datetime.date | None = None,
    last: str | datetime.date | None = None,
    missing: str = "keep",
) -> Filter:
    """Rows whose `eventDate` is before the first or after the last day.

    Args:
      first: that stays: a date, or text such as `"2000-05-17"`, `"2000-05"`, `"2000"`.
      last: that stays; `"2000"` is all of that year.
      missing: `"keep"` or `"drop"` rows without a date.

    Raises:
      ValueError: no date, or, when applied, a table without dates.
    """
    drop = _drops(missing, "dates")
    since, until = _date(first, after=0), _date(last, after=1)
    reason = f"date not in {first or '...'} to {last or '...'}"

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        day = column_of(occurrences, "eventDate", reason).to_numpy()
        # NaT is neither before nor after any day.
        early = day < since if since is not None else np.zeros(len(day), bool)
        late = day >= until if until is not None else np.zeros(len(day), bool)
        return early | late | (np.isnat(day) & drop)

    return Filter(reason, lost)


def years(
    first: int | None = None, last: int | None = None, missing: str = "keep"
) -> Filter:
    """Rows whose `year` is before the first or after the last.

    Args:
      first: that stays.
      last: that stays.
      missing: `"keep"` or `"drop"` rows without a year.

    Raises:
      ValueError: when applied, if the table has no years.
    """
    drop = _drops(missing, "years")
    low = -np.inf if first is None else first
    high = np.inf if last is None else last
    begin, end = ("..." if y is None else y for y in (first, last))
    reason = f"year not in {begin} to {end}"

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        year = column_of(occurrences, "year", reason).to_numpy(np.float64)
        return (year < low) | (year > high) | (np.isnan(year) & drop)

    return Filter(reason, lost)


def basis_of_record(but: Sequence[str] = NOT_WILD) -> Filter:
    """Rows of these kinds of evidence; rows without a basis stay.

    Args:
      but: values of `basisOfRecord` to leave out; case and underscores do not matter,
        so that `"FossilSpecimen"` is `"FOSSIL_SPECIMEN"`.

    Raises:
      ValueError: when applied, if the table has no such column.
    """
    unwanted = {_plain(name) for name in but}
    reason = f"basis of record {', '.join(but)}"

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        column = column_of(occurrences, "basisOfRecord", reason).astype("category").cat
        found = [_plain(str(name)) in unwanted for name in column.categories]
        return np.array([*found, False])[column.codes.to_numpy()]  # -1: missing

    return Filter(reason, lost)


def duplicates(by: Sequence[str] = ("species", *PLACE)) -> Filter:
    """Rows that repeat an earlier one; a presence does not repeat an absence.

    Coordinates are equal to 1e-7 degree (a centimetre), and longitude 190 is -170; rows
    without coordinates repeat none. In other columns a missing value equals another.

    Args:
      by: columns that are equal in rows that are the same; add `"eventDate"` or
        `"year"` to keep one record of each day or year.

    Raises:
      ValueError: no columns, or, when applied, a table that lacks one.
    """
    if not by:
        raise ValueError("duplicates: at least one column in by=.")
    reason = f"duplicates (same {', '.join(_said(by))})"

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        placed = set(PLACE) <= set(by)
        others = [name for name in by if not (placed and name in PLACE)]
        parts = [occurrences.table["present"].to_numpy().astype(np.int64)]
        parts += [_codes(column_of(occurrences, name, reason)) for name in others]
        if not placed:
            return _repeats(parts)
        x, y = (column_of(occurrences, name, reason).to_numpy() for name in PLACE)
        place = place_numbers(x, y)
        return _repeats([place, *parts]) & (place >= 0)

    return Filter(reason, lost)


def rare_species(fewer_than: int) -> Filter:
    """All rows of species with fewer presences, as counted when the filter is applied.

    Args:
      fewer_than: rows with `present` that a species needs.
    """

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        column = occurrences.table["species"].cat
        code, present = column.codes.to_numpy(), occurrences.table["present"].to_numpy()
        known = code[present & (code >= 0)]
        presences = np.bincount(known, minlength=len(column.categories))
        return np.array([*(presences < fewer_than), False])[code]  # -1: no species

    return Filter(f"species of fewer than {fewer_than} presences", lost)


def _codes(column: pd.Series) -> Int64[np.ndarray, " rows"]:
    """Numbers from 0 that are equal where the values are."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64) + 1
    return pd.factorize(column)[0].astype(np.int64) + 1


def _repeats(
    parts: Sequence[Int64[np.ndarray, " rows"]],
) -> Bool[np.ndarray, " rows"]:
    """Whether all parts are equal to those of an earlier row.

    Args:
      parts: numbers from -1; those after the first are below the number of rows.
    """
    key, size = parts[0] + 1, int(parts[0].max(initial=0)) + 2
    for part in parts[1:]:
        levels = int(part.max(initial=0)) + 1
        if size * levels >= 2**63:  # the combined number would overflow
            key, distinct = pd.factorize(key)
            size = max(len(distinct), 1)
        key, size = key * levels + part, size * levels
    return pd.Series(key).duplicated().to_numpy()


def _said(columns: Sequence[str]) -> list[str]:
    if set(PLACE) <= set(columns):
        return [*(name for name in columns if name not in PLACE), "coordinates"]
    return list(columns)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _drops(missing: str, caller: str) -> bool:
    if missing not in ("keep", "drop"):
        raise ValueError(f"{caller}: missing is 'keep' or 'drop', got {missing!r}.")
    return missing == "drop"


def _date(value: str | datetime.date | None, after: int) -> np.datetime64 | None:
    """The begin of a day, month or year, or of the one after it."""
    if value is None:
        return None
    wrong = f"dates: {value!r} is no date; write it as 2000-05-17, 2000-05 or 2000."
    try:
        date = np.datetime64(value)
    except ValueError as error:
        raise ValueError(wrong) from error
    if np.isnat(date):
        raise ValueError(wrong)
    return date + after
