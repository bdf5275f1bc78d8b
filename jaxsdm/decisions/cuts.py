"""Counts of one species at every cut of its probabilities.

Cutting at t predicts the species where p >= t. Equal probabilities fall on one side of
every cut, so the cuts that differ are +inf (nowhere) and each distinct probability.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


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
    order = np.argsort(-probabilities, kind="stable")
    ordered = probabilities[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)])
    hits = np.cumsum(present[order], dtype=np.int64)[last]
    infinity = np.full(1, np.inf, ordered.dtype)
    return Cuts(
        np.concatenate([infinity, ordered[last]]),
        np.append(0, hits),
        np.append(0, last + 1 - hits),
    )
