"""Standard normal numbers as a function of (key, global position)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm.ops.random_bits import random_bits


def random_normal(
    key: Array,
    shape: tuple[int, ...],
    *,
    starts: Sequence[ArrayLike] | None = None,
) -> Float[Array, "..."]:
    r"""Standard normal float32 numbers; one depends on key and global position alone.

    .. math:: z = \sqrt 2 \, \mathrm{erf}^{-1}(2u - 1)

    with u the upper 23 bits of `ops.random_bits`, moved to the middle of their step, so
    that the grid is symmetric, exact in float32 and never reaches 0 or 1: all numbers
    are finite, of size 5.3 at most.

    Args:
      key: a random key.
      shape: of the result.
      starts: the global position of the result's first element, one integer an axis,
        for a shard or a tile of a larger array; 0 by default.

    Returns:
      Float32 of `shape`; any tile of it is what `starts` gives.

    Raises:
      ValueError: `starts` has another length than `shape`.
    """
    bits = (random_bits(key, shape, starts=starts) >> 9).astype(jnp.int32)
    middle = (bits - 2**22).astype(jnp.float32) + 0.5
    return jnp.float32(2.0**0.5) * jax.lax.erf_inv(middle * jnp.float32(2.0**-22))
