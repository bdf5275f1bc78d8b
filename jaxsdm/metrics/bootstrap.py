"""Bootstrap intervals of a metric, over places or over spatial blocks of places.

A resample in which the metric is undefined, such as one without a presence of a rare
species, has no value. It is left out of the interval and counted: an interval from few
of its resamples is not to be trusted. One block alone tells nothing of how blocks
differ: where fewer than two blocks have an entry that counts, no resample has a value.

References:
  Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile
  interval); Field & Welsh 2007, doi:10.1111/j.1467-9868.2007.00593.x (clusters).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxsdm.metrics.columns import checked_where
from jaxsdm.metrics.resampling import Resamples

RESAMPLES = 1000
LEVEL = 0.95


class Interval(NamedTuple):
    """Values with percentile intervals, arrays of the shape of the metric's value.

    Attributes:
      value: of the data.
      low: lower end of the interval, NaN where no resample has a value.
      high: upper end.
      undefined: in how many resamples there is no value.
      resamples: of how many.
    """

    value: Float[np.ndarray, "..."]
    low: Float[np.ndarray, "..."]
    high: Float[np.ndarray, "..."]
    undefined: Int[np.ndarray, "..."]
    resamples: int


def bootstrap(
    function: Callable[..., Any],
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    blocks: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Interval of any metric.

    Args:
      function: `(scores, labels, where=...)` to a number or an array, NaN where
        undefined, such as `roc_auc` or a function that averages it.
      scores: `[places, species]`, or a mask.
      labels: `[places, species]`.
      where: `[places, species]`, False leaves an entry out.
      blocks: `[places]` ids; places of one block are drawn together. Every place is
        its own block by default.
      resamples: how many.
      level: share of the resamples between the ends.
      seed: of the draws; the same seed draws the same places.

    Raises:
      ValueError: on shapes that do not agree, no place, no resample, blocks that are
        NaN or a level outside (0, 1).
    """
    tables = shaped(scores, labels, where)
    values = resampled(function, tables, blocks, resamples, seed)
    table, truth, kept = tables
    return interval(function(table, truth, where=kept), values, level)


def bootstrap_mean(
    values: ArrayLike,
    *,
    blocks: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Interval:
    """Interval of the mean of values of places, without calling a metric again.

    Args:
      values: `[places]`, or `[places, columns]` for several means from the same
        resamples; NaN for a place without a value, which is left out.
      blocks: as in `bootstrap`, and so are `resamples`, `level` and `seed`.

    Raises:
      ValueError: as `bootstrap`.
    """
    table = np.asarray(values, np.float64)
    draws = Resamples(len(table), blocks, resamples, seed)
    return interval(_mean(table), resampled_means(table, draws), level)


def shaped(
    scores: ArrayLike, labels: ArrayLike, where: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, labels and mask on the host.

    Raises:
      ValueError: on unequal shapes, or a `where` other than of booleans or 0 and 1.
    """
    table, truth = np.asarray(scores), np.asarray(labels)
    kept = checked_where(where, truth.shape)
    if not table.shape == truth.shape == kept.shape:
        raise ValueError(
            "bootstrap: want scores, labels and where of one shape, got "
            f"{table.shape}, {truth.shape} and {kept.shape}."
        )
    return table, truth, kept


def resampled(
    function: Callable[..., Any],
    tables: tuple[np.ndarray, np.ndarray, np.ndarray],
    blocks: ArrayLike | None,
    resamples: int,
    seed: int,
) -> Float[np.ndarray, "resamples ..."]:
    """Values of a metric for every resample of the rows of its arguments.

    All are NaN where fewer than two blocks have an entry that counts: of the species
    for a value `[species]`, of any species for other values.
    """
    draws = Resamples(len(tables[0]), blocks, resamples, seed)
    _, truth, kept = tables
    counts = kept & (np.equal(truth, truth))  # NaN is not looked for.
    values = []
    for places in draws.places():
        table, truth, kept = (part[places] for part in tables)
        values.append(np.asarray(function(table, truth, where=kept), np.float64))
    found = np.stack(values)
    if found.shape[1:] != counts.shape[1:]:  # Not a value of each species.
        counts = counts.reshape(len(counts), -1).any(axis=1)
    return np.where(draws.of_blocks(counts) < 2, np.nan, found)


def resampled_means(
    values: Float[np.ndarray, "places ..."], draws: Resamples
) -> Float[np.ndarray, "resamples ..."]:
    """Means of the defined values for every resample; NaN where there is none.

    All are NaN where fewer than two blocks have a defined value.
    """
    known = ~np.isnan(values)
    shape = (draws.blocks, *values.shape[1:])
    sums, numbers = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, draws.block, np.where(known, values, 0))
    np.add.at(numbers, draws.block, known)
    means = []
    for times in draws.times():
        number = times @ numbers
        with np.errstate(invalid="ignore"):
            means.append(times @ sums / number)
    return np.where(draws.of_blocks(known) < 2, np.nan, np.stack(means))


def interval(value: Any, values: np.ndarray, level: float) -> Interval:
    """Percentile interval of resampled values.

    Raises:
      ValueError: a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"bootstrap: want a level in (0, 1), got {level}.")
    missing = np.isnan(values).sum(axis=0)
    flat = values.reshape(len(values), -1)
    ends = np.full((2, flat.shape[1]), np.nan)
    tails = [(1 - level) / 2, (1 + level) / 2]
    for column, of_column in enumerate(flat.T):
        known = of_column[~np.isnan(of_column)]
        if known.size:
            ends[:, column] = np.quantile(known, tails)
    low, high = ends.reshape(2, *values.shape[1:])
    middle = np.asarray(value, np.float64)
    return Interval(middle, low, high, np.asarray(missing), len(values))


def _mean(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    number = known.sum(axis=0)
    total = np.where(known, values, 0).sum(axis=0)
    return np.asarray(total / np.where(number > 0, number, np.nan))
