"""Longitude and latitude in each other's place: detected, proposed, never assumed."""

import dataclasses

import numpy as np
from jaxtyping import Bool

from jaxsdm.data.occurrences.cells import locate
from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.places import is_on_earth
from jaxsdm.data.rasters import Bounds, RasterGrid, RasterStack

_NAMED = 3
"""Species that a note names."""


def suspect_swapped(
    occurrences: Occurrences, where: RasterStack | RasterGrid | Bounds | None = None
) -> Bool[np.ndarray, " rows"]:
    """Rows that are out of place as they stand, and would not be if swapped.

    Args:
      occurrences: before `clean`, which leaves such rows out.
      where: where the records should lie: rasters, or `Bounds(west, south, east,
        north)` in degrees, whose west may be greater than east across the
        antimeridian. None is the whole earth: only latitudes beyond 90 are out of
        place.

    Returns:
      True for rows to look at. Some may be right and merely elsewhere.
    """
    longitude, latitude = (
        occurrences.table[name].to_numpy()
        for name in ("decimalLongitude", "decimalLatitude")
    )
    out = np.flatnonzero(~_lies_in(where, longitude, latitude))
    suspect = np.zeros(len(longitude), bool)
    suspect[out] = _lies_in(where, latitude[out], longitude[out])
    return suspect


def swap_coordinates(
    occurrences: Occurrences, rows: Bool[np.ndarray, " rows"]
) -> Occurrences:
    """The occurrences with longitude and latitude of some rows exchanged.

    Args:
      occurrences: as read.
      rows: those to mend, such as `suspect_swapped(occurrences, stack)`.

    Returns:
      The same rows; the report has a note of how many were mended.

    Raises:
      ValueError: the mask is not one bool a row.
    """
    if rows.shape != (len(occurrences),):
        raise ValueError(
            f"swap_coordinates: one bool for each of {len(occurrences)} rows, got "
            f"shape {rows.shape}."
        )
    table = occurrences.table
    longitude, latitude = table["decimalLongitude"], table["decimalLatitude"]
    mended = table.assign(
        decimalLongitude=longitude.where(~rows, latitude),
        decimalLatitude=latitude.where(~rows, longitude),
    )
    said = f"Longitude and latitude of {int(rows.sum())} rows were exchanged."
    return dataclasses.replace(occurrences, table=mended).note(said)


def note_of_swapped(
    occurrences: Occurrences, where: RasterStack | RasterGrid | None
) -> str:
    """What a report should say of suspect rows; empty if there are none."""
    suspect = suspect_swapped(occurrences, where)
    if not suspect.any():
        return ""
    rows = occurrences.table[suspect]
    species = sorted(map(str, rows["species"].dropna().unique()))
    more = ", ..." if len(species) > _NAMED else ""
    of = f" (of {', '.join(species[:_NAMED])}{more})" if species else ""
    which = "with impossible coordinates" if where is None else "outside the rasters"
    fine = "possible" if where is None else "inside"
    given = "" if where is None else ", rasters"
    first = rows[["decimalLongitude", "decimalLatitude"]].iloc[0]
    return (
        f"{len(rows)} rows {which}{of} would be {fine} with longitude and latitude "
        f"exchanged; the first is at longitude {first.iloc[0]:g}, latitude "
        f"{first.iloc[1]:g}. If they are swapped, mend them before cleaning: "
        "swap_coordinates(occurrences, suspect_swapped(occurrences"
        f"{given}))."
    )


def _lies_in(
    where: RasterStack | RasterGrid | Bounds | None,
    longitude: np.ndarray,
    latitude: np.ndarray,
) -> Bool[np.ndarray, " rows"]:
    if isinstance(where, RasterStack):
        where = where.grid
    if isinstance(where, RasterGrid):
        return locate(where, longitude, latitude)[1]
    on_earth = is_on_earth(longitude, latitude)
    if where is None:
        return on_earth
    west, south, east, north = where
    width = east - west if east - west == 360 else (east - west) % 360
    along = (latitude >= south) & (latitude <= north)
    return on_earth & along & ((longitude - west) % 360 <= width)
