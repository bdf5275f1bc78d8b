"""How much ground the cells of a raster cover.

Cells of a raster in degrees shrink towards the poles: at 60 degrees a cell covers half
of what it covers at the equator. Drawing cells, or summing over them, without minding
that gives the north more than its share.
"""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from jaxsdm.data.rasters import RasterGrid
from jaxsdm.data.rasters.coordinate_systems import in_degrees

_SEMI_MAJOR = 6_378_137.0
_FLATTENING = 1 / 298.257223563
"""Of WGS 84; areas on the ellipsoids of other datums differ by less than .1 %."""


def cell_areas(
    grid: RasterGrid, row: npt.ArrayLike | int, column: npt.ArrayLike | int = 0
) -> Float64[np.ndarray, "*cells"]:
    """Areas of cells.

    Args:
      grid: whose cells.
      row: of the cells; what reaches beyond a pole counts nothing.
      column: of the cells; matters for a raster in degrees that is turned, where a row
        does not keep to one latitude.

    Returns:
      Square metres on the ellipsoid for a raster in degrees, exact unless it is turned;
      otherwise squared units of the CRS, which are true on the ground only if its
      projection keeps areas.
    """
    row, column = np.broadcast_arrays(row, column)
    a, b, _, d, e, _ = grid.transform
    flat = abs(a * e - b * d)
    if not in_degrees(grid.crs):
        return np.full(row.shape, flat)
    _, latitude = grid.center(row, column)
    half = (abs(d) + abs(e)) / 2
    below, above = _area_below(np.stack([latitude - half, latitude + half]))
    return np.asarray((above - below) / (2 * half) * np.deg2rad(flat))


def areas_of_rows(
    grid: RasterGrid, top: int, rows: int
) -> Float64[np.ndarray, "rows columns"]:
    """Areas of the cells of rows: `[rows, 1]` where a row has cells of one size."""
    row = np.arange(top, top + rows)[:, None]
    turned = grid.transform[3] != 0 and in_degrees(grid.crs)
    return cell_areas(grid, row, np.arange(grid.width if turned else 1))


def _area_below(
    latitude: Float64[np.ndarray, "*places"],
) -> Float64[np.ndarray, "*places"]:
    """Area from the equator to a latitude, of a strip one radian of longitude wide.

    Snyder 1987, Map projections: a working manual, doi:10.3133/pp1395, equation 3-12.
    """
    squared = _FLATTENING * (2 - _FLATTENING)
    eccentricity = np.sqrt(squared)
    sine = np.sin(np.deg2rad(np.clip(latitude, -90.0, 90.0)))
    part = sine / (1 - squared * sine**2)
    part = part + np.arctanh(eccentricity * sine) / eccentricity
    return np.asarray(_SEMI_MAJOR**2 * (1 - squared) / 2 * part)
