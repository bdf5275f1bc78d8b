"""Filters by where a record is said to be."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64
from scipy.spatial import cKDTree

from jaxsdm.data.occurrences.cells import locate
from jaxsdm.data.occurrences.filter import Filter
from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.places import is_on_earth
from jaxsdm.data.rasters import RasterGrid, RasterStack
from jaxsdm.data.rasters.coordinate_systems import LONGITUDE_LATITUDE
from jaxsdm.data.surface import Surface

_CHUNK = 2**18
"""Points looked up, and cells read, at once."""

_Degrees = Float64[np.ndarray, " rows"]


def missing_coordinates() -> Filter:
    """Rows without a longitude or a latitude."""

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        longitude, latitude = _coordinates(occurrences)
        return ~(np.isfinite(longitude) & np.isfinite(latitude))

    return Filter("missing coordinates", lost)


def impossible_coordinates() -> Filter:
    """Rows with a latitude beyond 90 degrees, or a longitude outside -180..360."""

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        longitude, latitude = _coordinates(occurrences)
        known = np.isfinite(longitude) & np.isfinite(latitude)
        return known & ~is_on_earth(longitude, latitude)

    return Filter("impossible coordinates", lost)


def zero_coordinates(tolerance_degrees: float | int = 0.0) -> Filter:
    """Rows at longitude 0, latitude 0: mostly numbers that nobody filled in.

    Args:
      tolerance_degrees: how far each coordinate may be from 0.
    """

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        longitude, latitude = _coordinates(occurrences)
        from_greenwich = np.minimum(np.abs(longitude), np.abs(longitude - 360))
        near = from_greenwich <= tolerance_degrees
        return near & (np.abs(latitude) <= tolerance_degrees)

    return Filter("coordinates (0, 0)", lost)


def equal_coordinates() -> Filter:
    """Rows whose longitude and latitude are one number: often a mistake of entry."""

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        longitude, latitude = _coordinates(occurrences)
        return longitude == latitude

    return Filter("longitude equal to latitude", lost)


def low_precision(decimals: int) -> Filter:
    """Rows whose coordinates both have fewer decimals: cells of a coarse atlas.

    Args:
      decimals: at least so many in one of them; with 2, the row at (4.3, 50.8) goes
        and that at (4.31, 50.8) stays. 2 decimals are about a kilometre.

    Raises:
      ValueError: fewer than 1.
    """
    if decimals < 1:
        raise ValueError(f"low_precision: decimals of at least 1, got {decimals}.")
    scale = 10.0 ** (decimals - 1)

    def is_round(degrees: _Degrees) -> Bool[np.ndarray, " rows"]:
        return np.abs(degrees * scale - np.rint(degrees * scale)) < 1e-6

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        longitude, latitude = _coordinates(occurrences)
        return is_round(longitude) & is_round(latitude)

    return Filter(f"coordinates of fewer than {decimals} decimals", lost)


def near(places: npt.ArrayLike, metres: float | int, name: str) -> Filter:
    """Rows near places that stand for something else than where the species was.

    Centroids of countries, capitals, museums and botanical gardens gather records of
    unknown origin (Zizka et al. 2019, 10.1111/2041-210X.13152).

    Args:
      places: `[places, 2]` longitude and latitude, degrees, WGS 84.
      metres: up to this distance along the ground a row is left out.
      name: what they are, for the report: `"a country centroid"`.

    Raises:
      ValueError: no places, or such as are nowhere on earth.
    """
    points = np.asarray(places, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(
            f"near {name}: places as [places, 2] longitude and latitude, at least one, "
            f"got shape {points.shape}."
        )
    wrong = ~is_on_earth(points[:, 0], points[:, 1])
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"near {name}: place {row} is at longitude {points[row, 0]:g}, latitude "
            f"{points[row, 1]:g}: swapped, or not in degrees?"
        )
    surface = Surface(LONGITUDE_LATITUDE)
    tree = cKDTree(surface.points(points[:, 0], points[:, 1]))
    # The bound of a query is open; a micrometre more than rounding takes from points.
    reach = float(surface.straight(metres)) + 1e-6

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        longitude, latitude = _coordinates(occurrences)
        found = np.zeros(len(longitude), bool)
        known = np.flatnonzero(is_on_earth(longitude, latitude))
        for start in range(0, len(known), _CHUNK):
            rows = known[start : start + _CHUNK]
            here = surface.points(longitude[rows], latitude[rows])
            distance, _ = tree.query(here, distance_upper_bound=reach)
            found[rows] = np.isfinite(distance)
        return found

    return Filter(f"within {metres:g} m of {name}", lost)


def outside(rasters: RasterStack | RasterGrid) -> Filter:
    """Rows that are in no cell of the rasters; the right and lower edge are outside."""
    grid = rasters.grid if isinstance(rasters, RasterStack) else rasters

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        return ~locate(grid, *_coordinates(occurrences))[1]

    return Filter("outside the rasters", lost)


def without_data(stack: RasterStack) -> Filter:
    """Rows in cells where a band has no data: in the sea, for most rasters.

    One band is enough: a model needs them all. To ask only some of them, pass
    `stack.select([...])`. Rows outside the rasters have no data either.
    """

    def lost(occurrences: Occurrences) -> Bool[np.ndarray, " rows"]:
        cell, _ = locate(stack.grid, *_coordinates(occurrences))
        # Cell -1, of rows outside, is in row -1 of the raster: without data.
        cells, row_of = np.unique(cell, return_inverse=True)
        valid = np.zeros(len(cells), bool)
        for start in range(0, len(cells), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            x, y = stack.grid.center(*np.divmod(cells[chunk], stack.grid.width))
            valid[chunk] = stack.sample(x=x, y=y)[1].all(axis=1)
        return ~valid[row_of]

    return Filter("without data in the rasters (in the sea)", lost)


def _coordinates(occurrences: Occurrences) -> tuple[_Degrees, _Degrees]:
    table = occurrences.table
    return (
        table["decimalLongitude"].to_numpy(),
        table["decimalLatitude"].to_numpy(),
    )
