"""Few folds whose test sites are as far from training as the area is from the sites.

The k-fold form of `nearest_neighbor_distance_matching`: few fits, any number of sites.
"""

import numpy as np
from jaxtyping import Float64, Int64
from scipy import spatial, stats
from scipy.cluster import hierarchy

from jaxsdm.data.splits.at_random import random_folds
from jaxsdm.data.splits.checks import check_folds, check_places
from jaxsdm.data.splits.distance_matching import DistanceMatching
from jaxsdm.data.splits.nearest import distance_to_nearest, distance_to_training
from jaxsdm.data.splits.split import Split
from jaxsdm.data.surface import Surface

_MOST_LINKED = 2000
"""Sites that are clustered by their tree; of more, so many are drawn and the others
follow the nearest one drawn."""

_TRIED = 60
"""Numbers of clusters that are tried, from that of folds to that of sites."""

_NEIGHBOURS = 32

_COMPARED, _THINNED = 5000, 20_000
"""Of very many sites, the numbers of clusters are compared by the distances of so many,
which are exact to the nearest neighbours and then to a thinned set of sites."""


def distance_matched_folds(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    area_x: Float64[np.ndarray, " places"],
    area_y: Float64[np.ndarray, " places"],
    *,
    folds: int,
    crs: str = "",
    largest: float = 0.5,
    seed: int = 0,
) -> DistanceMatching:
    """Folds of merged clusters, as many clusters as match the distances best.

    Few clusters put the test far from training, many put it near. For each number of
    clusters, from that of folds on, sites are clustered (Ward) and clusters are merged
    into folds; random folds are tried too. Those are taken whose distances from test to
    training are nearest to those from the area to the sites (Wasserstein-1).

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      area_x: `[places]` a sample of where the model will predict, such as some thousand
        random cells of the raster.
      area_y: `[places]`
      folds: how many.
      crs: coordinate reference system of x and y; `""` is a plane without a name.
      largest: the share of sites that a fold holds at most; numbers of clusters that
        cannot be merged so are passed over.
      seed: of random folds, and of the draw among very many sites.

    Returns:
      The split with the distances achieved.

    Raises:
      ValueError: if there are more folds than sites, a coordinate is not finite, or the
        largest share is below that of equal folds.

    References:
      Linnenbrink et al. (2024), kNNDM CV: k-fold nearest-neighbour distance matching
      cross-validation for map accuracy estimation, Geoscientific Model Development 17,
      5897-5912, doi:10.5194/gmd-17-5897-2024. Differs: how clusters are merged, and
      that a sample of very many sites is clustered.
    """
    check_places("distance_matched_folds", x, y)
    check_places("distance_matched_folds (area)", area_x, area_y)
    sites = len(x)
    check_folds(folds, sites, "sites")
    if largest * folds < 1:
        raise ValueError(
            f"distance_matched_folds: {folds} folds of at most {largest} of the sites "
            f"each do not hold all; give largest of at least {1 / folds:.3g}."
        )
    surface = Surface(crs)
    points = surface.points(x, y)
    tree = spatial.cKDTree(points)
    wanted = surface.along(tree.query(surface.points(area_x, area_y))[0])
    order = np.random.default_rng(seed).permutation(sites)
    compared, thinned = np.sort(order[:_COMPARED]), np.sort(order[:_THINNED])
    near = tree.query(points[compared], k=min(_NEIGHBOURS + 1, sites))

    def mismatch_of(fold: np.ndarray) -> float:
        reached = _to_other_folds(points, fold, compared, thinned, *near)
        return float(stats.wasserstein_distance(surface.along(reached), wanted))

    best = random_folds(sites, folds=folds, seed=seed)
    least, clusters = mismatch_of(best), sites
    for number, cluster in _clusterings(points, folds, order):
        fold = _merged(points, cluster, folds)
        if np.bincount(fold, minlength=folds).max() > largest * sites:
            continue
        mismatch = mismatch_of(fold)
        if mismatch < least:
            best, least, clusters = fold, mismatch, number
    split = Split.of(best)
    return DistanceMatching(
        split,
        np.sort(wanted),
        np.sort(distance_to_training(split, x, y, crs=crs)),
        np.sort(surface.along(tree.query(points, k=2)[0][:, 1])),
        clusters,
    )


def _clusterings(
    points: np.ndarray, folds: int, order: np.ndarray
) -> list[tuple[int, Int64[np.ndarray, " sites"]]]:
    """Numbers of clusters, and the cluster of each site."""
    member = np.arange(len(points))
    linked = points
    if len(points) > _MOST_LINKED:
        linked = points[np.sort(order[:_MOST_LINKED])]
        member = spatial.cKDTree(linked).query(points)[1]
    tree = hierarchy.linkage(linked, "ward")
    numbers = np.unique(np.geomspace(folds, len(linked), _TRIED).astype(np.int64))
    cut = hierarchy.cut_tree(tree, numbers)
    return [(int(number), cut[member, column]) for column, number in enumerate(numbers)]


def _merged(points: np.ndarray, cluster: np.ndarray, folds: int) -> np.ndarray:
    """Clusters one by one along the longest side of the sites' box, to folds in turn.

    Clusters of one fold are then far from one another, so that the nearest site of
    another cluster is mostly one that trains. A side and no principal axis: on a square
    grid of sites, rounding would choose the axis, and not alike on all machines.
    """
    side = int(np.ptp(points, axis=0).argmax())
    size = np.bincount(cluster)
    centre = np.bincount(cluster, points[:, side]) / size
    fold = np.empty(len(size), np.int64)
    fold[np.argsort(centre, kind="stable")] = np.arange(len(size)) % folds
    return fold[cluster]


def _to_other_folds(
    points: np.ndarray,
    fold: np.ndarray,
    compared: np.ndarray,
    thinned: np.ndarray,
    distance: np.ndarray,
    neighbour: np.ndarray,
) -> np.ndarray:
    """Straight distance of the sites compared to the nearest one of another fold."""
    own = fold[compared]
    other = fold[neighbour] != own[:, None]
    first = other.argmax(axis=1)
    found = np.take_along_axis(distance, first[:, None], axis=1)[:, 0]
    inside = ~other.any(axis=1)
    for one in np.unique(own[inside]):
        asking = np.flatnonzero(inside & (own == one))
        training = points[thinned[fold[thinned] != one]]
        found[asking] = distance_to_nearest(points[compared[asking]], training)
    return found
