"""What makes the cut of one species a good one: the criteria of `fit_threshold`.

A criterion takes `(cuts, probabilities)` and options by name, and gives a threshold, or
NaN where the species' places do not determine one. Cuts are the observed
probabilities and +inf, not a grid. Of equally good cuts the highest is taken: the
species is predicted at the fewest places.

Definitions are those of the R packages PresenceAbsence (`optimal.thresholds`, names in
brackets), which looks at a grid, and dismo (`threshold`).

References:
  Freeman & Moisen 2008, doi:10.18637/jss.v023.i11; Liu et al. 2005,
  doi:10.1111/j.0906-7590.2005.03957.x.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from jaxsdm.decisions.cuts import Cuts
from jaxsdm.decisions.surveys import fraction

Probabilities = Float[np.ndarray, " places"]
NAN = float("nan")


def max_tss(cuts: Cuts, probabilities: Probabilities) -> float:
    """[MaxSens+Spec] maximises sensitivity + specificity - 1."""
    if not (cuts.presences and cuts.absences):
        return NAN
    return _highest(
        cuts, cuts.hits * cuts.absences - cuts.false_alarms * cuts.presences
    )


def max_f(
    cuts: Cuts, probabilities: Probabilities, *, beta: float | int = 1.0
) -> float:
    """Maximises F-beta over the species' places."""
    if not cuts.presences:
        return NAN
    if not 0 < beta < np.inf:
        raise ValueError(f"max_f: want beta > 0, got {beta!r}.")
    predicted = cuts.hits + cuts.false_alarms
    return _highest(
        cuts, (1 + beta**2) * cuts.hits / (beta**2 * cuts.presences + predicted)
    )


def max_kappa(cuts: Cuts, probabilities: Probabilities) -> float:
    """[MaxKappa] maximises Cohen's kappa."""
    presences, absences = cuts.presences, cuts.absences
    if not (presences and absences):
        return NAN
    predicted = cuts.hits + cuts.false_alarms
    over_chance = cuts.hits * absences - cuts.false_alarms * presences
    # Both classes are there, so the denominator is positive.
    chance = predicted * absences + (presences + absences - predicted) * presences
    return _highest(cuts, 2 * over_chance / chance)


def max_accuracy(cuts: Cuts, probabilities: Probabilities) -> float:
    """[MaxPCC] maximises the share of places that are right."""
    if not len(probabilities):
        return NAN
    return _highest(cuts, cuts.hits - cuts.false_alarms)


def sensitivity_equals_specificity(cuts: Cuts, probabilities: Probabilities) -> float:
    """[Sens=Spec] minimises |sensitivity - specificity|."""
    presences, absences = cuts.presences, cuts.absences
    if not (presences and absences):
        return NAN
    rejected = absences - cuts.false_alarms
    return _highest(cuts, -np.abs(cuts.hits * absences - rejected * presences))


def prevalence(cuts: Cuts, probabilities: Probabilities) -> float:
    """[ObsPrev] the share of places where the species was found, itself the cut."""
    if not cuts.presences:
        return NAN
    return cuts.presences / len(probabilities)


def mean_probability(cuts: Cuts, probabilities: Probabilities) -> float:
    """[MeanProb] the mean probability, itself the cut; presences play no part."""
    if not len(probabilities):
        return NAN
    return float(np.mean(probabilities, dtype=np.float64))


def predicted_equals_observed_prevalence(
    cuts: Cuts, probabilities: Probabilities
) -> float:
    """[PredPrev=Obs] minimises |places predicted - places found|."""
    if not len(probabilities):
        return NAN
    return _highest(cuts, -np.abs(cuts.hits + cuts.false_alarms - cuts.presences))


def required_sensitivity(
    cuts: Cuts, probabilities: Probabilities, *, sensitivity: float = 0.85
) -> float:
    """[ReqSens] the highest cut that finds at least this share of the presences."""
    fraction("required_sensitivity", "sensitivity", sensitivity)
    return _finding(cuts, sensitivity)


def minimum_training_presence(cuts: Cuts, probabilities: Probabilities) -> float:
    """The lowest probability of a presence: the highest cut without omission."""
    return _finding(cuts, 1.0)


def tenth_percentile(cuts: Cuts, probabilities: Probabilities) -> float:
    """The highest cut that omits at most a tenth of the presences.

    The ceil(0.9 n)-th highest of the n presences. With fewer than ten no one may be
    omitted (Wallace and ENMeval take the floor there and omit one).
    """
    return _finding(cuts, 0.9)


def required_specificity(
    cuts: Cuts, probabilities: Probabilities, *, specificity: float = 0.85
) -> float:
    """[ReqSpec] the lowest cut that rejects at least this share of the absences."""
    fraction("required_specificity", "specificity", specificity)
    if not cuts.absences:
        return NAN
    rejected = (cuts.absences - cuts.false_alarms) / cuts.absences
    return float(cuts.threshold[np.flatnonzero(rejected >= specificity)[-1]])


def min_roc_distance(cuts: Cuts, probabilities: Probabilities) -> float:
    """[MinROCdist] minimises the distance of the ROC curve to (0, 1)."""
    presences, absences = cuts.presences, cuts.absences
    if not (presences and absences):
        return NAN
    missed = (presences - cuts.hits).astype(np.float64) * absences
    return _highest(cuts, -(missed**2 + (cuts.false_alarms * float(presences)) ** 2))


def cost(
    cuts: Cuts,
    probabilities: Probabilities,
    *,
    false_positive: float | int = 1.0,
    false_negative: float | int = 1.0,
) -> float:
    """[Cost] minimises the cost of false positives and false negatives together.

    The same as moving a line of slope (FPC / FNC) (1 - prevalence) / prevalence down
    to the ROC curve.
    """
    if not (0 < false_positive < np.inf and 0 < false_negative < np.inf):
        raise ValueError(
            "cost: want costs above 0, got "
            f"false_positive={false_positive!r}, false_negative={false_negative!r}."
        )
    if not len(probabilities):
        return NAN
    return _highest(
        cuts, false_negative * cuts.hits - false_positive * cuts.false_alarms
    )


CRITERIA: dict[str, Callable[..., float]] = {
    criterion.__name__: criterion
    for criterion in (
        max_tss,
        max_f,
        max_kappa,
        max_accuracy,
        sensitivity_equals_specificity,
        prevalence,
        mean_probability,
        predicted_equals_observed_prevalence,
        minimum_training_presence,
        tenth_percentile,
        required_sensitivity,
        required_specificity,
        min_roc_distance,
        cost,
    )
}
"""Name -> criterion."""


def _highest(cuts: Cuts, value: np.ndarray) -> float:
    """The highest cut of the largest value."""
    return float(cuts.threshold[np.argmax(value)])


def _finding(cuts: Cuts, sensitivity: float) -> float:
    """The highest cut that finds this share of the presences."""
    if not cuts.presences:
        return NAN
    # A quotient is rounded as the number written in the program is: 55 / 100 = 0.55.
    found = cuts.hits / cuts.presences
    return float(cuts.threshold[np.argmax(found >= sensitivity)])
