"""Losses of species distribution models, usable in any JAX project.

One contract: `loss(logits, targets, *, where=None, ...)`, float32 out (float64 for
float64 input), no reduction, masked rows absent from value, normaliser and gradient.
Losses that are normalised over sites give one value per species, the others one per
example. Each is exact inside `jit`, `vmap`, `grad`, `shard_map` and `pmap`, when
the axis that it reduces over is sharded and named.
"""

from jaxsdm.losses.classification import binary_cross_entropy, softmax_cross_entropy
from jaxsdm.losses.point_process import normalized_poisson, poisson

BY_NAME = {
    "normalized_poisson": normalized_poisson,
    "poisson": poisson,
    "softmax_cross_entropy": softmax_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
}

__all__ = [
    "BY_NAME",
    "binary_cross_entropy",
    "normalized_poisson",
    "poisson",
    "softmax_cross_entropy",
]
