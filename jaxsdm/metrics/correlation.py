"""Correlations: COR of the comparison papers, and the two textbook coefficients.

COR is Pearson's coefficient between the score and the 0/1 label (point-biserial). It
depends on the scale of the score: quote it with the scale (log suitability, cloglog).
"""

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.columns import each_species


def correlation(
    scores: ArrayLike, labels: ArrayLike, *, where: ArrayLike | None = None
) -> Float[np.ndarray, " species"]:
    """COR: point-biserial correlation of score and presence, per species.

    Args:
      scores: `[sites, species]`, higher means more suitable; quote COR with its
        scale.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.

    Returns:
      In [-1, 1]; NaN for a species with one class only, constant scores or a score that
      is not finite.

    Raises:
      ValueError: on unequal shapes or labels other than 0, 1 and NaN.

    References:
      Elith et al. 2006, doi:10.1111/j.2006.0906-7590.04596.x (COR of the comparison).
    """
    return each_species(pearson, scores, labels, where)


def pearson(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's correlation of two vectors in float64.

    Args:
      one: `[n]` numbers.
      other: `[n]` numbers or booleans.

    Returns:
      In [-1, 1]; NaN when one of them is constant or holds a value that is not finite.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return float("nan")
    if np.ptp(one) == 0 or np.ptp(other) == 0:  # Before the mean, which rounds.
        return float("nan")
    left, right = _unit(one), _unit(other)
    return float(np.clip(np.sum(left * right), -1, 1))


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation, tied values sharing their mean rank.

    Args:
      one: `[n]` numbers.
      other: `[n]` numbers.

    Returns:
      In [-1, 1]; NaN when one of them is constant or holds a NaN.
    """
    if np.isnan(one).any() or np.isnan(other).any():
        return float("nan")
    return pearson(_mean_ranks(one), _mean_ranks(other))


def _unit(values: np.ndarray) -> np.ndarray:
    scaled = values / np.max(np.abs(values))  # So that squares cannot overflow.
    centred = scaled - scaled.mean()
    return centred / np.sqrt(np.sum(centred**2))


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(size) - (size - 1) / 2)[group]
