"""All rules under one signature, for programs that choose or compare them by name.

`RULES[name](probabilities, labels, score)` gives a rule: calibrated on those surveys
where the rule needs it, for that score where it maximises one.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.conformal import (
    fit_common_percentile,
    fit_conformal_marginal,
    fit_conformal_per_species,
    fit_false_negative_rate,
)
from jaxsdm.decisions.criteria import CRITERIA
from jaxsdm.decisions.decision import Decision
from jaxsdm.decisions.lists import TopK, fit_average_size, fit_top_k
from jaxsdm.decisions.maximize import maximize_expected_score
from jaxsdm.decisions.richness import SSE, fit_binned_k, fit_predicted_k
from jaxsdm.decisions.score_means import fit_global_threshold
from jaxsdm.decisions.scores import Score
from jaxsdm.decisions.thresholds import (
    ThresholdRule,
    fit_threshold,
    frequency_matching,
)

Rule = Callable[[ArrayLike], Decision]
Fit = Callable[[ArrayLike, ArrayLike, Score], Rule]

USUAL_LENGTH = 25
"""Species of the lists that GeoLifeCLEF asked for."""


def _without_score(fit: Callable[..., Any]) -> Fit:
    return lambda probabilities, labels, score: fit(probabilities, labels)


def _top_25(probabilities: ArrayLike, labels: ArrayLike, score: Score) -> Rule:
    return TopK(min(USUAL_LENGTH, np.shape(probabilities)[1]))


RULES: dict[str, Fit] = {
    "maxexp": lambda p, labels, score: functools.partial(
        maximize_expected_score, score=score
    ),
    "sse": lambda p, labels, score: SSE(),
    "half": lambda p, labels, score: ThresholdRule(0.5),
    "top_25": _top_25,
    "top_k": fit_top_k,
    "average_k": _without_score(fit_average_size),
    "predicted_k": _without_score(fit_predicted_k),
    "binned_k": _without_score(fit_binned_k),
    "global_threshold": fit_global_threshold,
    "frequency_matching": _without_score(frequency_matching),
    "common_percentile": fit_common_percentile,
    "conformal_per_species": _without_score(fit_conformal_per_species),
    "conformal_marginal": _without_score(fit_conformal_marginal),
    "false_negative_rate": _without_score(fit_false_negative_rate),
    **{
        name: _without_score(functools.partial(fit_threshold, criterion=name))
        for name in CRITERIA
    },
}
"""Name of a rule -> what fits it."""

UNCALIBRATED = ("maxexp", "sse", "half", "top_25")
"""Rules that take nothing from the surveys."""
