"""Means over species, or places, with the count of those that have no value."""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.metrics.exact_sum import exact_mean


class MeanDefined(NamedTuple):
    """A mean and what it is a mean of.

    Attributes:
      mean: over the defined values; NaN where there is none.
      defined: how many they are.
      undefined: how many were NaN.
    """

    mean: float
    defined: int
    undefined: int


def undefined(values: ArrayLike) -> int:
    """How many values are NaN: species or places that a metric is undefined for."""
    return int(np.isnan(np.asarray(values, np.float64)).sum())


def mean_defined(values: ArrayLike) -> MeanDefined:
    """Mean over the species (or places) with a value, and how many have none.

    Args:
      values: of a metric, NaN where undefined; any shape, any order.

    Raises:
      ValueError: an infinite value.
    """
    table = np.asarray(values, np.float64)
    known = table[~np.isnan(table)]
    return MeanDefined(exact_mean(known), known.size, table.size - known.size)
