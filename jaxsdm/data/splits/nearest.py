"""How far the test sites of a split are from what trains their fold."""

import numpy as np
from jaxtyping import Float64, Int64
from scipy import spatial

from jaxsdm.data.splits.checks import check_places
from jaxsdm.data.splits.split import Split, as_split
from jaxsdm.data.surface import Surface

_FEW_PAIRS = 1 << 17


def distance_to_training(
    split: Split | Int64[np.ndarray, " sites"],
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    crs: str = "",
) -> Float64[np.ndarray, " sites"]:
    """The distance of each test site to the nearest site that trains its fold.

    Args:
      split: a split or fold numbers.
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      crs: coordinate reference system of x and y; `""` is a plane without a name.

    Returns:
      `[sites]` metres if the CRS is one of degrees, otherwise units of the CRS; NaN
      for sites that are never tested, infinite where nothing trains the fold.

    Raises:
      ValueError: if a coordinate is not finite or lengths differ.
    """
    split = as_split(split)
    check_places("distance_to_training", x, y, fold=split.fold)
    surface = Surface(crs)
    points = surface.points(x, y)
    distance = np.full(len(x), np.nan)
    for training, test in split:
        nearest = distance_to_nearest(points[test], points[training])
        distance[test] = np.where(np.isfinite(nearest), surface.along(nearest), np.inf)
    return distance


def distance_to_nearest(
    points: Float64[np.ndarray, "points dimensions"],
    others: Float64[np.ndarray, "others dimensions"],
) -> Float64[np.ndarray, " points"]:
    """Straight distance of each point to the nearest of others; infinite of none."""
    if len(points) * len(others) > _FEW_PAIRS:
        return spatial.cKDTree(others).query(points)[0]
    # One test site of many folds: looking at all is quicker than building a tree.
    pairs = spatial.distance.cdist(points, others)
    return pairs.min(axis=1, initial=np.inf)
