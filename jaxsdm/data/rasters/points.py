"""Points as a user names them, in the coordinates of a grid."""

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from jaxsdm.data.rasters.grid import RasterGrid


def points_on(
    grid: RasterGrid,
    caller: str,
    *,
    longitude: npt.ArrayLike | None = None,
    latitude: npt.ArrayLike | None = None,
    x: npt.ArrayLike | None = None,
    y: npt.ArrayLike | None = None,
    crs: str | None = None,
) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, " points"]]:
    """Where points lie, as x and y in the CRS of a grid.

    Args:
      grid: whose coordinates are wanted.
      caller: the function that was called, for the messages.
      longitude: `[points]` degrees, WGS 84; an angle, so that -10 is 350 where the grid
        has it so.
      latitude: `[points]` degrees, WGS 84.
      x: `[points]` easting or longitude in `crs`, instead of the former.
      y: `[points]` northing or latitude in `crs`.
      crs: of `x` and `y`; None is that of the grid, where x counts as it stands.

    Raises:
      ValueError: if coordinates are missing, given twice, of different lengths, or no
        longitudes and latitudes.
    """
    named = longitude is not None and latitude is not None
    plain = x is not None and y is not None
    others = (x, y, crs) if named else (longitude, latitude)
    if named == plain or any(other is not None for other in others):
        raise ValueError(
            f"{caller}: either longitude= and latitude=, or x= and y= (with crs= if "
            "they are not in that of the raster)."
        )
    first, second = (
        np.atleast_1d(np.asarray(v, np.float64))
        for v in ((longitude, latitude) if named else (x, y))
    )
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(
            f"{caller}: two vectors of one length, got shapes {first.shape} and "
            f"{second.shape}."
        )
    if named:
        return grid.reproject_points(first, second)
    return (first, second) if crs is None else grid.project_points(first, second, crs)
