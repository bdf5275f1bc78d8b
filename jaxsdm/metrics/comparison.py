"""Is one model better than another on the same places.

Both models are measured on the same resamples, so that what makes a place hard for both
cancels. Differences are of the first model to the second: positive where the first has
the larger value, which is better for a score and worse for a loss.

References:
  Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 15;
  Phipson & Smyth 2010, doi:10.2202/1544-6115.1585 (p-values that are never 0).
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxsdm.metrics.bootstrap import (
    LEVEL,
    RESAMPLES,
    interval,
    resampled,
    resampled_means,
    shaped,
)
from jaxsdm.metrics.resampling import Resamples

PERMUTATIONS = 10_000


class Comparison(NamedTuple):
    """Differences of two models, arrays of the shape of the metric's value.

    Attributes:
      difference: value of the first minus value of the second.
      low: lower end of its percentile interval over resamples.
      high: upper end.
      p_value: one-sided, small where the first model's value is larger beyond chance;
        see the function that made it.
      undefined: resamples in which one of the two has no value.
      resamples: of how many.
    """

    difference: Float[np.ndarray, "..."]
    low: Float[np.ndarray, "..."]
    high: Float[np.ndarray, "..."]
    p_value: Float[np.ndarray, "..."]
    undefined: Int[np.ndarray, "..."]
    resamples: int


def compare(
    function: Callable[..., Any],
    one: ArrayLike,
    other: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    blocks: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
    seed: int = 0,
) -> Comparison:
    """Paired bootstrap of any metric of two models.

    Args:
      function: `(scores, labels, where=...)` to a number or an array, NaN where
        undefined.
      one: `[places, species]` scores or masks of the first model.
      other: of the second.
      labels: `[places, species]`.
      where: `[places, species]`, False leaves an entry out.
      blocks: `[places]` ids of places that are drawn together, each its own by
        default.
      resamples: how many.
      level: share of the resamples between the ends of the interval.
      seed: of the draws.

    Returns:
      `p_value` is the share of resamples in which the first model is not above the
      second, (1 + how many) / (1 + defined resamples); NaN if none is defined, as
      where fewer than two blocks have an entry that counts.

    Raises:
      ValueError: on shapes that do not agree, no place, no resample, blocks that are
        NaN or a level outside (0, 1).
    """
    tables = [shaped(scores, labels, where) for scores in (one, other)]
    first, second = (
        resampled(function, each, blocks, resamples, seed) for each in tables
    )
    values = [
        np.asarray(function(table, truth, where=kept), np.float64)
        for table, truth, kept in tables
    ]
    found = interval(values[0] - values[1], first - second, level)
    not_above = np.sum(first - second <= 0, axis=0)  # NaN is neither.
    defined = resamples - found.undefined
    p_value = np.where(defined > 0, (1 + not_above) / (1 + defined), np.nan)
    return Comparison(
        found.value,
        found.low,
        found.high,
        np.asarray(np.where(np.isnan(found.value), np.nan, p_value)),
        found.undefined,
        resamples,
    )


def compare_means(
    one: ArrayLike,
    other: ArrayLike,
    *,
    blocks: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    level: float = LEVEL,
    seed: int = 0,
) -> Comparison:
    """Paired bootstrap and permutation test of the means of values of places.

    Under the null hypothesis the models are exchangeable at every block: the sign of
    the differences of a block is a coin. Where there are no more than `permutations`
    ways to set all signs, all of them are taken and the p-value is exact.

    Args:
      one: `[places]` values of the first model, NaN where undefined.
      other: of the second. A place that is undefined for one of them is left out.
      blocks: `[places]` ids; the places of one block are drawn, and change sign,
        together. Each place is its own by default.
      resamples: of the interval.
      permutations: draws of signs.
      level: share of the resamples between the ends of the interval.
      seed: of the draws.

    Returns:
      `p_value` is the share of sign changes that give a mean difference as large as
      the observed one, (1 + how many) / (1 + permutations) where they are drawn.
      It and the interval are NaN, and all resamples undefined, where fewer than two
      blocks have a place that is defined for both.

    Raises:
      ValueError: on shapes that are not one `[places]`, no place that is defined for
        both, no resample or permutation, blocks that are NaN, or a level outside
        (0, 1).
    """
    values = [np.asarray(x, np.float64) for x in (one, other)]
    if values[0].ndim != 1 or values[0].shape != values[1].shape or permutations < 1:
        raise ValueError(
            "compare_means: want values [places] of both models and a permutation, got "
            f"{values[0].shape}, {values[1].shape} and {permutations}."
        )
    gap = values[0] - values[1]
    known = ~np.isnan(gap)
    if not known.any():
        raise ValueError("compare_means: no place has a value for both models.")
    draws = Resamples(gap.size, blocks, resamples, seed)
    mean = np.where(known, gap, 0).sum() / known.sum()
    found = interval(mean, resampled_means(gap, draws), level)
    of_block = np.bincount(draws.block[known], gap[known], draws.blocks)
    single = draws.of_blocks(known) < 2
    p_value = np.nan if single else _permuted(of_block, permutations, seed)
    return Comparison(*found[:3], np.asarray(p_value), *found[3:])


def _permuted(of_block: np.ndarray, permutations: int, seed: int) -> float:
    observed = of_block.sum()
    # Sums of the same numbers in another order are equal up to rounding.
    limit = observed - 1e-12 * np.abs(of_block).sum()
    blocks = of_block.size
    if blocks < 63 and 2**blocks <= permutations:
        signs = np.array(list(itertools.product((1.0, -1.0), repeat=blocks)))
        return float(np.mean(signs @ of_block >= limit))
    rng = np.random.default_rng((seed, 1))  # Apart from the draws of resamples.
    extreme = 0
    for first in range(0, permutations, 256):
        rows = min(256, permutations - first)
        signs = rng.integers(0, 2, (rows, blocks), np.int8) * 2.0 - 1
        extreme += int(np.sum(signs @ of_block >= limit))
    return (1 + extreme) / (1 + permutations)
