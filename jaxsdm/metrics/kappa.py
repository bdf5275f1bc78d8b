"""Cohen's kappa at the threshold that maximises it.

kappa = (observed agreement - agreement by chance) / (1 - agreement by chance)
      = 2 (TP TN - FN FP) / ((TP + FP) (FP + TN) + (TP + FN) (FN + TN)).

It depends on prevalence (Allouche et al. 2006): compare models, not species, by it. At
given sets it is `set_score(..., score="kappa")`.

References: Cohen 1960, doi:10.1177/001316446002000104; Allouche, Tsoar & Kadmon 2006,
doi:10.1111/j.1365-2664.2006.01214.x.
"""

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.columns import each_species
from jaxsdm.metrics.thresholds import cuts


def max_kappa(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Kappa at the threshold that maximises it, per species.

    Predicting nothing gives 0, so the maximum is never negative. Chosen and measured
    on the same sites it flatters a model; see `max_kappa_threshold`.

    Args:
      scores: `[sites, species]`, higher means more suitable; only their order matters.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      weights: `[sites]`, how much a site counts.

    Returns:
      In [0, 1]; NaN for a species with one class only or a NaN score.

    Raises:
      ValueError: on unequal shapes, wrong weights or labels other than 0, 1 and NaN.
    """
    return each_species(lambda *c: _best(*c)[0], scores, labels, where, weights)


def max_kappa_threshold(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Threshold that maximises kappa per species: present where score >= threshold.

    Args, Raises: as `max_kappa`.

    Returns:
      One of the species' scores, the highest one where several cuts are equally good;
      +inf where no cut beats predicting nothing; NaN where kappa is undefined.
    """
    return each_species(lambda *c: _best(*c)[1], scores, labels, where, weights)


def _best(
    scores: np.ndarray, present: np.ndarray, weights: np.ndarray | None = None
) -> tuple[float, float]:
    threshold, tp, fp = cuts(scores, present, weights)
    presences, absences = tp[-1], fp[-1]
    # TP TN - FN FP = TP A - FP P.
    agreement = 2 * (tp * absences - fp * presences)
    chance = (tp + fp) * absences + presences * (presences + absences - tp - fp)
    kappa = agreement / chance
    best = int(np.argmax(kappa))
    if kappa[best] <= 0:
        return 0.0, float("inf")
    return float(kappa[best]), float(threshold[best])
