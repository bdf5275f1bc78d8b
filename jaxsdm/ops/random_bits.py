"""Random numbers as a function of (key, global position): fast, cheap to compile.

A counter-based generator: the bits of an element are rounds of a 32-bit finaliser over
its coordinates in the *global* array and the words of the key. They do not depend on
how the array is sharded or how far its axes are padded, need no communication, and cost
a fifth of threefry on a CPU, to run and above all to compile. Good for noise, dropout
and initial weights; not for cryptography.

References:
  Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3,
  doi:10.1145/2063384.2063405 (counter-based generators); the finaliser's constants are
  those of C. Wellons, "lowbias32", 2018, https://nullprogram.com/blog/2018/07/31/.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, UInt32


def random_bits(
    key: Array,
    shape: tuple[int, ...],
    *,
    starts: Sequence[ArrayLike] | None = None,
) -> UInt32[Array, "..."]:
    """32-bit words; that at `(i, j, ...)` is a function of key and `(i, j, ...)`.

    Args:
      key: a random key.
      shape: of the result.
      starts: the global position of the result's first element, one integer an axis
        (Python's or traced), for a shard or a tile of a larger array; 0 by default.

    Raises:
      ValueError: `starts` has another length than `shape`.
    """
    if starts is not None and len(starts) != len(shape):
        raise ValueError(
            f"random_bits: want one start an axis of {shape}, got {len(starts)}."
        )
    words = jax.random.key_data(key).astype(jnp.uint32)
    first, last = words[..., 0], words[..., -1]
    hashed = first
    for axis, size in enumerate(shape):
        along = [1] * len(shape)
        along[axis] = size
        position = jax.lax.broadcasted_iota(jnp.uint32, tuple(along), axis)
        if starts is not None:
            position = position + jnp.asarray(starts[axis]).astype(jnp.uint32)
        hashed = _finalise(hashed ^ _finalise(position + last))
    return _finalise(hashed + last)


def random_uniform(
    key: Array,
    shape: tuple[int, ...],
    low: float = 0.0,
    high: float = 1.0,
    *,
    starts: Sequence[ArrayLike] | None = None,
) -> Float[Array, "..."]:
    """Uniform float32 numbers in the open interval `(low, high)`, on a 2^-24 grid.

    `starts` is that of `random_bits`.
    """
    bits = random_bits(key, shape, starts=starts)
    unit = ((bits >> 8).astype(jnp.float32) + 0.5) * 2.0**-24
    return low + (high - low) * unit


def _finalise(word: UInt32[Array, "..."]) -> UInt32[Array, "..."]:
    word = (word ^ (word >> 16)) * jnp.uint32(0x7FEB352D)
    word = (word ^ (word >> 15)) * jnp.uint32(0x846CA68B)
    return word ^ (word >> 16)
