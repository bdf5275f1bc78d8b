"""Decisions: probabilities in, species sets out.

    >>> import numpy as np
    >>> from jaxsdm import decisions
    >>> p = np.array([[0.8, 0.45, 0.45, 0.05]], np.float32)
    >>> sets = decisions.maximize_expected_score(p, decisions.f_beta(1))
    >>> sets.mask.tolist(), sets.size.tolist()
    ([[True, True, True, False]], [3])

Every rule is called on probabilities `[places, species]` and gives a
`Decision(mask, size, expected_score)`. Rules that need surveys come from
`fit_NAME(probabilities, labels, ...)`, with labels 1 present, 0 absent and NaN not
looked for. `RULES` has all of them by name, `calibration` what makes probabilities mean
what they say.
"""

from jaxsdm.decisions import calibration
from jaxsdm.decisions.conformal import (
    fit_common_percentile,
    fit_conformal_marginal,
    fit_conformal_per_species,
    fit_false_negative_rate,
)
from jaxsdm.decisions.criteria import CRITERIA
from jaxsdm.decisions.decision import Decision, check_disjoint
from jaxsdm.decisions.dependent import maximize_joint_f_beta
from jaxsdm.decisions.lists import (
    AdaptiveTopK,
    TopK,
    fit_average_k,
    fit_average_size,
    fit_top_k,
)
from jaxsdm.decisions.maximize import expected_score, maxexp, maximize_expected_score
from jaxsdm.decisions.richness import (
    SSE,
    BinnedK,
    PredictedK,
    fit_binned_k,
    fit_predicted_k,
)
from jaxsdm.decisions.rules import RULES, UNCALIBRATED
from jaxsdm.decisions.saving import load_rule, save_rule
from jaxsdm.decisions.score_means import fit_global_threshold
from jaxsdm.decisions.scores import (
    Score,
    accuracy,
    exact_match,
    f_beta,
    f_beta_released,
    jaccard,
    kappa,
    mcc,
    richness_error,
    score,
    tss,
    tversky,
)
from jaxsdm.decisions.thresholds import (
    ThresholdRule,
    fit_threshold,
    frequency_matching,
)

SCORES = {
    "f1": f_beta(1),
    "f2": f_beta(2),
    "f0.5": f_beta(0.5),
    "jaccard": jaccard(),
    "tss": tss(),
    "accuracy": accuracy(),
    "mcc": mcc(),
    "kappa": kappa(),
    "exact_match": exact_match(),
    "richness_error": richness_error(),
}
"""Scores without options, by name."""

__all__ = [
    "CRITERIA",
    "RULES",
    "SCORES",
    "SSE",
    "UNCALIBRATED",
    "AdaptiveTopK",
    "BinnedK",
    "Decision",
    "PredictedK",
    "Score",
    "ThresholdRule",
    "TopK",
    "accuracy",
    "calibration",
    "check_disjoint",
    "exact_match",
    "expected_score",
    "f_beta",
    "f_beta_released",
    "fit_average_k",
    "fit_average_size",
    "fit_binned_k",
    "fit_common_percentile",
    "fit_conformal_marginal",
    "fit_conformal_per_species",
    "fit_false_negative_rate",
    "fit_global_threshold",
    "fit_predicted_k",
    "fit_threshold",
    "fit_top_k",
    "frequency_matching",
    "jaccard",
    "kappa",
    "load_rule",
    "maxexp",
    "maximize_expected_score",
    "maximize_joint_f_beta",
    "mcc",
    "richness_error",
    "save_rule",
    "score",
    "tss",
    "tversky",
]
