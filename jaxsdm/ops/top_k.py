"""The k largest of each row, with the numbers of their columns, sharded or not.

On a CPU `jax.lax.top_k` is the fastest selection there is, by a factor of ten to
hundred, as long as XLA keeps it as one call: it must see float32, and *each* output
must go through an optimisation barrier before it is sliced. Without them the slice is
merged with the selection, which becomes a sort of the whole row (jax 0.10). One barrier
for both outputs together does the same on one device, but XLA 0.10.2 aborts on it in a
program of several devices, where it fails to take the barrier for a tuple's element.

It reads a long row at some 2 ns an element. For a few of very many, the maxima of short
blocks are selected first, at the speed of memory, and then only their blocks are looked
at: 2 to 15 times faster (measured in benchmarks/losses.py, `average_k_cut`).
"""

import functools

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from jaxsdm.ops.arguments import whole_number
from jaxsdm.ops.columns import all_columns, first_column


def top_k(
    x: ArrayLike, k: int, *, axis_name: str | None = None
) -> tuple[Float[Array, "... k"], Int[Array, "... k"]]:
    """The k largest elements along the last axis, in decreasing order, and where.

    Equal elements count each, that of the lowest global column first (0 and -0 are
    equal). Nothing is differentiated through: the values are constants. A nan comes
    before all numbers, so that it is seen (`kth_largest` counts it as the least).

    Args:
      x: `[..., columns]` floating, this shard's columns; selected in float32 (float64
        stays), because bfloat16 has no fast selection.
      k: how many, from 1 to the number of columns of all shards.
      axis_name: the mapped axis that the columns are sharded over, if any. Then each
        shard sends its `min(k, columns)` largest with their numbers, and no more.

    Returns:
      `(values, columns)`, both `[..., k]`, the same on every shard: float32 (float64
      for float64) and int32 global column numbers.

    Raises:
      ValueError: k is not in that range. TypeError: `x` is not floating.
    """
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"top_k: want floating x, got {x.dtype}.")
    if x.ndim == 0:
        raise ValueError("top_k: want x of shape [..., columns], got a number.")
    total = all_columns(x.shape[-1], axis_name)
    k = whole_number("top_k", "k", k)
    if not 1 <= k <= total:
        raise ValueError(f"top_k: want k in [1, {total}], the columns, got k={k}.")
    values, columns = shard_top_k(x, k, axis_name=axis_name)
    return merge_top_k(values, columns, k, axis_name=axis_name)


def shard_top_k(
    x: Float[Array, "*rows columns"], k: int, *, axis_name: str | None
) -> tuple[Float[Array, "*rows kept"], Int[Array, "*rows kept"]]:
    """The `min(k, columns)` largest of this shard alone, with global column numbers."""
    x = jax.lax.stop_gradient(x).astype(jnp.promote_types(x.dtype, jnp.float32))
    values, columns = _select(x, min(k, x.shape[-1]))
    return values, columns + first_column(x.shape[-1], axis_name)


def merge_top_k(
    values: Float[Array, "*rows kept"],
    columns: Int[Array, "*rows kept"],
    k: int,
    *,
    axis_name: str | None,
) -> tuple[Float[Array, "*rows k"], Int[Array, "*rows k"]]:
    """The k largest among what `shard_top_k` gave on each shard; the same on all.

    Shards come in the order of their columns, so that the position decides between
    equal values as the global column does.
    """
    if axis_name is None:
        return values, columns
    last = values.ndim - 1
    gather = functools.partial(
        jax.lax.all_gather, axis_name=axis_name, axis=last, tiled=True, to="invarying"
    )
    values, columns = gather(values), gather(columns)
    values, chosen = _select(values, k)
    return values, jnp.take_along_axis(columns, chosen, axis=-1)


def _select(x, k):
    if jax.default_backend() == "cpu" and x.shape[-1] >= _BLOCKS_FROM * k:
        return _select_of_blocks(x, k)
    return _whole_top_k(x, k)


def _whole_top_k(x, k):
    x = jnp.where(x == 0, 0, x)  # -0 is no less than 0
    values, columns = jax.lax.top_k(x, k)
    barrier = jax.lax.optimization_barrier
    return barrier(values), barrier(columns)


_BLOCK = 32
_BLOCKS_FROM = 512
"""Columns for each of the k from which on blocks gain on a CPU (200 lose or draw)."""


def _select_of_blocks(x, k):
    """The same from the k blocks of columns with the largest maxima.

    Ties too: a block that is not taken has at its left as many others that reach the
    cut as there are elements wanted at it.
    """
    columns = x.shape[-1]
    whole = columns - columns % _BLOCK
    maxima = jnp.max(x[..., :whole].reshape(*x.shape[:-1], -1, _BLOCK), axis=-1)
    if whole < columns:
        rest = jnp.max(x[..., whole:], axis=-1, keepdims=True)
        maxima = jnp.concatenate([maxima, rest], axis=-1)
    _, blocks = _whole_top_k(jax.lax.optimization_barrier(maxima), k)
    blocks = jnp.sort(blocks, axis=-1)
    within = jax.lax.broadcasted_iota(jnp.int32, (*blocks.shape, _BLOCK), blocks.ndim)
    numbers = (blocks[..., None] * _BLOCK + within).reshape(*blocks.shape[:-1], -1)
    inside = numbers < columns
    scores = jnp.take_along_axis(x, jnp.where(inside, numbers, 0), axis=-1)
    scores = jax.lax.optimization_barrier(jnp.where(inside, scores, -jnp.inf))
    values, places = _whole_top_k(scores, k)
    return values, jnp.take_along_axis(numbers, places, axis=-1)
