"""Folds of compact clusters: of conditions, or of places where these are clumped.

Clusters of conditions ask whether a model extrapolates to conditions that it has not
seen; clusters of places are blocks that follow the sites (Roberts et al. 2017,
doi:10.1111/ecog.02881; Valavi et al. 2019, doi:10.1111/2041-210X.13107).
"""

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64

from jaxsdm.data.predictors import check_predictors
from jaxsdm.data.splits.checks import check_folds, check_places
from jaxsdm.data.splits.dealing import deal_groups
from jaxsdm.data.splits.k_means import k_means
from jaxsdm.data.splits.presences import Counts
from jaxsdm.data.surface import Surface


def environmental_clusters(
    predictors: pd.DataFrame | Float[np.ndarray, "sites predictors"],
    folds: int,
    *,
    clusters: int | None = None,
    weights: Float[np.ndarray, " sites"] | None = None,
    counts: Counts | None = None,
    seed: int = 0,
) -> Int64[np.ndarray, " sites"]:
    """Folds of sites with like conditions, by k-means.

    Predictors count alike: each is brought to mean 0 and standard deviation 1; one that
    is constant does not count.

    Args:
      predictors: continuous ones, such as `table.predictors[["bio1", "bio12"]]`.
      folds: how many. The folds are the clusters, largest first, and may differ much in
        size; or
      clusters: more clusters than folds, which are dealt into folds of equal size
        (`deal_groups`); each fold then holds several kinds of conditions.
      weights: `[sites]` what is balanced where clusters are dealt.
      counts: `[sites, species]` what is spread where clusters are dealt.
      seed: of the starts of k-means, and of the order among equals.

    Returns:
      `[sites]` fold of each site, from 0 to `folds - 1`.

    Raises:
      ValueError: if there are no sites, a predictor is missing, infinite or not of
        numbers, or there are fewer different sites than clusters or fewer clusters
        than folds.
    """
    frame = pd.DataFrame(predictors).rename(columns=str)
    if len(frame) == 0:
        raise ValueError("environmental_clusters: there are no sites.")
    check_predictors(frame, list(frame.columns), table="environmental_clusters")
    text = [str(c) for c in frame if not pd.api.types.is_numeric_dtype(frame[c].dtype)]
    if text:
        raise ValueError(
            f"environmental_clusters: not numbers: {', '.join(text)}; choose the "
            "continuous predictors."
        )
    values = frame.to_numpy(np.float64)
    spread = values.std(axis=0)
    # The mean of equal numbers may differ from them by rounding: no range, no spread.
    spread[np.ptp(values, axis=0) == 0] = np.inf
    points = (values - values.mean(axis=0)) / spread
    return _folds(points, folds, clusters, weights, counts, seed)


def spatial_clusters(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    folds: int,
    *,
    clusters: int | None = None,
    weights: Float[np.ndarray, " sites"] | None = None,
    counts: Counts | None = None,
    crs: str = "",
    seed: int = 0,
) -> Int64[np.ndarray, " sites"]:
    """Folds of sites near to one another, by k-means.

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      folds: how many; the folds are the clusters, largest first, or
      clusters: more clusters than folds, which are dealt into folds of equal size.
      weights: `[sites]` what is balanced where clusters are dealt.
      counts: `[sites, species]` what is spread where clusters are dealt.
      crs: coordinate reference system of x and y; `""` is a plane without a name.
      seed: of the starts of k-means, and of the order among equals.

    Returns:
      `[sites]` fold of each site, from 0 to `folds - 1`.

    Raises:
      ValueError: if a coordinate is not finite, or there are fewer different places
        than clusters or fewer clusters than folds.
    """
    check_places("spatial_clusters", x, y)
    points = Surface(crs).points(x, y)
    return _folds(points, folds, clusters, weights, counts, seed)


def _folds(
    points: np.ndarray,
    folds: int,
    clusters: int | None,
    weights: np.ndarray | None,
    counts: Counts | None,
    seed: int,
) -> np.ndarray:
    check_folds(folds, clusters or len(points), "clusters" if clusters else "sites")
    cluster = k_means(points, clusters or folds, seed=seed)
    if clusters is None:
        return cluster
    return deal_groups(cluster, folds, weights=weights, counts=counts, seed=seed)
