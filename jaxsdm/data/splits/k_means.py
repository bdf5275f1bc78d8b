"""k-means with careful starts: compact clusters, the same on every run.

Lloyd's rounds from starts that are drawn far from one another (Arthur & Vassilvitskii
2007, k-means++, Proceedings of SODA, 1027-1035).
"""

import numpy as np
from jaxtyping import Float64, Int64
from scipy import spatial

_STARTS = 10
_ROUNDS = 300
_LAST_ROUNDS = 30
_PAIRS_AT_ONCE = 1 << 18
_ENOUGH_POINTS = 10_000
"""Starts are compared on a sample of so many points; the best is finished on all."""

_STILL = 1e-4
"""Rounds end when the squared moves of all centres sum up to less than this share of
the mean variance of a coordinate, as in scikit-learn."""


def k_means(
    points: Float64[np.ndarray, "points dimensions"], clusters: int, *, seed: int = 0
) -> Int64[np.ndarray, " points"]:
    """The cluster of each point.

    Returns:
      `[points]` numbers from 0, by the size of the clusters, largest first; of equals
      the one with the earlier point.

    Raises:
      ValueError: if there are fewer different points than clusters.
    """
    rng = np.random.default_rng(seed)
    sample = points
    if len(points) > _ENOUGH_POINTS:
        sample = points[np.sort(rng.choice(len(points), _ENOUGH_POINTS, replace=False))]
    still = _STILL * float(sample.var(axis=0).mean())
    best, least = sample[:clusters], np.inf
    for _ in range(_STARTS):
        start = _far_apart(sample, clusters, rng)
        centres, inertia = _rounds(sample, start, still, _ROUNDS)
        if inertia < least:
            best, least = centres, inertia
    if sample is not points:
        best, _ = _rounds(points, best, still, _LAST_ROUNDS)
    return _by_size(_nearest(points, best)[0], clusters)


def _far_apart(
    points: np.ndarray, clusters: int, rng: np.random.Generator
) -> np.ndarray:
    """Points drawn by their squared distance to those that are drawn already."""
    chosen = [int(rng.integers(len(points)))]
    squared = np.full(len(points), np.inf)
    for _ in range(clusters - 1):
        offset = points - points[chosen[-1]]
        squared = np.minimum(squared, (offset**2).sum(axis=1))
        until = np.cumsum(squared)
        if until[-1] == 0:
            raise ValueError(
                f"k_means: {clusters} clusters of {len(set(chosen))} different points; "
                "ask for fewer."
            )
        one = np.searchsorted(until, rng.random() * until[-1], side="right")
        chosen.append(int(one))
    return points[chosen]


def _rounds(
    points: np.ndarray, centres: np.ndarray, still: float, most: int
) -> tuple[np.ndarray, float]:
    """Centres that hardly move any more, and the sum of squared distances to them."""
    inertia = np.inf
    for _ in range(most):
        cluster, squared = _nearest(points, centres)
        inertia = float(squared.sum())
        size = np.bincount(cluster, minlength=len(centres))
        total = [np.bincount(cluster, column, len(centres)) for column in points.T]
        moved = np.stack(total, axis=1) / np.maximum(size, 1)[:, None]
        # A cluster that lost its points starts again where points are worst off.
        empty = np.flatnonzero(size == 0)
        if len(empty):
            moved[empty] = points[np.argsort(-squared, kind="stable")[: len(empty)]]
        shift = ((moved - centres) ** 2).sum()
        centres = moved
        if shift <= still:
            break
    return centres, inertia


def _nearest(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest centre of each point, and the squared distance to it."""
    cluster, squared = np.empty(len(points), np.int64), np.empty(len(points))
    step = max(1, _PAIRS_AT_ONCE // len(centres))
    for start in range(0, len(points), step):
        part = slice(start, start + step)
        pairs = spatial.distance.cdist(points[part], centres, "sqeuclidean")
        cluster[part], squared[part] = pairs.argmin(axis=1), pairs.min(axis=1)
    return cluster, squared


def _by_size(cluster: np.ndarray, clusters: int) -> np.ndarray:
    found, first, size = np.unique(cluster, return_index=True, return_counts=True)
    number = np.empty(clusters, np.int64)
    number[found[np.lexsort((first, -size))]] = np.arange(len(found))
    return number[cluster]
