"""Metrics: predictions and labels in, values for the whole data set out.

Metrics of scores or probabilities take `(scores [sites, species], labels [sites,
species], *, where=None)` and give `[species]`; those of species sets take a mask in
place of scores and give a number, with the averaging in their name. NaN labels are
missing, and what is undefined (one class only, constant scores) is NaN, never a guess:
`mean_defined` counts it. `build(name)` gives the same metric as `Metric(init, update,
merge, compute)` for data that come in batches, from devices or from processes, and any
split gives the value of the whole. `bootstrap` and `compare` say how sure it is.

    >>> import numpy as np
    >>> from jaxsdm.metrics import roc_auc
    >>> roc_auc(np.array([[0.9], [0.4], [0.4]]), np.array([[1], [1], [0]]))
    array([0.75])
"""

from jaxsdm.metrics.auc import roc_auc
from jaxsdm.metrics.beta_diversity import (
    beta_diversity_error,
    dissimilarities,
    dissimilarity_to_truth,
)
from jaxsdm.metrics.bootstrap import Interval, bootstrap, bootstrap_mean
from jaxsdm.metrics.boyce import boyce
from jaxsdm.metrics.by_name import BY_NAME, build
from jaxsdm.metrics.comparison import Comparison, compare, compare_means
from jaxsdm.metrics.correlation import correlation, pearson, spearman
from jaxsdm.metrics.defined import MeanDefined, mean_defined, undefined
from jaxsdm.metrics.gathering import gather_and_merge, merge_over
from jaxsdm.metrics.kappa import max_kappa, max_kappa_threshold
from jaxsdm.metrics.metric import Metric, exact
from jaxsdm.metrics.precision_recall import (
    average_precision,
    pr_auc_trapezoid,
    prg_auc,
)
from jaxsdm.metrics.probability_scores import (
    brier,
    deviance,
    deviance_explained,
    log_loss,
)
from jaxsdm.metrics.reliability import (
    Reliability,
    ece_equal_mass,
    ece_equal_width,
    reliability_equal_mass,
    reliability_equal_width,
)
from jaxsdm.metrics.richness import richness_error, richness_error_of_place
from jaxsdm.metrics.set_scores import set_score
from jaxsdm.metrics.species_lists import (
    ListAccuracy,
    average_k_accuracy,
    average_k_cut,
    top_k_accuracy,
)
from jaxsdm.metrics.streaming_auc import BoundedAuc, fit_bins, streaming_auc
from jaxsdm.metrics.thresholds import Cuts, cuts, max_tss, max_tss_threshold

__all__ = [
    "BY_NAME",
    "BoundedAuc",
    "Comparison",
    "Cuts",
    "Interval",
    "ListAccuracy",
    "MeanDefined",
    "Metric",
    "Reliability",
    "average_k_accuracy",
    "average_k_cut",
    "average_precision",
    "beta_diversity_error",
    "bootstrap",
    "bootstrap_mean",
    "boyce",
    "brier",
    "build",
    "compare",
    "compare_means",
    "correlation",
    "cuts",
    "deviance",
    "deviance_explained",
    "dissimilarities",
    "dissimilarity_to_truth",
    "ece_equal_mass",
    "ece_equal_width",
    "exact",
    "fit_bins",
    "gather_and_merge",
    "log_loss",
    "max_kappa",
    "max_kappa_threshold",
    "max_tss",
    "max_tss_threshold",
    "mean_defined",
    "merge_over",
    "pearson",
    "pr_auc_trapezoid",
    "prg_auc",
    "reliability_equal_mass",
    "reliability_equal_width",
    "richness_error",
    "richness_error_of_place",
    "roc_auc",
    "set_score",
    "spearman",
    "streaming_auc",
    "top_k_accuracy",
    "undefined",
]
