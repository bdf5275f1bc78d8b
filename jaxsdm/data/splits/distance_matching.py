"""Splits whose test sites are as far from training as the area is from the sites.

What an error estimate is asked is how wrong the map is: most of the map lies further
from the sites than sites do from one another where these are clumped, and no further
where they are spread evenly. So neither random folds nor a fixed block size is right
everywhere; here the distances themselves are matched.
"""

import dataclasses

import numpy as np
from jaxtyping import Float64
from scipy import spatial, stats

from jaxsdm.data.splits.checks import check_distance, check_places
from jaxsdm.data.splits.leave_one_out import fold_of_each
from jaxsdm.data.splits.split import Split
from jaxsdm.data.surface import Surface

_MOST_SITES = 10_000


@dataclasses.dataclass(frozen=True, eq=False)
class DistanceMatching:
    """A split and the distributions of distance that it was made to match.

    Attributes:
      split: the split.
      wanted: `[places]` distance of each place of the area to the nearest site, sorted;
        metres if the CRS is one of degrees, otherwise units of the CRS.
      achieved: `[sites]` distance of each site to the nearest one that trains its fold,
        sorted.
      leave_one_out: `[sites]` distance of each site to the nearest other one, sorted:
        what random folds come near to.
      clusters: the number of clusters that folds were merged from, the number of sites
        if those are random; 0 for leave-one-out.
    """

    split: Split
    wanted: Float64[np.ndarray, " places"]
    achieved: Float64[np.ndarray, " sites"]
    leave_one_out: Float64[np.ndarray, " sites"]
    clusters: int = 0

    @property
    def mismatch(self) -> float:
        """Wasserstein-1 distance between achieved and wanted distances, their units."""
        return float(stats.wasserstein_distance(self.achieved, self.wanted))

    @property
    def mismatch_of_leave_one_out(self) -> float:
        """The same of plain leave-one-out: what matching had to make up for."""
        return float(stats.wasserstein_distance(self.leave_one_out, self.wanted))


def nearest_neighbor_distance_matching(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    area_x: Float64[np.ndarray, " places"],
    area_y: Float64[np.ndarray, " places"],
    *,
    crs: str = "",
    longest: float | int | None = None,
    least_training: float = 0.5,
) -> DistanceMatching:
    """Leave-one-out where each site loses as many neighbours as the match asks for.

    From short distances to long ones: while the share of sites that have their nearest
    training site within a distance is above the share of places of the area that have a
    site within it, the site that is next loses its nearest training site.

    Time and memory grow with the square of the number of sites, and a model is fitted
    for each: for more than a few thousand use `distance_matched_folds`.

    Args:
      x: `[sites]` in units of the CRS; the sites to test, such as those with presences.
      y: `[sites]`
      area_x: `[places]` a sample of where the model will predict, such as some thousand
        random cells of the raster.
      area_y: `[places]`
      crs: coordinate reference system of x and y; `""` is a plane without a name.
      longest: distances above this are not matched, such as the range of spatial
        autocorrelation, beyond which they do not matter; without it all are.
      least_training: the share of the other sites that a site keeps at least.

    Returns:
      A fold for each site, in their order, with the distances achieved.

    Raises:
      ValueError: if there are fewer than 2 or more than 10,000 sites, a coordinate or
        the longest distance is not finite, or the share is not from 0 to 1.

    References:
      Milà et al. (2022), Nearest neighbour distance matching leave-one-out
      cross-validation for map validation, Methods in Ecology and Evolution 13,
      1304-1316, doi:10.1111/2041-210X.13851.
    """
    function = "nearest_neighbor_distance_matching"
    check_places(function, x, y)
    check_places(f"{function} (area)", area_x, area_y)
    sites = len(x)
    if not 2 <= sites <= _MOST_SITES:
        raise ValueError(
            f"{function}: from 2 to {_MOST_SITES} sites, got {sites}; for more use "
            "distance_matched_folds."
        )
    if not 0 <= least_training <= 1:
        raise ValueError(
            f"{function}: least_training from 0 to 1, got {least_training}."
        )
    surface = Surface(crs)
    points = surface.points(x, y)
    stop = np.inf
    if longest is not None:
        check_distance(function, longest, "longest")
        stop = float(surface.straight(longest))
    wanted = np.sort(spatial.cKDTree(points).query(surface.points(area_x, area_y))[0])

    neighbour, distance = _neighbours(points)
    most_removed = int((1 - least_training) * (sites - 1) + 1e-9)
    removed = _removals(distance, wanted, stop, min(most_removed, sites - 2))
    achieved = distance[np.arange(sites), removed]
    left_out = tuple(
        np.sort(neighbour[one, :number]) for one, number in enumerate(removed)
    )
    return DistanceMatching(
        Split(fold_of_each(np.arange(sites), sites), left_out),
        surface.along(wanted),
        np.sort(surface.along(achieved)),
        np.sort(surface.along(distance[:, 0])),
    )


def _neighbours(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`[sites, sites - 1]` the other sites by their distance, and that distance."""
    sites = len(points)
    distance = spatial.distance.squareform(spatial.distance.pdist(points))
    np.fill_diagonal(distance, -1)  # The site itself comes first, then is cut off.
    neighbour = np.argsort(distance, axis=1, kind="stable")[:, 1:]
    return neighbour, distance[np.arange(sites)[:, None], neighbour]


def _removals(
    distance: np.ndarray, wanted: np.ndarray, stop: float, most_removed: int
) -> np.ndarray:
    """How many of its nearest neighbours each site loses.

    Sites are settled in the order of their nearest training distance. With `settled` of
    them so far, the next is free to be settled at the first distance within which more
    than that share of the area lies; at any shorter one it loses its neighbours.
    """
    sites = len(distance)
    current = np.zeros(sites, np.int64)
    nearest = distance[:, 0].copy()
    for settled in range(sites):
        free = wanted[settled * len(wanted) // sites]
        while True:
            one = sites - 1 - int(nearest[::-1].argmin())  # The last of equals.
            if nearest[one] >= free or nearest[one] > stop:
                break
            row = distance[one]
            # Up to the first neighbour at the distance, or the first beyond the last
            # distance to match; equal ones leave together.
            number = min(row.searchsorted(free), row.searchsorted(stop, side="right"))
            if number > most_removed:
                number = row.searchsorted(row[most_removed])
            if number <= current[one]:
                break
            current[one], nearest[one] = number, row[number]
        if nearest[one] > stop:
            break
        nearest[one] = np.inf
    return current
