"""Surveys as rows: which species each of them looked for, and what it found."""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32, Float64, Int64

from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.places import place_numbers
from jaxsdm.data.occurrences.tally import tally


@dataclasses.dataclass(frozen=True, eq=False)
class SurveyMatrix:
    """Surveys by species, for models of many species at once.

    Attributes:
      surveys: `[surveys]` their names, in the order of their first rows.
      longitude: `[surveys]` degrees, WGS 84.
      latitude: `[surveys]` degrees, WGS 84.
      counts: `[surveys, species]` 1 or 0 (found or not), or the sum of abundances; NaN
        where a survey did not look for a species.
      species: names of the columns of `counts`, sorted.
      first_row: `[surveys]` the first row of each in the table of the occurrences,
        where other columns such as `subset` or covariates can be looked up.
    """

    surveys: tuple[str, ...]
    longitude: Float64[np.ndarray, " surveys"]
    latitude: Float64[np.ndarray, " surveys"]
    counts: Float32[np.ndarray, "surveys species"]
    species: tuple[str, ...]
    first_row: Int64[np.ndarray, " surveys"]

    def __len__(self) -> int:
        return len(self.surveys)


def survey_matrix(occurrences: Occurrences) -> SurveyMatrix:
    """The matrix of surveys and species of presence-absence tables and the like.

    A survey is what has one value of `survey`; without such a column, the rows of one
    place (to 1e-7 degree) and, where the table has it, one `eventDate`. If a survey has
    a species twice, one presence makes it present, and abundances add up.

    Args:
      occurrences: of surveys, cleaned: each row with a species and coordinates.

    Raises:
      ValueError: presence-only records, which are no surveys; rows without a species,
        coordinates or survey; a survey at two places, by name.
    """
    source, table = occurrences.source, occurrences.table
    if occurrences.kind == "presence_only":
        raise ValueError(
            f"{source}: presence-only records say nothing of absences and make no "
            "surveys; count_in_cells counts them. If each survey lists all that it "
            "found, read the file with kind='survey_lists'."
        )
    place = place_numbers(
        table["decimalLongitude"].to_numpy(), table["decimalLatitude"].to_numpy()
    )
    nameless = table["species"].cat.codes.to_numpy() < 0
    _refuse(source, nameless, "a species")
    _refuse(source, place < 0, "possible coordinates")
    group: np.ndarray
    if "survey" in table.columns:
        _refuse(source, table["survey"].isna().to_numpy(), "a survey")
        group = pd.factorize(table["survey"])[0]
    else:
        keys = table.reindex(columns=["eventDate"]).assign(place=place)
        by = ["place", "eventDate"] if "eventDate" in table.columns else ["place"]
        group = keys.groupby(by, sort=False, dropna=False).ngroup().to_numpy()
    first = np.unique(group, return_index=True)[1].astype(np.int64)
    _check_one_place(occurrences, first[group], place)
    counts = tally(occurrences, group.astype(np.int64))
    return SurveyMatrix(
        _names(table.iloc[first]),
        table["decimalLongitude"].to_numpy()[first],
        table["decimalLatitude"].to_numpy()[first],
        counts.dense(np.arange(len(first)), counts.names),
        counts.names,
        first,
    )


def _refuse(source: str, lost: Bool[np.ndarray, " rows"], what: str) -> None:
    if lost.any():
        raise ValueError(
            f"{source}: {int(lost.sum())} of {len(lost)} rows are without {what}, the "
            f"first is row {int(np.argmax(lost))}; clean the occurrences first."
        )


def _check_one_place(
    occurrences: Occurrences,
    first: Int64[np.ndarray, " rows"],
    place: Int64[np.ndarray, " rows"],
) -> None:
    """Refuses a survey with a row elsewhere than its first row."""
    apart = np.flatnonzero(place != place[first])
    if not len(apart):
        return
    table, row = occurrences.table, apart[0]
    names = table["survey"].iloc[apart].nunique()
    x, y = table["decimalLongitude"].to_numpy(), table["decimalLatitude"].to_numpy()
    raise ValueError(
        f"{occurrences.source}: survey {table['survey'].iloc[row]} is at two places, "
        f"({x[first[row]]:g}, {y[first[row]]:g}) in row {first[row]} and ({x[row]:g}, "
        f"{y[row]:g}) in row {row}; {names} surveys are. Correct the coordinates, or "
        "name another column with columns={'survey': ...}."
    )


def _names(rows: pd.DataFrame) -> tuple[str, ...]:
    """The names of surveys; place and day where they have none."""
    if "survey" in rows.columns:
        return tuple(rows["survey"].astype(str))
    x, y = rows["decimalLongitude"].tolist(), rows["decimalLatitude"].tolist()
    names = [f"({a:.10g}, {b:.10g})" for a, b in zip(x, y, strict=True)]
    if "eventDate" in rows.columns:
        days = rows["eventDate"].dt.strftime("%Y-%m-%d").fillna("without date")
        names = [f"{name} {day}" for name, day in zip(names, days, strict=True)]
    return tuple(names)
