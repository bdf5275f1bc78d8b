"""Losses of species distribution models, usable in any JAX project.

One contract: `loss(logits, targets, *, where=None, ...)`, float32 out (float64 for
float64 input), no reduction, masked rows absent from value, normaliser and gradient.
Losses that are normalised over sites give one value per species, the others one per
example. Each is exact inside `jit`, `vmap`, `grad`, `shard_map` and `pmap`, when
the axis that it reduces over is sharded and named.
"""

from jaxsdm.losses.assume_negative import (
    assume_negative,
    assume_negative_slds_from_features,
    assume_negative_ssdl_from_features,
    other_species,
)
from jaxsdm.losses.average_k import (
    average_k_pseudo_labels,
    average_k_threshold,
    moving_threshold,
    two_head_average_k,
)
from jaxsdm.losses.classification import (
    softmax_cross_entropy,
)
from jaxsdm.losses.expected_top_k_hinge import expected_top_k_hinge
from jaxsdm.losses.imbalance import (
    class_balanced_weights,
    focal,
    inverse_frequency_weights,
    ldam,
    logit_adjusted,
)
from jaxsdm.losses.multi_label import (
    asymmetric,
    binary_cross_entropy,
    hill,
    sigmoid_f1,
)
from jaxsdm.losses.point_process import (
    normalized_poisson,
    poisson,
)
from jaxsdm.losses.presence_only import (
    expected_positive_regularization,
    full_weighted,
    ignore_band_pseudo_labels,
    presence_only_cross_entropy,
)
from jaxsdm.losses.smooth_top_k_svm import smooth_top_k_svm
from jaxsdm.losses.top_k_hinge import (
    stochastic_top_k_hinge,
    top_k_margins,
)

BY_NAME = {
    "assume_negative": assume_negative,
    "asymmetric": asymmetric,
    "binary_cross_entropy": binary_cross_entropy,
    "expected_positive_regularization": expected_positive_regularization,
    "expected_top_k_hinge": expected_top_k_hinge,
    "focal": focal,
    "full_weighted": full_weighted,
    "hill": hill,
    "ldam": ldam,
    "logit_adjusted": logit_adjusted,
    "normalized_poisson": normalized_poisson,
    "poisson": poisson,
    "presence_only_cross_entropy": presence_only_cross_entropy,
    "sigmoid_f1": sigmoid_f1,
    "smooth_top_k_svm": smooth_top_k_svm,
    "softmax_cross_entropy": softmax_cross_entropy,
    "stochastic_top_k_hinge": stochastic_top_k_hinge,
    "two_head_average_k": two_head_average_k,
}

__all__ = [
    "BY_NAME",
    "assume_negative",
    "assume_negative_slds_from_features",
    "assume_negative_ssdl_from_features",
    "asymmetric",
    "average_k_pseudo_labels",
    "average_k_threshold",
    "binary_cross_entropy",
    "class_balanced_weights",
    "expected_positive_regularization",
    "expected_top_k_hinge",
    "focal",
    "full_weighted",
    "hill",
    "ignore_band_pseudo_labels",
    "inverse_frequency_weights",
    "ldam",
    "logit_adjusted",
    "moving_threshold",
    "normalized_poisson",
    "other_species",
    "poisson",
    "presence_only_cross_entropy",
    "sigmoid_f1",
    "smooth_top_k_svm",
    "softmax_cross_entropy",
    "stochastic_top_k_hinge",
    "top_k_margins",
    "two_head_average_k",
]
