"""The accessible area: where a species could have come to in the time considered.

It is the M of the BAM diagram (Soberón and Peterson 2005, doi:10.17161/bi.v2i0.4). A
background from beyond it makes a model tell regions apart rather than habitats (Barve
et al. 2011, Ecological Modelling 222, doi:10.1016/j.ecolmodel.2011.02.011).
"""

import dataclasses
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float64
from scipy.spatial import cKDTree

from jaxsdm.data.rasters.coordinate_systems import transform_points
from jaxsdm.data.surface import Surface


@runtime_checkable
class Area(Protocol):
    """A region of the map, edge included."""

    @property
    def crs(self) -> str:
        """Coordinate reference system in which `contains` wants its points."""

    def contains(
        self, x: Float64[np.ndarray, " points"], y: Float64[np.ndarray, " points"]
    ) -> Bool[np.ndarray, " points"]:
        """Whether points are in the area; those without finite coordinates are not."""


def inside(
    area: Area,
    x: Float64[np.ndarray, " points"],
    y: Float64[np.ndarray, " points"],
    crs: str = "",
) -> Bool[np.ndarray, " points"]:
    """Whether points given in any coordinate reference system are in an area.

    Args:
      area: as `buffer_area`, `convex_hull_area` and `polygon_area` give it.
      x: `[points]` in units of `crs`.
      y: `[points]`
      crs: of the points; `""` is that of the area, as is any for an area without one.
    """
    if crs and area.crs:
        x, y = transform_points(x, y, crs, area.crs)
    return area.contains(x, y)


@dataclasses.dataclass(frozen=True, eq=False)
class BufferArea:
    """All places within a distance of points; `buffer_area` makes it.

    Attributes:
      crs: coordinate reference system of the points.
      distance: along the ground, in metres if `crs` is in degrees, else in its units.
      tree: of the points, in the space of `Surface.points`.
    """

    crs: str
    distance: float
    tree: Any

    def contains(
        self, x: Float64[np.ndarray, " points"], y: Float64[np.ndarray, " points"]
    ) -> Bool[np.ndarray, " points"]:
        """Whether places are within the distance of a point."""
        surface = Surface(self.crs)
        finite = np.isfinite(x) & np.isfinite(y)
        # The tree finds what is nearer than its bound: the edge itself needs the next
        # number above.
        bound = np.nextafter(float(surface.straight(self.distance)), np.inf)
        near, _ = self.tree.query(
            surface.points(x[finite], y[finite]), distance_upper_bound=bound
        )
        within = np.zeros(len(x), bool)
        within[finite] = np.isfinite(near)
        return within


def buffer_area(
    x: Float64[np.ndarray, " records"],
    y: Float64[np.ndarray, " records"],
    distance: float | int,
    crs: str = "",
) -> BufferArea:
    """All places within a distance of records, across the antimeridian and at poles.

    Args:
      x: `[records]` in units of `crs`.
      y: `[records]`
      distance: along the ground: metres if `crs` is in degrees, else units of it.
      crs: coordinate reference system; `""` is a plane without a name.

    Raises:
      ValueError: if there is no record, a coordinate is missing or infinite, or the
        distance is negative.
    """
    check_records("buffer_area", x, y, distance)
    tree = cKDTree(Surface(crs).points(x, y))
    return BufferArea(crs, float(distance), tree)


def check_records(
    caller: str,
    x: Float64[np.ndarray, " records"],
    y: Float64[np.ndarray, " records"],
    distance: float | int,
) -> None:
    """Refuses records that nothing can be drawn around."""
    if not len(x):
        raise ValueError(f"{caller}: no records, so no area around them.")
    lost = np.flatnonzero(~np.isfinite(x + y))
    if len(lost):
        raise ValueError(
            f"{caller}: {len(lost)} of {len(x)} records without finite coordinates, "
            f"the first in row {lost[0]}; leave them out."
        )
    if not distance >= 0:
        raise ValueError(f"{caller}: a distance of at least 0, got {distance}.")
