"""Longitudes and latitudes from coordinates in any system, or in several."""

import re

import numpy as np
import pandas as pd
from jaxtyping import Float64

from jaxsdm.data.rasters.coordinate_systems import (
    LONGITUDE_LATITUDE,
    parse_crs,
    transform_points,
)

_WGS84 = ("wgs84", "wgs1984", "worldgeodeticsystem1984", "4326", "epsg:4326", "crs84")
_UNKNOWN = ("", "unknown", "notrecorded", "unk", "na", "nan", "null", "none")

Coordinates = tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]


def from_one_system(
    x: Float64[np.ndarray, " rows"], y: Float64[np.ndarray, " rows"], crs: str
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    """Longitude and latitude of points in one CRS; NaN where there is no such place.

    Coordinates that are degrees of WGS 84 already stay as they are, bit for bit, be
    they beyond the antimeridian or impossible.

    Raises:
      ValueError: PROJ does not know the CRS.
    """
    if _is_wgs84(crs):
        return x, y
    longitude, latitude = np.full_like(x, np.nan), np.full_like(y, np.nan)
    given = np.isfinite(x) & np.isfinite(y)
    there = transform_points(x[given], y[given], crs, LONGITUDE_LATITUDE)
    longitude[given], latitude[given] = there
    nowhere = ~(np.isfinite(longitude) & np.isfinite(latitude))
    longitude[nowhere] = latitude[nowhere] = np.nan
    return longitude, latitude


def from_many_systems(
    x: Float64[np.ndarray, " rows"],
    y: Float64[np.ndarray, " rows"],
    system: pd.Categorical,
    *,
    otherwise: str | None,
    file: str,
    column: str,
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    """Longitude and latitude of points that each name their CRS.

    Args:
      x: easting or longitude.
      y: northing or latitude.
      system: `"EPSG:2154"`, `"2154"`, a name or a WKT, for each row.
      otherwise: of rows that name none; None: there they are missing.
      file: for messages.
      column: of the systems, for messages.

    Raises:
      ValueError: PROJ does not know one of them; the first row with it is named.
    """
    longitude, latitude = np.full_like(x, np.nan), np.full_like(y, np.nan)
    codes = np.asarray(system.codes)
    for code in np.unique(codes):
        rows = codes == code
        name = str(system.categories[code]) if code >= 0 else ""
        crs = otherwise if _squeezed(name) in _UNKNOWN else crs_named(name)
        if crs is None:
            continue
        try:
            there = from_one_system(x[rows], y[rows], crs)
        except ValueError as error:
            raise ValueError(
                f"{file}: column {column}, row {int(rows.argmax()) + 1}: {error}"
            ) from error
        longitude[rows], latitude[rows] = there
    return longitude, latitude


def from_datums(
    longitude: Float64[np.ndarray, " rows"],
    latitude: Float64[np.ndarray, " rows"],
    datum: pd.Categorical,
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"], tuple[str, ...]]:
    """Degrees on the datums that rows name as degrees of WGS 84, and what to note.

    A datum that PROJ does not know is taken for WGS 84: the shift would be of metres
    to a few hundred, and the column is often filled carelessly.
    """
    codes, notes = np.asarray(datum.codes), []
    longitude, latitude = longitude.copy(), latitude.copy()
    for code, name in enumerate(map(str, datum.categories)):
        if _squeezed(name) in (*_WGS84, *_UNKNOWN):
            continue
        rows = codes == code
        try:
            moved = from_one_system(longitude[rows], latitude[rows], crs_named(name))
        except ValueError:
            notes.append(
                f"{rows.sum():,} rows with a datum that PROJ does not know, {name!r}, "
                f"taken as WGS 84, the first in row {int(rows.argmax()) + 1}"
            )
            continue
        longitude[rows], latitude[rows] = moved
        notes.append(f"{rows.sum():,} rows moved from datum {name} to WGS 84")
    return longitude, latitude, tuple(notes)


def crs_named(name: str) -> str:
    """A CRS as PROJ takes it: `"2154"` is `"EPSG:2154"`, `"WGS84"` is EPSG:4326."""
    name = name.strip()
    if _squeezed(name) in _WGS84:
        return LONGITUDE_LATITUDE
    return f"EPSG:{name}" if re.fullmatch(r"\d{4,6}", name) else name


def _squeezed(name: str) -> str:
    return re.sub(r"[\s_()-]", "", name.lower())


def _is_wgs84(crs: str) -> bool:
    known = parse_crs(LONGITUDE_LATITUDE)
    return crs == LONGITUDE_LATITUDE or parse_crs(crs).equals(
        known, ignore_axis_order=True
    )
