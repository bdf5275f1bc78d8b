"""What a patch is: how many cells, how far apart, and where around a place.

A place is a cell `(row, column)` of the raster, as whole numbers, or a point in pixel
coordinates, as real numbers: (0.5, 0.5) is the middle of the first cell
(`RasterGrid.pixel_coordinates`). Tools differ in where they set a window of an even
number of cells, and differ from themselves (torchgeo's path and the raster provider of
MALPOLON); here it is a choice with a name.
"""

import dataclasses
import math

import numpy as np
import numpy.typing as npt
from jaxtyping import Int64

from jaxsdm.data.rasters import RasterGrid, coordinate_systems

_CONVENTIONS = ("cell", "point")

_METRES_PER_DEGREE = 6_371_008.8 * math.pi / 180
"""On the sphere of the IUGG's mean radius (Moritz 2000, doi:10.1007/s001900050278);
0.7 % from the ellipsoid at most."""


@dataclasses.dataclass(frozen=True)
class Window:
    """Size, spacing and position of patches.

    What reaches beyond the raster is not valid, in every tier, and that goes for the
    antimeridian too: a patch at 179.9° E of a raster of the globe has nothing in its
    eastern half. Where that matters, open the stack on a grid that goes on for `n`
    columns at both ends, which are then exact copies of those at the other end:
    `open_stack(..., template=grid.window(0, -n, grid.height, grid.width + 2 * n))`.

    Attributes:
      size: rows and columns of the patch; one number for both.
      step: every step-th cell of the raster is taken, so that a patch of the same size
        shows a larger surrounding; one number for both axes. Cells are picked, not
        averaged: for averages, open the stack on a coarser grid.
      convention: `"cell"`: the cell that the place lies in comes to row `size // 2` and
        column `size // 2` of the patch, `floor(place) - size // 2` being its first
        cell. `"point"`: the patch whose middle is nearest to the point itself,
        `round(place - size / 2)`, halves upwards. They agree for cells and odd sizes;
        for a cell and an even size `"point"` brings it to `size // 2 - 1`.

    Raises:
      ValueError: if a size or step is below 1, or the convention is unknown.

    >>> Window(4).first([10.7], axis=0)
    array([8])
    >>> Window(4, convention="point").first([10.7], axis=0)
    array([9])
    """

    size: int | tuple[int, int]
    step: int | tuple[int, int] = 1
    convention: str = "cell"

    def __post_init__(self) -> None:
        for name in ("size", "step"):
            pair = _pair(getattr(self, name), name)
            object.__setattr__(self, name, pair if pair[0] != pair[1] else pair[0])
        if self.convention not in _CONVENTIONS:
            raise ValueError(
                f"Window: unknown convention {self.convention!r}; known: "
                f"{', '.join(_CONVENTIONS)}."
            )

    @classmethod
    def of_metres(
        cls,
        side_m: float,
        grid: RasterGrid,
        *,
        cells: int | None = None,
        latitude: float | None = None,
        convention: str = "cell",
    ) -> "Window":
        """The window of a given length of side on the ground.

        Patches have the same number of cells everywhere, so on a grid of degrees the
        width is right at one latitude: at 60° N a window made for 50° N is 22 % too
        narrow. Metres of a projected grid are those of its map: of EPSG:3857 they are
        not metres on the ground.

        Args:
          side_m: length of the sides in metres.
          grid: of the raster.
          cells: rows and columns of the patch, taken as many steps apart as the side
            needs; by default every cell is taken.
          latitude: degrees, where the width is to hold; that of the middle of the grid
            by default. Only for grids of degrees.
          convention: see the class.

        Returns:
          The window nearest to it in whole cells. On a grid of degrees it has more
          columns than rows, or a larger step along them.

        Raises:
          ValueError: if the side is no length above 0, or shorter than half a cell, or
            than half of `cells` cells, or the latitude is none.
        """
        if not (math.isfinite(side_m) and side_m > 0):
            raise ValueError(
                f"Window.of_metres: a length of side above 0 m, got {side_m}."
            )
        if cells is not None and cells < 1:
            raise ValueError(f"Window.of_metres: cells from 1, got {cells}.")
        heights = cell_size_m(grid, latitude)
        wanted = [side_m / (length * (cells or 1)) for length in heights]
        if min(wanted) < 0.5:
            raise ValueError(
                f"Window.of_metres: {side_m:g} m is less than half of {cells or 1} "
                f"cells of {heights[0]:.4g} x {heights[1]:.4g} m."
            )
        rounded = (math.floor(wanted[0] + 0.5), math.floor(wanted[1] + 0.5))
        if cells is None:
            return cls(rounded, 1, convention)
        return cls(cells, rounded, convention)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the patch."""
        return _pair(self.size, "size")

    @property
    def steps(self) -> tuple[int, int]:
        """Cells of the raster from one row, and from one column, to the next."""
        return _pair(self.step, "step")

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns of the raster from the first cell to the last."""
        (rows, columns), (down, across) = self.shape, self.steps
        return (rows - 1) * down + 1, (columns - 1) * across + 1

    @property
    def before(self) -> tuple[int, int]:
        """Rows above and columns left of the cell of the place."""
        if self.convention == "cell":
            (rows, columns), (down, across) = self.shape, self.steps
            return rows // 2 * down, columns // 2 * across
        return (self.extent[0] - 1) // 2, (self.extent[1] - 1) // 2

    @property
    def is_square(self) -> bool:
        """Whether a quarter turn keeps its shape."""
        return self.shape[0] == self.shape[1]

    def cells(
        self, places: npt.ArrayLike, *, axis: int
    ) -> Int64[np.ndarray, "*places"]:
        """The cells whose windows are those of the places.

        Args:
          places: rows or columns, whole or real numbers; see the module.
          axis: 0 for rows, 1 for columns.

        Raises:
          TypeError: if they are no numbers.
          ValueError: if one is not finite.
        """
        found = np.asarray(places)
        if found.dtype.kind in "iu":
            return np.asarray(found, np.int64)
        if found.dtype.kind != "f":
            raise TypeError(f"Window: rows or columns as numbers, got {found.dtype}.")
        if not np.isfinite(found).all():
            odd = np.flatnonzero(~np.isfinite(found))
            raise ValueError(
                f"Window: {len(odd)} of {found.size} places have a "
                f"{('row', 'column')[axis]} that is not finite, the first at position "
                f"{odd[0]}."
            )
        real = found.astype(np.float64)
        if self.convention == "cell":
            return np.asarray(np.floor(real), np.int64)
        first = np.floor(real - self.extent[axis] / 2 + 0.5)
        return np.asarray(first, np.int64) + self.before[axis]

    def first(
        self, places: npt.ArrayLike, *, axis: int
    ) -> Int64[np.ndarray, "*places"]:
        """The first row (axis 0) or column (axis 1) of the windows; perhaps negative.

        Args and errors as those of `cells`.
        """
        return np.asarray(self.cells(places, axis=axis) - self.before[axis])


def cell_size_m(grid: RasterGrid, latitude: float | None = None) -> tuple[float, float]:
    """Height and width of a cell in metres.

    Args:
      grid: projected, in metres or another unit of length; or in degrees, taken for
        those of a sphere.
      latitude: degrees, where the width of a cell of degrees is asked for; that of the
        middle of the grid by default.

    Raises:
      ValueError: if the latitude is not between -90 and 90.
    """
    a, b, _, d, e, _ = grid.transform
    if coordinate_systems.in_degrees(grid.crs):
        if latitude is None:
            latitude = (grid.bounds.bottom + grid.bounds.top) / 2
        if not -90 < latitude < 90:
            raise ValueError(
                f"cell_size_m: a latitude between -90 and 90, got {latitude}."
            )
        up, along = _METRES_PER_DEGREE, math.cos(math.radians(latitude))
        along *= _METRES_PER_DEGREE
    else:
        axis = coordinate_systems.parse_crs(grid.crs).axis_info[0]
        up = along = float(axis.unit_conversion_factor)
    return math.hypot(b * along, e * up), math.hypot(a * along, d * up)


def _pair(numbers: int | tuple[int, int], name: str) -> tuple[int, int]:
    found = np.asarray(numbers)
    if found.dtype.kind not in "iu" or found.shape not in ((), (2,)) or found.min() < 1:
        raise ValueError(
            f"Window: {name} is a whole number from 1, or one for rows and one for "
            f"columns, got {numbers!r}."
        )
    rows, columns = np.broadcast_to(found, 2).tolist()
    return rows, columns
