"""Coordinate reference systems by name, and points from one to another.

x is easting or longitude and y is northing or latitude everywhere, whatever order the
definition of the system lists its axes in.
"""

import functools
from typing import Any

import numpy as np
from jaxtyping import Float64

from jaxsdm.data.rasters.optional import optional

LONGITUDE_LATITUDE = "EPSG:4326"
"""What longitude and latitude mean where no other system is named: WGS 84."""


@functools.lru_cache(maxsize=256)
def parse_crs(text: str) -> Any:
    """The `pyproj.CRS` of an EPSG code, a WKT or a PROJ string.

    Raises:
      ValueError: if PROJ does not know it.
    """
    pyproj = optional("pyproj")
    try:
        return pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        shown = text if len(text) < 80 else text[:77] + "..."
        raise ValueError(
            f"{shown!r} is not a coordinate reference system that PROJ knows; give a "
            "code such as 'EPSG:4326', a WKT or a PROJ string."
        ) from error


@functools.lru_cache(maxsize=256)
def in_degrees(crs: str) -> bool:
    """Whether x is a longitude in degrees, so that x and x + 360 are one place."""
    parsed = parse_crs(crs)
    return parsed.is_geographic and parsed.axis_info[0].unit_name == "degree"


def short_crs(wkt: str) -> str:
    """The code such as `"EPSG:3035"` of a definition where it has one, else itself."""
    authority = parse_crs(wkt).to_authority(min_confidence=100)
    return ":".join(authority) if authority else wkt


def transform_points(
    x: Float64[np.ndarray, "*points"],
    y: Float64[np.ndarray, "*points"],
    source: str,
    target: str,
) -> tuple[Float64[np.ndarray, "*points"], Float64[np.ndarray, "*points"]]:
    """Points in `source` as points in `target`; infinite where there is no such place.

    The same system gives the same numbers, bit for bit.
    """
    if source == target:
        return x, y
    xs, ys = _transformer(source, target).transform(x, y)
    return np.asarray(xs, np.float64), np.asarray(ys, np.float64)


@functools.lru_cache(maxsize=256)
def _transformer(source: str, target: str) -> Any:
    return optional("pyproj").Transformer.from_crs(
        parse_crs(source), parse_crs(target), always_xy=True
    )
