"""Roots of many increasing functions at once: Newton inside a bracket."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Functions = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def increasing_roots(
    functions: Functions, lowest: float, highest: float, start: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " n"]:
    """Where each function is 0.

    Args:
      functions: from `[n]` arguments to `[n]` values and `[n]` slopes, increasing.
      lowest: the lower end of the bracket.
      highest: the upper end.
      start: `[n]` within it.

    Returns:
      The roots, NaN where the ends have the same sign: no root lies between them.
    """
    low, high = np.full_like(start, lowest), np.full_like(start, highest)
    inside = (functions(low)[0] < 0) & (functions(high)[0] > 0)
    x = start
    for _ in range(200):
        value, slope = functions(x)
        low, high = np.where(value < 0, x, low), np.where(value > 0, x, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            following = x - value / slope
        middle = (low + high) / 2
        safe = (following > low) & (following < high)
        following = np.where(value == 0, x, np.where(safe, following, middle))
        moved = np.abs(following - x) > 1e-14 * (1 + np.abs(x))
        x = following
        if not (moved & inside).any():
            break
    return np.where(inside, x, np.nan)
