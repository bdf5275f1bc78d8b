"""Reliability: do species occur as often as a model says, bin by bin.

Expected calibration error is the mean distance between the mean probability and the
share of presences over bins of probabilities, weighted by how many sites a bin holds.
It depends on the bins: quote their kind and number. Equal-width bins cut [0, 1] into
equal parts `[j / bins, (j + 1) / bins)`, the last one closed; where most probabilities
are small, as those of rare species, nearly all sites fall into the first. Equal-mass
bins hold about the same number of sites: a site with the share u of the sites below it
falls into bin `floor(bins u)`, so that equal probabilities stay together.

Every function looks at one species at a time; pass `[entries, 1]` for all of them.

References:
  Murphy & Winkler 1977, doi:10.2307/2346866 (reliability); Naeini et al. 2015,
  doi:10.1609/aaai.v29i1.9602 (ECE).
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.columns import checked, checked_weights
from jaxsdm.metrics.exact_sum import ExactSum, value
from jaxsdm.metrics.metric import Metric
from jaxsdm.metrics.probability_scores import valid
from jaxsdm.metrics.sums import Batch, sums_metric, whole

# Naeini et al. 2015 and Guo et al. 2017 (arXiv:1706.04599) use 10 and 15.
BINS = 10


class Reliability(NamedTuple):
    """Reliability tables of all species.

    Attributes:
      weight: `[species, bins]` sites, or their weight.
      mean_probability: of the bin, NaN where it is empty.
      frequency: share of presences in the bin, NaN where it is empty.
    """

    weight: Float[np.ndarray, "species bins"]
    mean_probability: Float[np.ndarray, "species bins"]
    frequency: Float[np.ndarray, "species bins"]


def reliability_equal_width(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    bins: int = BINS,
) -> Reliability:
    """Reliability table of each species, bins of equal width.

    Args:
      probabilities: `[sites, species]` in [0, 1].
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      weights: `[sites]`, how much a site counts.
      bins: at least 1.

    Returns:
      NaN and no weight for a species with a probability that is NaN or outside [0, 1].

    Raises:
      ValueError: on unequal shapes, wrong weights, labels other than 0, 1 and NaN, or
        no bin.
    """
    metric = reliability_equal_width_metric(bins=bins)
    return whole(metric, probabilities, labels, where, weights)


def reliability_equal_mass(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    bins: int = BINS,
) -> Reliability:
    """Reliability table of each species, bins of equal mass.

    Args, Returns, Raises: as `reliability_equal_width`.
    """
    _check(bins)
    table, present, kept = checked(probabilities, labels, where)
    scale = np.ones(len(table))
    if weights is not None:
        scale = checked_weights(weights, len(table))
    sums = np.zeros((table.shape[1], bins, 3))
    for species, keep in enumerate(kept.T):
        p = table[keep, species].astype(np.float64)
        if not ((p >= 0) & (p <= 1)).all():  # False for NaN.
            continue
        # Sorted by all that enters, so that the order of the sites does not matter.
        order = np.lexsort((scale[keep], present[keep, species], p))
        p, there, weight = p[order], present[keep, species][order], scale[keep][order]
        below = np.append(0, np.cumsum(weight))[np.searchsorted(p, p)]
        total = weight.sum()
        if total:
            place = np.minimum((bins * (below / total)).astype(int), bins - 1)
            for column, part in enumerate((weight, weight * p, weight * there)):
                sums[species, :, column] = np.bincount(place, part, bins)
    return _table(*np.moveaxis(sums, 2, 0))


def ece_equal_width(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    bins: int = BINS,
) -> Float[np.ndarray, " species"]:
    """Expected calibration error per species over bins of equal width.

    Args, Raises: as `reliability_equal_width`.

    Returns:
      In [0, 1]; NaN for a species without a site or with a value that is no
      probability.
    """
    metric = ece_equal_width_metric(bins=bins)
    return whole(metric, probabilities, labels, where, weights)


def ece_equal_mass(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    bins: int = BINS,
) -> Float[np.ndarray, " species"]:
    """Expected calibration error per species over bins of equal mass.

    Args, Returns, Raises: as `ece_equal_width`.
    """
    return _error(
        reliability_equal_mass(
            probabilities, labels, where=where, weights=weights, bins=bins
        )
    )


def reliability_equal_width_metric(*, bins: int = BINS) -> Metric:
    """`reliability_equal_width` as a metric of sums."""
    _check(bins)
    return sums_metric(functools.partial(_sums, bins=bins), _of_sums)


def ece_equal_width_metric(*, bins: int = BINS) -> Metric:
    """`ece_equal_width` as a metric of sums."""
    _check(bins)
    return sums_metric(
        functools.partial(_sums, bins=bins), lambda state: _error(_of_sums(state))
    )


def _check(bins: int) -> None:
    if bins < 1:
        raise ValueError(f"reliability: want at least 1 bin, got {bins}.")


def _sums(batch: Batch, bins: int) -> Any:
    xp = batch.xp
    good, wrong = valid(batch)
    p = xp.where(good, batch.prediction, 0)
    edges = _edges(bins, p.dtype)
    parts = []
    for j in range(bins):  # One bin at a time: no table of [places, species, bins].
        inside = good & (p >= edges[j])
        if j + 1 < bins:
            inside &= p < edges[j + 1]
        parts.append(
            (
                batch.weight_of(inside).limbs,
                batch.total(xp.where(inside, p, 0)).limbs,
                batch.weight_of(inside & batch.present).limbs,
            )
        )
    limbs = xp.stack([xp.stack(part, axis=-1) for part in parts], axis=-2)
    return {"sums": ExactSum(limbs), "wrong": wrong}


def _edges(bins: int, dtype: Any) -> np.ndarray:
    """`j / bins`, rounded up to the type: its numbers lie on the same sides of both."""
    exact = np.arange(bins + 1) / bins
    edges = exact.astype(dtype)
    above = np.nextafter(edges, np.asarray(np.inf, edges.dtype))
    return np.where(edges < exact, above, edges)


def _of_sums(state: Any) -> Reliability:
    sums = np.where((state["wrong"] == 0)[:, None, None], value(state["sums"]), 0)
    return _table(*np.moveaxis(sums, 2, 0))


def _table(weight: np.ndarray, of_p: np.ndarray, present: np.ndarray) -> Reliability:
    filled = np.where(weight > 0, weight, np.nan)
    return Reliability(weight, of_p / filled, present / filled)


def _error(table: Reliability) -> np.ndarray:
    weight = table.weight
    gap = np.where(weight > 0, abs(table.mean_probability - table.frequency), 0)
    total = weight.sum(axis=1)
    filled = np.where(total > 0, total, np.nan)
    return np.sum(weight * gap, axis=1) / filled
