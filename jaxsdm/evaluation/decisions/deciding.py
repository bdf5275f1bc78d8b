"""The sets of one part by one rule."""

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from jaxsdm import decisions, registry
from jaxsdm.decisions import RULES, UNCALIBRATED, Score
from jaxsdm.evaluation.decisions.arranging import Arranged
from jaxsdm.evaluation.decisions.calibrating import calibrated
from jaxsdm.evaluation.decisions.place_table import PlaceTable

WITH_K = {
    "top_k": lambda p, k: decisions.TopK(int(k)),
    "average_k": lambda p, k: decisions.AdaptiveTopK(k),
}
"""Rules that need no labelled sites when the size is given."""

WITH_MISS = {
    "conformal_per_species": decisions.fit_conformal_per_species,
    "conformal_marginal": decisions.fit_conformal_marginal,
    "false_negative_rate": decisions.fit_false_negative_rate,
}
"""Rules with a level."""


@dataclasses.dataclass(frozen=True)
class Sets:
    """Species sets of some places of a table.

    Attributes:
      table: the predictions.
      places: `[places]` which of the table's places, by number.
      probabilities: `[places, species]` that the rule was given.
      mask: `[places, species]` the sets.
      size: `[places]`.
      expected_score: `[places]` what they score on average if the probabilities hold.
      undefined: how many species the calibration set gave no threshold.
      uncalibrated: how many it gave no calibration of their own.
    """

    table: PlaceTable
    places: Int[np.ndarray, " places"]
    probabilities: Float[np.ndarray, "places species"]
    mask: Bool[np.ndarray, "places species"]
    size: Int[np.ndarray, " places"]
    expected_score: Float[np.ndarray, " places"]
    undefined: int
    uncalibrated: int


def decide(
    part: Arranged,
    rule: str = "maxexp",
    score: Score | None = None,
    *,
    calibrate: str = "none",
    empty_score: float = 0.0,
    k: float | None = None,
    miss: float | None = None,
) -> Sets:
    """Sets of all places that nothing is fitted on.

    Args:
      part: from `arrange`.
      rule: of `RULES`.
      score: what is maximised (by rules that do) and expected; F1 by default.
      calibrate: of `CALIBRATIONS`, fitted on the calibration places.
      empty_score: what an empty set scores where nothing is present.
      k: size of `top_k`, mean size of `average_k`; fitted by default.
      miss: level of the conformal rules, 0.1 by default.

    Raises:
      ValueError: an unknown name, an option of another rule, or a rule that is fitted
        without calibration places.
    """
    score = score or decisions.f_beta(1)
    if not len(part.open):
        raise ValueError(
            f"{part.table.file}: every site is in the calibration set, none is left to "
            "decide on. Add sites to the predictions."
        )
    p, uncalibrated = calibrated(
        part.table.values,
        part.labels,
        part.calibration,
        calibrate,
        raw=part.table.kind == "score",
    )
    own = part.calibration
    chosen = fitted_rule(
        rule, p[own], part.labels[own], score, empty_score, k=k, miss=miss
    )
    places = part.open
    sets = chosen(p[places])
    mask = np.asarray(sets.mask)
    expected = decisions.expected_score(p[places], mask, score, empty_score=empty_score)
    return Sets(
        part.table,
        places,
        p[places],
        mask,
        np.asarray(sets.size),
        np.asarray(expected),
        len(getattr(chosen, "undefined_species", ())),
        uncalibrated,
    )


def fitted_rule(
    rule: str,
    probabilities: Float[np.ndarray, "places species"],
    labels: Float[np.ndarray, "places species"],
    score: Score,
    empty_score: float = 0.0,
    *,
    k: float | None = None,
    miss: float | None = None,
) -> Any:
    """A rule of `RULES`, fitted on these places if it has to be, with its options.

    Args, Raises: as `decide`.
    """
    fit = registry.choose(RULES, rule, "rule")
    for name, value, known in (("k", k, WITH_K), ("miss", miss, WITH_MISS)):
        if value is not None and rule not in known:
            raise ValueError(
                f"--{name} is for {', '.join(known)}; the rule {rule} takes none."
            )
    if k is not None:
        if not math.isfinite(k) or k < 0 or (rule == "top_k" and k != int(k)):
            raise ValueError(f"--k: want a finite size >= 0, whole for top_k, got {k}.")
        return WITH_K[rule](probabilities, k)
    if rule == "maxexp":
        return lambda p: decisions.maximize_expected_score(
            p, score, empty_score=empty_score
        )
    if rule not in UNCALIBRATED and not len(probabilities):
        raise ValueError(
            f"the rule {rule} is fitted on labelled sites, got none: give --labels and "
            f"--calibration, or take one of {', '.join(UNCALIBRATED)}."
        )
    if miss is not None:
        return WITH_MISS[rule](probabilities, labels, miss)
    if empty_score and rule not in UNCALIBRATED:
        return fit(probabilities, labels, _with_empty(score, empty_score))
    return fit(probabilities, labels, score)


def _with_empty(score: Score, empty_score: float) -> Any:
    def counts(true_positives, size, present, species):
        return score(true_positives, size, present, species, empty_score=empty_score)

    return counts
