"""Fits of one species at a time, or of all species as if they were one."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from jaxsdm.decisions.calibration.logistic import LogitMap, logits_of
from jaxsdm.decisions.surveys import Surveys


class Group(NamedTuple):
    """What is fitted together.

    Attributes:
      logits: of the clipped probabilities.
      present: where the species was found.
    """

    logits: Float[np.ndarray, " entries"]
    present: Bool[np.ndarray, " entries"]


def grouped(
    function: str,
    data: Surveys,
    fit: Callable[[Group], tuple[float, float] | None],
    per_species: bool,
    method: str,
) -> LogitMap:
    """The lines that `fit` finds, slope 1 and intercept 0 where it finds none.

    Raises:
      ValueError: one line for all species is not determined.
    """
    logits = logits_of(data.probabilities)
    dtype = data.probabilities.dtype
    if not per_species:
        line = fit(Group(logits[data.known], data.present[data.known]))
        if line is None:
            raise ValueError(
                f"{function}: the calibration set does not determine it: want "
                "presences and absences that overlap, and presences where "
                "probabilities are higher, got "
                f"{data.present.sum()} presences of {data.known.sum()} entries. "
                "Use more places."
            )
        slope, intercept = (dtype.type(value) for value in line)
        return LogitMap(slope, intercept, np.asarray(False), method)
    lines = [
        fit(Group(logits[keep, species], data.present[keep, species]))
        for species, keep in enumerate(data.known.T)
    ]
    slopes, intercepts = np.asarray([line or (1.0, 0.0) for line in lines], dtype).T
    return LogitMap(
        slopes, intercepts, np.asarray([line is None for line in lines]), method
    )
