"""Distances between places: along the globe where coordinates are degrees.

Longitudes and latitudes become points of a sphere in space, so that neighbours are
found across the antimeridian and at the poles, and a kilometre is one at any latitude.
Straight distances in space order as those along the ground do, hence trees of
neighbours (`scipy.spatial.cKDTree`) can be built on the points.
"""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float64

from jaxsdm.data.rasters.coordinate_systems import in_degrees, parse_crs

EARTH_RADIUS = 6_371_008.8
"""Mean radius of the WGS 84 ellipsoid, in metres; distances err by .6 % at most."""


@dataclasses.dataclass(frozen=True)
class Surface:
    """What distances are measured on.

    Attributes:
      crs: coordinate reference system of x and y. Distances are metres if it is one of
        degrees, otherwise units of it; `""` is a plane without a name.

    Raises:
      ValueError: when used, if PROJ does not know the CRS.
    """

    crs: str = ""

    @functools.cached_property
    def is_sphere(self) -> bool:
        """Whether x and y are longitude and latitude in degrees."""
        return bool(self.crs) and in_degrees(self.crs)

    @property
    def unit(self) -> str:
        """Of distances, for labels and messages: `"m"`, or what the CRS counts in."""
        if self.is_sphere:
            return "m"
        if not self.crs:
            return "map units"
        axes = parse_crs(self.crs).axis_info
        unit = axes[0].unit_name if axes else f"units of {self.crs}"
        return "m" if unit == "metre" else unit

    def points(
        self, x: Float64[np.ndarray, " points"], y: Float64[np.ndarray, " points"]
    ) -> Float64[np.ndarray, "points dimensions"]:
        """Places in the space where distances are straight: 3 metres, or x and y."""
        if not self.is_sphere:
            return np.stack([x, y], axis=1)
        longitude, latitude = np.deg2rad(x), np.deg2rad(y)
        ring = EARTH_RADIUS * np.cos(latitude)
        height = EARTH_RADIUS * np.sin(latitude)
        return np.stack(
            [ring * np.cos(longitude), ring * np.sin(longitude), height], axis=1
        )

    def straight(
        self, along: Float64[np.ndarray, "*shape"] | float | int
    ) -> Float64[np.ndarray, "*shape"]:
        """Distances along the ground as straight ones between `points`."""
        along = np.asarray(along, np.float64)
        if not self.is_sphere:
            return along
        angle = np.minimum(along / EARTH_RADIUS, np.pi)
        return np.asarray(2 * EARTH_RADIUS * np.sin(angle / 2))

    def along(
        self, straight: Float64[np.ndarray, "*shape"] | float | int
    ) -> Float64[np.ndarray, "*shape"]:
        """Straight distances between `points` as those along the ground."""
        straight = np.asarray(straight, np.float64)
        if not self.is_sphere:
            return straight
        half = np.minimum(straight / (2 * EARTH_RADIUS), 1.0)
        return np.asarray(2 * EARTH_RADIUS * np.arcsin(half))
