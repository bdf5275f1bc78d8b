"""Dropout whose rate may differ between the members of a vmapped ensemble."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from jaxsdm import ops

# A 32-bit draw serves two entries: random bits are what dropout costs on a CPU.
_LEVELS = 2**16


def is_off(rate: float | jax.Array) -> bool:
    """Whether `rate` is known while tracing to be 0, so that nothing need be drawn."""
    return isinstance(rate, int | float) and rate == 0


def dropout(
    x: Float[Array, "batch features"], rate: float | Float[Array, ""], key: jax.Array
) -> Float[Array, "batch features"]:
    """Sets each entry to 0 with probability `rate`, scales the others by 1/(1 - rate).

    The expectation is `x`. The rate is rounded to a multiple of 2^-16. What is drawn
    depends on the key, the row and the column of the global array only, never on how
    it is sharded.

    Args:
        x: `[batch, features]`.
        rate: in [0, 1); may be traced.
        key: a key of `jax.random`.

    Raises:
        ValueError: a rate that is known while tracing and outside [0, 1).

    References:
        Srivastava et al. (2014), JMLR 15:1929-1958.
    """
    if isinstance(rate, int | float) and not 0 <= rate < 1:
        raise ValueError(f"dropout: want a rate in [0, 1), got {rate}.")
    rows, columns = x.shape
    words = ops.random_bits(key, (rows, (columns + 1) // 2))
    halves = jnp.concatenate([words >> 16, words & (_LEVELS - 1)], axis=1)
    keep = 1.0 - jnp.asarray(rate, x.dtype)
    kept = halves[:, :columns] < jnp.round(keep * _LEVELS).astype(jnp.uint32)
    return jnp.where(kept, x / keep, jnp.zeros_like(x))
