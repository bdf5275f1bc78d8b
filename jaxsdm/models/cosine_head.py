"""The cosine head: a logit is the cosine between features and a species' direction.

Margins that differ between species (LDAM, the imbalanced top-K hinge) need logits of
one size for all species; frequent species cannot win by longer weights here. With it
goes a `scale` of the loss, because cosines lie in [-1, 1].
"""

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from jaxsdm import ops

_SHORTEST = 1e-12  # a shorter vector is divided by this


class CosineHead(nn.Module):
    r"""Cosines between the features of a row and each column of the kernel.

    .. math:: f_{ic} = \frac{x_i}{\max(\|x_i\|, \epsilon)} \cdot
        \frac{w_c}{\max(\|w_c\|, \epsilon)}, \qquad \epsilon = 10^{-12}

    The kernel, `[features, species]`, starts from U(-1, 1) with its columns brought to
    length 1. Named "head" in a model, it is sharded over species by
    `partition_specs`; each column's length is then a shard's own affair.

    Attributes:
        species: number of species (columns of the kernel).

    References:
        Cao et al. 2019, arXiv:1906.07413 (their `NormedLinear`); Garcin et al. 2022,
        arXiv:2202.02193.
    """

    species: int

    @nn.compact
    def __call__(
        self, features: Float[Array, "batch features"]
    ) -> Float[Array, "batch species"]:
        """Gives the cosines `[batch, species]`."""
        width = features.shape[-1]
        kernel = self.param("kernel", _unit_columns, (width, self.species))
        return _normalised(features, 1) @ _normalised(kernel, 0)


def _unit_columns(key: Array, shape: tuple[int, int]) -> Array:
    return _normalised(ops.random_uniform(key, shape, -1.0, 1.0), 0)


def _normalised(x: Array, axis: int) -> Array:
    """Vectors of length 1; the gradient at a zero vector is finite."""
    square = jnp.sum(x * x, axis=axis, keepdims=True)
    long = square > _SHORTEST**2
    inverse = jax.lax.rsqrt(jnp.where(long, square, 1))
    return x * jnp.where(long, inverse, 1 / _SHORTEST)
