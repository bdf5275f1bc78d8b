"""Accessible areas with an outline: a hull around records, or given polygons."""

import dataclasses
import os
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64

from jaxsdm.data.rasters.coordinate_systems import (
    in_degrees,
    parse_crs,
    transform_points,
)
from jaxsdm.data.rasters.optional import optional
from jaxsdm.data.sampling.area import check_records
from jaxsdm.data.surface import Surface

_FULL_CIRCLE = 360.0


@dataclasses.dataclass(frozen=True, eq=False)
class ShapeArea:
    """The places in a shape on a plane.

    Attributes:
      crs: coordinate reference system in which points come.
      plane: coordinate reference system of the shape; `crs` itself for polygons.
      shape: a shapely geometry.
    """

    crs: str
    plane: str
    shape: Any

    def contains(
        self, x: Float64[np.ndarray, " points"], y: Float64[np.ndarray, " points"]
    ) -> Bool[np.ndarray, " points"]:
        """Whether places are in the shape or on its edge."""
        shapely = optional("shapely")
        x, y = transform_points(x, y, self.crs, self.plane)
        finite = np.isfinite(x) & np.isfinite(y)
        if self.plane and in_degrees(self.plane):
            x = self._in_span(x)
        within = np.zeros(len(x), bool)
        within[finite] = shapely.intersects_xy(self.shape, x[finite], y[finite])
        return within

    def _in_span(
        self, longitude: Float64[np.ndarray, " points"]
    ) -> Float64[np.ndarray, " points"]:
        """Longitudes beyond the shape as the same meridians 360 degrees further."""
        west, _, east, _ = self.shape.bounds
        with np.errstate(invalid="ignore"):
            outside = (longitude < west) | (longitude > east)
            turned = west + np.mod(longitude - west, _FULL_CIRCLE)
        return np.where(outside, turned, longitude)


def convex_hull_area(
    x: Float64[np.ndarray, " records"],
    y: Float64[np.ndarray, " records"],
    crs: str = "",
    *,
    buffer: float | int = 0,
) -> ShapeArea:
    """The smallest convex shape that holds all records: the minimum convex polygon.

    In degrees the hull is drawn in a Lambert azimuthal equal-area projection around the
    mean place of the records, so that it is right across the antimeridian and around
    poles. Far from that place, lines of the projection bend on the globe: for records
    over more than a continent or two a buffer or a polygon says better what is meant.

    Args:
      x: `[records]` in units of `crs`.
      y: `[records]`
      crs: coordinate reference system; `""` is a plane without a name.
      buffer: width of a belt around the hull: metres (of the projection) if `crs` is in
        degrees, else units of it.

    Raises:
      ValueError: if there is no record, a coordinate is missing or infinite, the
        buffer is negative, or records all over the globe have no mean place.
    """
    check_records("convex_hull_area", x, y, buffer)
    shapely = optional("shapely")
    plane = _plane_around(x, y, crs) if Surface(crs).is_sphere else crs
    points = np.stack(transform_points(x, y, crs, plane), axis=1)
    hull = shapely.convex_hull(shapely.multipoints(points))
    if buffer:
        hull = shapely.buffer(hull, float(buffer), quad_segs=32)
    shapely.prepare(hull)
    return ShapeArea(crs, plane, hull)


def polygon_area(
    source: str | os.PathLike[str] | Any,
    crs: str = "",
    *,
    layer: str | None = None,
) -> ShapeArea:
    """Polygons, of a file or of shapely, as one area.

    Args:
      source: path of a GeoJSON, GeoPackage, shapefile or whatever GDAL reads, all of
        whose polygons count; or a shapely geometry.
      crs: coordinate reference system of a shapely geometry, or of a file that does not
        tell its own.
      layer: of a file with several; None is the first.

    Raises:
      ValueError: if there are no polygons, or `crs` is given for a file that has one
        that is not the same.
    """
    shapely = optional("shapely")
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        shapes, crs = _read_shapes(name, crs, layer)
    else:
        name, shapes = "polygon_area", np.atleast_1d(np.asarray(source))
    shapes = shapely.get_parts(shapely.make_valid(shapes))
    polygons = shapes[shapely.get_dimensions(shapes) == 2]
    polygons = polygons[~shapely.is_empty(polygons)]
    if not len(polygons):
        raise ValueError(
            f"{name}: {len(shapes)} shapes and no polygon among them; an area wants "
            "polygons. Lines and points can be widened by shapely.buffer."
        )
    shape = shapely.union_all(polygons)
    shapely.prepare(shape)
    return ShapeArea(crs, crs, shape)


def _read_shapes(path: str, crs: str, layer: str | None) -> tuple[Any, str]:
    """Shapes of a file (an array of them), and their coordinate reference system."""
    meta, _, shapes, _ = optional("pyogrio.raw").read(path, layer=layer, columns=[])
    told = meta["crs"] or ""
    if crs and told and parse_crs(crs) != parse_crs(told):
        raise ValueError(
            f"{path}: its coordinate reference system is {told[:60]}, not {crs[:60]}; "
            "leave crs out."
        )
    return optional("shapely").from_wkb(shapes), told or crs


def _plane_around(
    x: Float64[np.ndarray, " records"], y: Float64[np.ndarray, " records"], crs: str
) -> str:
    """An equal-area plane that touches the globe at the mean place of records."""
    middle = Surface(crs).points(x, y).mean(axis=0)
    east, north, up = middle
    ring = np.hypot(east, north)
    if np.hypot(ring, up) < 1.0:  # metre: opposite places cancel
        raise ValueError(
            f"convex_hull_area: {len(x)} records around the whole globe have no middle "
            "to draw a hull around; use buffer_area or polygon_area."
        )
    longitude, latitude = np.rad2deg([np.arctan2(north, east), np.arctan2(up, ring)])
    return (
        f"+proj=laea +lon_0={longitude:.9f} +lat_0={latitude:.9f} +datum=WGS84 "
        "+units=m +type=crs"
    )
