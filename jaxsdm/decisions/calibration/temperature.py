"""Temperature: logits divided by one number."""

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.calibration.groups import Group, grouped
from jaxsdm.decisions.calibration.logistic import LogitMap, sigmoid
from jaxsdm.decisions.calibration.roots import increasing_roots
from jaxsdm.decisions.surveys import surveys

LIMIT = 100.0
"""Slopes are sought in [1 / LIMIT, LIMIT]."""


def fit_temperature(
    probabilities: ArrayLike, labels: ArrayLike, *, per_species: bool = False
) -> LogitMap:
    """Divides logits by the temperature of the least log-loss.

    The loss is convex in the slope 1 / temperature, so there is one minimum. It is not
    determined where there is one class only, where presences and absences are
    separated (the slope grows without end), or where they are no better than reversed
    (it falls to 0): there the slope is 1 and the species is in `undefined`.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.
      per_species: one temperature a species instead of one for all.

    Returns:
      The calibration, with `slope` = 1 / temperature between 0.01 and 100.

    Raises:
      ValueError: an invalid calibration set, or one for all is not determined.

    References:
      Guo et al. 2017, arXiv:1706.04599.
    """
    data = surveys("fit_temperature", probabilities, labels)
    return grouped("fit_temperature", data, _fit, per_species, "temperature")


def _fit(group: Group) -> tuple[float, float] | None:
    logits, present = group
    if not present.any() or present.all():
        return None

    def derivative(slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q = sigmoid(slope * logits)
        first = np.sum((q - present) * logits, keepdims=True)
        return first, np.sum(q * (1 - q) * logits**2, keepdims=True)

    slope = increasing_roots(derivative, 1 / LIMIT, LIMIT, np.ones(1))[0]
    return None if np.isnan(slope) else (float(slope), 0.0)
