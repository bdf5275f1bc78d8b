"""Counts of one species at every cut of its probabilities, and where none is reached.

Those of `jaxsdm.metrics` are at each distinct probability; a rule may also predict a
species nowhere, which is a cut at +inf.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from jaxsdm.metrics import thresholds


class Cuts(NamedTuple):
    """Counts at all cuts, the highest first.

    Attributes:
      threshold: +inf, then the distinct probabilities, decreasing.
      hits: presences predicted present, from 0 to all.
      false_alarms: absences predicted present, from 0 to all.
    """

    threshold: Float[np.ndarray, " cuts"]
    hits: Int[np.ndarray, " cuts"]
    false_alarms: Int[np.ndarray, " cuts"]

    @property
    def presences(self) -> int:
        """How many places have the species."""
        return int(self.hits[-1])

    @property
    def absences(self) -> int:
        """How many do not."""
        return int(self.false_alarms[-1])


def cuts(
    probabilities: Float[np.ndarray, " places"], present: Bool[np.ndarray, " places"]
) -> Cuts:
    """All cuts of one species."""
    found = thresholds.cuts(probabilities, present)
    infinity = np.full(1, np.inf, probabilities.dtype)
    return Cuts(
        np.concatenate([infinity, found.threshold]),
        np.append(0, found.true_presences),
        np.append(0, found.false_presences),
    )
