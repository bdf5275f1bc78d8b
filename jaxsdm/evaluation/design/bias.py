"""How unevenly an area was searched, and what of its environment was not reached."""

from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import ks_2samp

from jaxsdm.data import SiteTable, Surface, Task
from jaxsdm.data.similarity import mess

_BINS = 100
_TENTH = 0.1


def sampling_bias(sites: SiteTable, background: SiteTable) -> dict[str, Any]:
    """How unevenly in space the sites and their records lie.

    Args:
      sites: with records or surveys.
      background: cells drawn at random from the area.

    Returns:
      * `records`, `sites`, `species`: how many;
      * `records_in_tenth`: share of the records in the tenth of the sites that has
        most;
      * `gini`: of records among sites, 0 where all have as many;
      * `nearest_site`: mean distance from a site to the next, and
        `nearest_site_expected`: the same of as many cells drawn at random from the
        area, in the unit `unit`. Their ratio `clumping` is 1 without clumping and less
        with it (in the manner of Clark & Evans 1954, doi:10.2307/1931034, with the
        real shape of the area). NaN where there are fewer than 2 sites or fewer cells
        than sites to draw from.
    """
    number = np.sort(np.nansum(sites.counts, axis=1, dtype=np.float64))[::-1]
    total = float(number.sum())
    best = max(1, round(len(number) * _TENTH))
    surface = Surface(sites.crs)
    nearest = _mean_nearest(surface, sites)
    drawn = np.random.default_rng(0).permutation(len(background))[: len(sites)]
    expected = float("nan")
    if len(drawn) == len(sites):
        expected = _mean_nearest(surface, background.take(drawn))
    return {
        "records": total,
        "sites": len(sites),
        "species": int(np.sum(np.nansum(sites.counts, axis=0) > 0)),
        "records_in_tenth": float(number[:best].sum()) / total if total else np.nan,
        "gini": _gini(number),
        "nearest_site": nearest,
        "nearest_site_expected": expected,
        "clumping": nearest / expected if expected else float("nan"),
        "unit": surface.unit,
    }


def environmental_coverage(task: Task, sites: SiteTable) -> pd.DataFrame:
    """How far the sites reach through the environment of the area, by predictor.

    Args:
      task: its `background` stands for the area.
      sites: with records or surveys.

    Returns:
      A row a continuous predictor: `predictor`; `sites_mean`, `area_mean`; `distance`,
      the Kolmogorov-Smirnov distance of the two distributions, 0 where places were
      searched as they occur; `overlap`, Schoener's D of their histograms (1968,
      doi:10.2307/1935534), 1 where they are alike; `reached`, the share of the area
      within the range of the sites.
    """
    rows = []
    for name in task.continuous:
        at, area = (
            table.predictors[name].to_numpy(np.float64)
            for table in (sites, task.background)
        )
        rows.append(
            {
                "predictor": name,
                "sites_mean": float(at.mean()),
                "area_mean": float(area.mean()),
                "distance": float(ks_2samp(at, area, method="asymp").statistic),
                "overlap": _overlap(at, area),
                "reached": float(np.mean((area >= at.min()) & (area <= at.max()))),
            }
        )
    return pd.DataFrame(rows)


def novel_share(task: Task, sites: SiteTable) -> float:
    """Share of the area whose environment no site has: MESS below 0.

    Args:
      task: its `background` stands for the area.
      sites: with records or surveys.

    Returns:
      From 0 to 1; NaN without continuous predictors.
    """
    if not task.continuous:
        return float("nan")
    columns = list(task.continuous)
    found = mess(sites.predictors[columns], task.background.predictors[columns])
    return float(np.mean(found.similarity < 0))


def _mean_nearest(surface: Surface, sites: SiteTable) -> float:
    points = surface.points(sites.x, sites.y)
    if len(points) < 2:
        return float("nan")
    distance, _ = cKDTree(points).query(points, k=2)
    return float(surface.along(distance[:, 1]).mean())


def _gini(descending: np.ndarray) -> float:
    total, number = descending.sum(), len(descending)
    if not total:
        return float("nan")
    rank = np.arange(number, 0, -1)
    return float(
        2 * (rank * descending).sum() / (number * total) - (number + 1) / number
    )


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    if low == high:
        return 1.0
    edges = np.linspace(low, high, _BINS + 1)
    shares = [np.histogram(v, edges)[0] / len(v) for v in (one, other)]
    return float(1 - np.abs(shares[0] - shares[1]).sum() / 2)
