"""Leave-one-out with a buffer: each test site alone, its neighbourhood untrained."""

import numpy as np
from jaxtyping import Float64, Int64
from scipy import spatial

from jaxsdm.data.splits.checks import check_distance, check_places
from jaxsdm.data.splits.split import Split
from jaxsdm.data.surface import Surface


def buffered_leave_one_out(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    distance: float | int,
    *,
    crs: str = "",
    rows: Int64[np.ndarray, " tested"] | None = None,
) -> Split:
    """A fold for each site; sites within the distance of it do not train that fold.

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      distance: radius of the disk that is left out, its edge included; metres if the
        CRS is one of degrees, otherwise units of the CRS. 0 leaves out sites at the
        same place.
      crs: coordinate reference system of x and y; `""` is a plane without a name.
      rows: the sites to test, such as those with presences, in the order of the folds;
        without it all.

    Raises:
      ValueError: if a coordinate is not finite, the distance is not a finite number of
        at least 0, or a row is named twice or is none of the sites.

    References:
      Le Rest et al. (2014), Spatial leave-one-out cross-validation for variable
      selection in the presence of spatial autocorrelation, Global Ecology and
      Biogeography 23, 811-820, doi:10.1111/geb.12161.
    """
    check_places("buffered_leave_one_out", x, y)
    check_distance("buffered_leave_one_out", distance)
    tested = np.arange(len(x)) if rows is None else rows
    fold = fold_of_each(tested, len(x))
    surface = Surface(crs)
    points = surface.points(x, y)
    near = spatial.cKDTree(points).query_ball_point(
        points[tested], surface.straight(distance), return_sorted=True
    )
    left_out = []
    for row, found in zip(tested, near, strict=True):
        others = np.array(found, np.int64)
        left_out.append(others[others != row])
    return Split(fold, tuple(left_out))


def fold_of_each(
    rows: Int64[np.ndarray, " tested"], sites: int
) -> Int64[np.ndarray, " sites"]:
    """Fold numbers where each of the rows is tested alone, the others never.

    Raises:
      ValueError: if a row is named twice or is none of the sites.
    """
    if len(rows) and not 0 <= rows.min() <= rows.max() < sites:
        raise ValueError(
            f"rows: from 0 to {sites - 1}, got {rows.min()} to {rows.max()}."
        )
    fold = np.full(sites, -1, np.int64)
    fold[rows] = np.arange(len(rows))
    if np.count_nonzero(fold >= 0) < len(rows):
        raise ValueError("rows: a site is named twice.")
    return fold
