"""All metrics by name, as functions of all data and as `Metric`s.

Names of set metrics end in their averaging: `f_beta_sample`, `f_beta_micro`,
`f_beta_macro_over_present` and so on (see `set_scores.py`).
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from jaxsdm.metrics import (
    beta_diversity,
    probability_scores,
    reliability,
    richness,
    set_scores,
    species_lists,
)
from jaxsdm.metrics.auc import roc_auc
from jaxsdm.metrics.boyce import boyce
from jaxsdm.metrics.correlation import correlation
from jaxsdm.metrics.kappa import max_kappa
from jaxsdm.metrics.metric import Metric, exact
from jaxsdm.metrics.precision_recall import (
    average_precision,
    pr_auc_trapezoid,
    prg_auc,
)
from jaxsdm.metrics.streaming_auc import streaming_auc
from jaxsdm.metrics.thresholds import max_tss

OF_SCORES: dict[str, Callable[..., Any]] = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "pr_auc_trapezoid": pr_auc_trapezoid,
    "prg_auc": prg_auc,
    "correlation": correlation,
    "max_tss": max_tss,
    "max_kappa": max_kappa,
    "boyce": boyce,
}
"""Of scores: `[species]`, NaN for a species with one class; states keep all scores."""

OF_PROBABILITIES: dict[str, Callable[..., Any]] = {
    "log_loss": probability_scores.log_loss,
    "deviance": probability_scores.deviance,
    "deviance_explained": probability_scores.deviance_explained,
    "brier": probability_scores.brier,
    "ece_equal_width": reliability.ece_equal_width,
    "ece_equal_mass": reliability.ece_equal_mass,
}
"""Of probabilities: `[species]`."""

_AVERAGED: dict[str, Callable[..., Any]] = {
    f"{score}_{average}": functools.partial(
        set_scores.set_score, score=score, average=average
    )
    for score in set_scores.SCORES
    for average in set_scores.AVERAGES
    if score != "exact_match" or average == "sample"
}
_RICHNESS: dict[str, Callable[..., Any]] = {
    f"richness_{kind}": functools.partial(richness.richness_error, kind=kind)
    for kind in richness.KINDS
}
_TO_TRUTH: dict[str, Callable[..., Any]] = {
    f"{component}_to_truth": functools.partial(
        beta_diversity.dissimilarity_to_truth, component=component
    )
    for component in beta_diversity.COMPONENTS
}
_OF_PAIRS: dict[str, Callable[..., Any]] = {
    f"{component}_error": functools.partial(
        beta_diversity.beta_diversity_error, component=component
    )
    for component in beta_diversity.COMPONENTS
}
OF_SETS = _AVERAGED | _RICHNESS | _TO_TRUTH | _OF_PAIRS
"""Of a mask of species sets: a number, or `[species]` of `..._of_species`."""

OF_LISTS: dict[str, Callable[..., Any]] = {
    "top_k_accuracy": species_lists.top_k_accuracy,
    "average_k_accuracy": species_lists.average_k_accuracy,
}
"""Of scores and records, for lists of length `k`: a `ListAccuracy`."""

BY_NAME = OF_SCORES | OF_PROBABILITIES | OF_SETS | OF_LISTS

_OF_SUMS: dict[Any, Callable[..., Metric]] = {
    probability_scores.log_loss: probability_scores.log_loss_metric,
    probability_scores.deviance: probability_scores.deviance_metric,
    probability_scores.deviance_explained: (
        probability_scores.deviance_explained_metric
    ),
    probability_scores.brier: probability_scores.brier_metric,
    reliability.ece_equal_width: reliability.ece_equal_width_metric,
    set_scores.set_score: set_scores.set_score_metric,
    richness.richness_error: richness.richness_error_metric,
    beta_diversity.dissimilarity_to_truth: beta_diversity.dissimilarity_to_truth_metric,
    species_lists.top_k_accuracy: species_lists.top_k_accuracy_metric,
}


def build(name: str, **options: Any) -> Metric:
    """Metric of that name for data that come in batches.

    Args:
      name: a key of `BY_NAME`, or `streaming_roc_auc`, or `average_k_accuracy` with a
        `cut` that is known: then, and for all metrics but those of ranks, the state is
        sums that add (see `sums.py`). Others keep every score.
      **options: of the function, such as `bins`, `beta`, `k` or `zero_division`;
        `edges` of `streaming_roc_auc`.

    Raises:
      ValueError: on an unknown name, with the known ones. TypeError: on an unknown
        option.
    """
    if name == "streaming_roc_auc":
        return streaming_auc(**options)
    if name not in BY_NAME:
        raise ValueError(
            f"unknown metric {name!r}; known: "
            f"{', '.join([*BY_NAME, 'streaming_roc_auc'])}."
        )
    if name == "average_k_accuracy" and options.get("cut") is not None:
        return species_lists.average_k_accuracy_metric(**options)
    function = BY_NAME[name]
    chosen = functools.partial(function, **options)
    make = _OF_SUMS.get(chosen.func)
    if make is None:
        inspect.signature(function).bind_partial(**options)
        return exact(chosen)
    return make(**chosen.keywords)
