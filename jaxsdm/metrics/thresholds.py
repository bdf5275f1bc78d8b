"""Counts along all thresholds, and the true skill statistic at the best of them.

Cutting a column of scores at t ("present where score >= t") gives true presences TP(t)
and false presences FP(t). Tied scores fall on the same side of every cut, so there is
one cut a distinct score: the basis of TSS here and of the precision-recall curves.
"""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jaxsdm.metrics.columns import each_species


class Cuts(NamedTuple):
    """Counts at every distinct score, from the highest cut to the lowest.

    Attributes:
      threshold: the scores; a site is predicted present where score >= threshold.
      true_presences: presences predicted present, ends at the number of presences.
      false_presences: absences predicted present, ends at the number of absences.
    """

    threshold: Float[np.ndarray, " cuts"]
    true_presences: Int[np.ndarray, " cuts"] | Float[np.ndarray, " cuts"]
    false_presences: Int[np.ndarray, " cuts"] | Float[np.ndarray, " cuts"]


def cuts(
    scores: Float[np.ndarray, " sites"],
    present: Bool[np.ndarray, " sites"],
    weights: Float[np.ndarray, " sites"] | None = None,
) -> Cuts:
    """All cuts of one species' scores.

    Args:
      scores: no NaN; there may be none.
      present: True where the species was found.
      weights: how much a site counts; 1 by default, and counts are integers then.

    Returns:
      `Cuts`, one entry a distinct score.
    """
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    ends = np.append(ordered[1:] != ordered[:-1], True)[: len(ordered)]
    last_of_tie = np.flatnonzero(ends)
    if weights is not None:
        found, scale = present[order], weights[order]
        sums = (np.cumsum(scale * side)[last_of_tie] for side in (found, ~found))
        return Cuts(ordered[last_of_tie], *sums)
    true_presences = np.cumsum(present[order], dtype=np.int64)[last_of_tie]
    return Cuts(ordered[last_of_tie], true_presences, last_of_tie + 1 - true_presences)


def max_tss(
    scores: ArrayLike, labels: ArrayLike, *, where: ArrayLike | None = None
) -> Float[np.ndarray, " species"]:
    """True skill statistic at the threshold that maximises it, per species.

    TSS = sensitivity + specificity - 1 = TP / P - FP / A. Predicting nothing gives 0,
    so the maximum is never negative. Chosen and measured on the same sites it flatters
    a model; see `max_tss_threshold` to apply the cut elsewhere.

    Args:
      scores: `[sites, species]`, higher means more suitable; only their order matters.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.

    Returns:
      In [0, 1]; NaN for a species with one class only or a NaN score.

    Raises:
      ValueError: on unequal shapes or labels other than 0, 1 and NaN.

    References:
      Allouche, Tsoar & Kadmon 2006, doi:10.1111/j.1365-2664.2006.01214.x.
    """
    return each_species(lambda s, p: _best(s, p)[0], scores, labels, where)


def max_tss_threshold(
    scores: ArrayLike, labels: ArrayLike, *, where: ArrayLike | None = None
) -> Float[np.ndarray, " species"]:
    """Threshold that maximises TSS per species: present where score >= threshold.

    Args, Raises: as `max_tss`.

    Returns:
      One of the species' scores, the highest one where several cuts are equally good;
      +inf where no cut beats predicting nothing; NaN where TSS is undefined.
    """
    return each_species(lambda s, p: _best(s, p)[1], scores, labels, where)


def _best(scores: np.ndarray, present: np.ndarray) -> tuple[float, float]:
    threshold, true_presences, false_presences = cuts(scores, present)
    presences, absences = int(true_presences[-1]), int(false_presences[-1])
    # Compared as integers, so equally good cuts are equal.
    skill = true_presences * absences - false_presences * presences
    best = int(np.argmax(skill))
    if skill[best] <= 0:
        return 0.0, float("inf")
    return int(skill[best]) / (presences * absences), float(threshold[best])
