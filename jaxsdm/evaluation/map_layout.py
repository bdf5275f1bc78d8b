"""The shape of maps: edges of rasters, and degrees that shrink towards the poles."""

from typing import Protocol

import numpy as np

from jaxsdm.data import Grid
from jaxsdm.evaluation import canvas


class Located(Protocol):
    """Places in a coordinate system, such as a `SiteTable`."""

    @property
    def x(self) -> np.ndarray:
        """`[places]` easting or longitude."""

    @property
    def y(self) -> np.ndarray:
        """`[places]` northing or latitude."""

    @property
    def crs(self) -> str:
        """Coordinate reference system of x and y."""


def map_aspect(places: Located) -> float:
    """Length of a unit of y over that of a unit of x: degrees shrink polewards."""
    if canvas.axis_labels(places.crs)[0] != "longitude (°)":
        return 1.0
    return float(1 / np.cos(np.deg2rad(np.clip(np.mean(places.y), -80, 80))))


def map_height_over_width(places: Located) -> float:
    """Height of a map of these places over its width, from .4 to 2.5."""
    width, height = np.ptp(places.x), np.ptp(places.y) * map_aspect(places)
    return float(np.clip(height / width, 0.4, 2.5)) if width > 0 else 1.0


def map_extent(grid: Grid) -> tuple[float, float, float, float]:
    """Outer edges of a raster: left, right, bottom, top."""

    def edges(
        centres: np.ndarray, index: np.ndarray, count: int
    ) -> tuple[float, float]:
        low, high = np.argmin(index), np.argmax(index)
        span = max(int(index[high] - index[low]), 1)
        size = (centres[high] - centres[low]) / span or 1.0
        start = centres[low] - (index[low] + 0.5) * size
        return float(start), float(start + count * size)

    left, right = edges(grid.sites.x, grid.column, grid.shape[1])
    top, bottom = edges(grid.sites.y, grid.row, grid.shape[0])
    return left, right, bottom, top
