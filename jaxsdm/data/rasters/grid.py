"""Where the cells of a raster lie: the one place that turns points into cells.

The convention is "pixel is area", half-open: cell `(row, column)` covers the points
whose row coordinate is in `[row, row + 1)` and whose column coordinate is in
`[column, column + 1)`. In a north-up raster a point on the edge between two cells
belongs to the eastern, southern one; the left and upper edge of the raster are inside
and its right and lower edge are outside. South-up and rotated rasters follow from
their transform: row 0 is the first row as stored.
"""

import dataclasses
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float64, Int64

from jaxsdm.data.rasters import coordinate_systems

_ON_EDGE = 1e-6
"""A point this near an edge, in cells, lies on it: 1/120 degree has no exact float."""

_SAME = 0.01
"""Grids are the same if no corner is off by more, in cells. Releases of one climatology
write 1/120 with 10 to 16 digits: up to 2e-4 of a cell over 43,200 columns."""

_FULL_CIRCLE = 360.0


class Bounds(NamedTuple):
    """Smallest upright box around a raster, in units of its CRS."""

    left: float
    bottom: float
    right: float
    top: float


@dataclasses.dataclass(frozen=True)
class RasterGrid:
    """Coordinate system, affine transform and size of a raster.

    Attributes:
      crs: coordinate reference system, such as `"EPSG:4326"`, a WKT or a PROJ string.
      transform: `(a, b, c, d, e, f)` of `x = a column + b row + c` and
        `y = d column + e row + f`, in units of `crs`; (0, 0) is the outer corner of
        the first cell. North-up: `b = d = 0`, `a > 0`, `e < 0`.
      height: number of rows.
      width: number of columns.

    Raises:
      ValueError: if the CRS is unknown, the transform has no inverse or a size is below
        1.
    """

    crs: str
    transform: tuple[float, float, float, float, float, float]
    height: int
    width: int

    def __post_init__(self) -> None:
        numbers = tuple(float(v) for v in self.transform)[:6]
        object.__setattr__(self, "transform", numbers)
        object.__setattr__(self, "height", int(self.height))
        object.__setattr__(self, "width", int(self.width))
        coordinate_systems.parse_crs(self.crs)
        if len(numbers) != 6 or not np.isfinite(numbers).all() or not self._determinant:
            raise ValueError(
                "RasterGrid: the transform is six finite numbers a, b, c, d, e, f "
                f"with a e - b d not 0, got {numbers}."
            )
        if self.height < 1 or self.width < 1:
            raise ValueError(
                f"RasterGrid: at least 1 row and 1 column, got {self.height} rows and "
                f"{self.width} columns."
            )

    def __str__(self) -> str:
        a, b, c, d, e, f = self.transform
        turned = f", turned ({b:.10g}, {d:.10g})" if b or d else ""
        crs = self.crs if len(self.crs) < 40 else coordinate_systems.parse_crs(self.crs)
        name = crs if isinstance(crs, str) else crs.name
        return (
            f"{self.height} rows x {self.width} columns of {a:.10g} x {e:.10g}{turned} "
            f"from ({c:.10g}, {f:.10g}) in {name}"
        )

    @property
    def bounds(self) -> Bounds:
        """Least and greatest x and y of the four corners."""
        x, y = self._xy(*self._corners())
        return Bounds(*(float(v) for v in (x.min(), y.min(), x.max(), y.max())))

    @property
    def is_global(self) -> bool:
        """Whether the columns go once around the globe, so that the ends meet."""
        a, _, _, d, _, _ = self.transform
        if d or not coordinate_systems.in_degrees(self.crs):
            return False
        return abs(abs(a) * self.width - _FULL_CIRCLE) <= _SAME * abs(a)

    def row_column(
        self, x: npt.ArrayLike, y: npt.ArrayLike, *, wrap: bool = False
    ) -> tuple[
        Int64[np.ndarray, "*points"],
        Int64[np.ndarray, "*points"],
        Bool[np.ndarray, "*points"],
    ]:
        """The cell of each point, and whether it is a cell of this raster.

        Args:
          x: eastings or longitudes, in units of `crs`.
          y: northings or latitudes, of the same shape.
          wrap: take longitudes modulo 360. Otherwise -10 is outside a raster of 0 to
            360.

        Returns:
          Row and column, which run on beyond the raster (negative before its first
          row), and True where they are inside. Points without finite coordinates are
          outside, with row and column -1.

        Raises:
          ValueError: if the shapes differ, or `wrap` is asked of a grid whose x is no
            longitude.
        """
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        if x.shape != y.shape:
            raise ValueError(
                f"RasterGrid.row_column: x and y of one shape, got {x.shape} and "
                f"{y.shape}."
            )
        if wrap:
            x = self.wrap_longitude(x)
        row, column = self.pixel_coordinates(x, y)
        finite = np.isfinite(row) & np.isfinite(column)
        row, column = (_cell(np.where(finite, v, -1.0)) for v in (row, column))
        inside = (row >= 0) & (row < self.height)
        inside = inside & (column >= 0) & (column < self.width) & finite
        return row, column, np.asarray(inside)

    def pixel_coordinates(
        self, x: Float64[np.ndarray, "*points"], y: Float64[np.ndarray, "*points"]
    ) -> tuple[Float64[np.ndarray, "*points"], Float64[np.ndarray, "*points"]]:
        """Row and column of points as real numbers: (0.5, 0.5) is the first centre."""
        a, b, c, d, e, f = self.transform
        if b == 0 and d == 0:
            return np.asarray((y - f) / e), np.asarray((x - c) / a)
        with np.errstate(invalid="ignore"):
            east, north = x - c, y - f
            column = (e * east - b * north) / self._determinant
            row = (a * north - d * east) / self._determinant
        return np.asarray(row), np.asarray(column)

    def center(
        self, row: npt.ArrayLike, column: npt.ArrayLike
    ) -> tuple[Float64[np.ndarray, "*cells"], Float64[np.ndarray, "*cells"]]:
        """Coordinates x and y of the middle of cells, inside the raster or not."""
        row, column = np.asarray(row, np.float64), np.asarray(column, np.float64)
        return self._xy(np.asarray(row + 0.5), np.asarray(column + 0.5))

    def wrap_longitude(
        self, longitude: Float64[np.ndarray, "*points"]
    ) -> Float64[np.ndarray, "*points"]:
        """Longitudes in the span of this raster, the same meridians.

        A raster of 0 to 360 gets -10 as 350; one of 170 to 190, across the
        antimeridian, gets -175 as 185. What lies in the raster stays as it is, bit for
        bit.

        Raises:
          ValueError: if x is not a longitude in degrees.
        """
        if not coordinate_systems.in_degrees(self.crs):
            raise ValueError(
                f"Only longitudes in degrees go around; {self.crs[:60]} has none."
            )
        west, _, east, _ = self.bounds
        # A point on an edge whose coordinate was rounded is on it all the same, here
        # as in `row_column`. The edge that is inside is that of the first column.
        near = _ON_EDGE * (east - west) / self.width
        with np.errstate(invalid="ignore"):
            if self.transform[0] >= 0:
                west, east = west - near, east - near
                turns = np.ceil((west - longitude) / _FULL_CIRCLE)
                away = (longitude < west) | (longitude >= east)
            else:  # columns run from east to west
                west, east = west + near, east + near
                turns = np.floor((east - longitude) / _FULL_CIRCLE)
                away = (longitude <= west) | (longitude > east)
            moved = longitude + _FULL_CIRCLE * turns
        return np.where(away & np.isfinite(longitude), moved, longitude)

    def reproject_points(
        self, longitude: npt.ArrayLike, latitude: npt.ArrayLike
    ) -> tuple[Float64[np.ndarray, "*points"], Float64[np.ndarray, "*points"]]:
        """Longitude and latitude (WGS 84, degrees) as x and y in this grid's CRS.

        Longitudes are angles: they come out in the span of the raster
        (`wrap_longitude`).

        Raises:
          ValueError: if the shapes differ, or a longitude is outside -180 to 360 or a
            latitude outside -90 to 90: they are often swapped or in metres.
        """
        longitude = np.asarray(longitude, np.float64)
        latitude = np.asarray(latitude, np.float64)
        if longitude.shape != latitude.shape:
            raise ValueError(
                "Longitude and latitude of one shape, got "
                f"{longitude.shape} and {latitude.shape}."
            )
        for name, values, low, high in (
            ("longitude", longitude, -180.0, 360.0),
            ("latitude", latitude, -90.0, 90.0),
        ):
            odd = np.flatnonzero((values < low) | (values > high))
            if len(odd):
                raise ValueError(
                    f"{len(odd)} of {values.size} points have a {name} outside "
                    f"{low:g} to {high:g}, the first {values.flat[odd[0]]:g} at "
                    f"position {odd[0]}: swapped, or not in degrees?"
                )
        return self.project_points(
            longitude, latitude, coordinate_systems.LONGITUDE_LATITUDE
        )

    def project_points(
        self,
        x: Float64[np.ndarray, "*points"],
        y: Float64[np.ndarray, "*points"],
        crs: str,
    ) -> tuple[Float64[np.ndarray, "*points"], Float64[np.ndarray, "*points"]]:
        """Points in `crs` as x and y in this grid's CRS, longitudes in its span."""
        x, y = coordinate_systems.transform_points(x, y, crs, self.crs)
        if coordinate_systems.in_degrees(self.crs):
            x = self.wrap_longitude(x)
        return x, y

    def window(self, row: int, column: int, height: int, width: int) -> "RasterGrid":
        """The grid of a window, which may reach beyond this one."""
        a, b, _, d, e, _ = self.transform
        x, y = self._xy(np.asarray(row, np.float64), np.asarray(column, np.float64))
        return RasterGrid(self.crs, (a, b, float(x), d, e, float(y)), height, width)

    def matches(self, other: "RasterGrid") -> bool:
        """Whether both have the same cells, to a hundredth of a cell."""
        return self.offset_of(other) == (0, 0) and (
            (self.height, self.width) == (other.height, other.width)
        )

    def offset_of(self, other: "RasterGrid") -> tuple[int, int] | None:
        """Row and column in this grid of the first cell of another, or None.

        None where the other does not have the same cells to a hundredth of a cell:
        it is shifted by a part of one, has other sizes or another CRS. Two names of one
        CRS (`EPSG:4326`, `OGC:CRS84`) are one: what counts is where points go.
        """
        row, column = other._corners()
        x, y = coordinate_systems.transform_points(
            *other._xy(row, column), other.crs, self.crs
        )
        row_here, column_here = self.pixel_coordinates(x, y)
        if not (np.isfinite(row_here).all() and np.isfinite(column_here).all()):
            return None
        shift = round(float(row_here[0])), round(float(column_here[0]))
        off = np.abs([row_here - row - shift[0], column_here - column - shift[1]])
        return shift if float(off.max()) <= _SAME else None

    @property
    def _determinant(self) -> float:
        a, b, _, d, e, _ = self.transform
        return a * e - b * d

    def _xy(
        self, row: npt.NDArray[np.float64], column: npt.NDArray[np.float64]
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        a, b, c, d, e, f = self.transform
        if b == 0 and d == 0:  # no 0 * row: infinite rows would give nan
            x, y = a * column + c, e * row + f
        else:
            x, y = a * column + b * row + c, d * column + e * row + f
        return np.asarray(x), np.asarray(y)

    def _corners(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        row = np.array([0.0, 0.0, self.height, self.height])
        return row, np.array([0.0, self.width, 0.0, self.width])


def _cell(coordinate: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    nearest = np.round(coordinate)
    on_edge = np.abs(coordinate - nearest) < _ON_EDGE
    cell = np.where(on_edge, nearest, np.floor(coordinate))
    limit = math.ldexp(1.0, 62)  # beyond any raster, within int64
    return np.asarray(np.clip(cell, -limit, limit), np.int64)
