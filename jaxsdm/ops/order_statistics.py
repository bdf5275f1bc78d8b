"""Order statistics of a whole table whose rows and columns may be sharded.

The k-th largest element is found by bisection on the bits: floats keep their order as
unsigned integers once the negative ones are flipped, so one counting pass fixes one
bit, with one integer `psum` where the table is sharded. Nothing is sorted or gathered
and the result is exact. On one device, for a k that is small beside the table,
`ops.top_k` of the flattened table is faster (benchmarks/losses.py) and is taken.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, UInt

from jaxsdm.ops.arguments import whole_number
from jaxsdm.ops.top_k import top_k

_SELECT_UP_TO = 1 / 100
"""Share of the elements up to which a selection beats 32 counting passes on a CPU."""

_LEAST = float(np.finfo(np.float32).min)
"""Stands for -inf among elements that count, above those that do not."""


def kth_largest(
    x: ArrayLike,
    k: ArrayLike,
    *,
    where: ArrayLike | None = None,
    most: int | None = None,
    axis_names: tuple[str, ...] = (),
) -> Float[Array, ""]:
    """The k-th largest element of all shards; equal elements count each.

    Args:
      x: floating, any shape; nan counts as the least value.
      k: from 1 on, may be traced.
      where: of the shape of `x`: the elements that count, all by default.
      most: what a traced `k` will not exceed, so that a small one can be selected.
      axis_names: the mapped axes over which `x` is sharded.

    Returns:
      float32 (float64 for float64), a constant without gradient, the same on every
      shard; `-inf` where there are fewer than k elements.

    Raises:
      ValueError: k is known and below 1, shapes do not agree, or a shard has 2^32
        elements or more. TypeError: `x` is not floating.
    """
    return _kth_and_next("kth_largest", x, k, where, most, axis_names)[0]


def kth_and_next_largest(
    x: ArrayLike,
    k: ArrayLike,
    *,
    where: ArrayLike | None = None,
    most: int | None = None,
    axis_names: tuple[str, ...] = (),
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """The k-th and the (k+1)-th largest element, for little more than one of them.

    Arguments, errors and conventions are those of `kth_largest`.
    """
    return _kth_and_next("kth_and_next_largest", x, k, where, most, axis_names)


def largest_mask(
    x: ArrayLike,
    k: ArrayLike,
    *,
    where: ArrayLike | None = None,
    most: int | None = None,
    row_axis_name: str | None = None,
    column_axis_name: str | None = None,
) -> Bool[Array, "rows columns"]:
    """Where the k largest elements of a table lie: exactly k, ties settled.

    Among equal elements at the cut those come first that come first row by row, in
    global numbers, so that the mask does not depend on how the table is sharded.

    Args:
      x: `[rows, columns]` floating, this shard's part; nan counts as the least value.
      k: from 0 on, may be traced; fewer where fewer elements count.
      where: `[rows, columns]`: the elements that count, all by default.
      most: what a traced `k` will not exceed (see `kth_largest`).
      row_axis_name: the mapped axis that the rows are sharded over, if any.
      column_axis_name: the mapped axis that the columns are sharded over, if any.

    Raises:
      ValueError: k is known and negative, or shapes do not agree.
      TypeError: `x` is not floating.
    """
    table, counted = _arguments("largest_mask", x, where)
    if table.ndim != 2:
        raise ValueError(f"largest_mask: want x [rows, columns], got {table.shape}.")
    if not isinstance(k, jax.core.Tracer):
        k = whole_number("largest_mask", "k", k)
        if k < 0:
            raise ValueError(f"largest_mask: want k >= 0, got k={k}.")
        most = max(k, 1)
    axes = tuple(n for n in (row_axis_name, column_axis_name) if n is not None)
    k = jnp.asarray(k).astype(jnp.int32)
    if not axes and _selects(table, most):
        return _select_mask(table, counted, k, most)
    cut = kth_largest(
        table, jnp.maximum(k, 1), where=counted, most=most, axis_names=axes
    )
    above = counted & (table > cut)
    tied = counted & (table == cut)
    number = jnp.sum(above, dtype=jnp.int32)
    number = jax.lax.psum(number, axes) if axes else number
    wanted = k - number  # how many of the tied ones
    own = of_row = jnp.sum(tied, axis=1, dtype=jnp.int32)
    left = jnp.zeros_like(of_row)  # tied ones of the row in shards before this
    if column_axis_name is not None:
        shards = jax.lax.all_gather(of_row, column_axis_name)
        earlier = jnp.arange(len(shards)) < jax.lax.axis_index(column_axis_name)
        left = jnp.sum(jnp.where(earlier[:, None], shards, 0), axis=0)
        of_row = jnp.sum(shards, axis=0)
    before = jnp.cumsum(of_row) - of_row
    if row_axis_name is not None:
        totals = jax.lax.all_gather(jnp.sum(of_row), row_axis_name)
        earlier = jnp.arange(len(totals)) < jax.lax.axis_index(row_axis_name)
        before = before + jnp.sum(jnp.where(earlier, totals, 0))
    if not table.size:
        return counted
    # Quotas fall from row to row, so one row at most takes some of its tied ones.
    quota = wanted - before - left
    some = jnp.argmax((quota > 0) & (quota < own))
    mask = above & (k > 0) | tied & (quota >= own)[:, None]
    place = jnp.cumsum(tied[some], dtype=jnp.int32)
    return mask.at[some].set(
        above[some] & (k > 0) | tied[some] & (place <= quota[some])
    )


def _arguments(
    function: str, x: ArrayLike, where: ArrayLike | None
) -> tuple[Float[Array, "..."], Bool[Array, "..."]]:
    table = jax.lax.stop_gradient(jnp.asarray(x))
    if not jnp.issubdtype(table.dtype, jnp.floating):
        raise TypeError(f"{function}: want floating x, got {table.dtype}.")
    table = table.astype(jnp.promote_types(table.dtype, jnp.float32))
    if table.size >= 2**32:
        raise ValueError(f"{function}: a shard of {table.size} elements is too large.")
    table = jnp.where(jnp.isnan(table), -jnp.inf, table)
    counted = jnp.ones_like(table, bool)
    if where is not None:
        counted = jnp.asarray(where, bool)
    if counted.shape != table.shape:
        raise ValueError(
            f"{function}: want where of the shape of x, {table.shape}, got "
            f"{counted.shape}."
        )
    return table, counted


def _kth_and_next(function, x, k, where, most, axis_names):
    table, counted = _arguments(function, x, where)
    if not isinstance(k, jax.core.Tracer):
        k = most = whole_number(function, "k", k)
        if k < 1:
            raise ValueError(f"{function}: want k >= 1, got k={k}.")
    if not axis_names and _selects(table, most):
        known = jnp.where(counted, table, -jnp.inf)
        values, _ = top_k(known.reshape(-1), most + 1)
        place = jnp.clip(jnp.asarray(k) - 1, 0, most - 1)
        return values[place], values[place + 1]
    keys = jnp.where(counted, _keys(table), 0)
    number = jnp.asarray(k).astype(jnp.uint32)
    cut = _kth_key(keys, number, axis_names)
    least = _keys(jnp.asarray(-jnp.inf, table.dtype))
    below = jnp.max(jnp.where(keys < cut, keys, 0), initial=0)
    not_above = jnp.sum(keys >= cut, dtype=jnp.uint32)
    if axis_names:
        below = jax.lax.pmax(below, axis_names)
        not_above = jax.lax.psum(not_above, axis_names)
    following = jnp.where(not_above > number, cut, below)
    return tuple(
        _values(jnp.maximum(key, least), table.dtype) for key in (cut, following)
    )


def _selects(table, most: int | None) -> bool:
    return most is not None and 1 <= most <= table.size * _SELECT_UP_TO


def _select_mask(table, counted, k, most):
    """The mask of the first k of `top_k`, whose ties are settled as ours are."""
    known = jnp.where(counted, jnp.maximum(table, _LEAST), -jnp.inf)
    _, places = top_k(known.reshape(-1), most)
    places = jnp.where(jnp.arange(most) < k, places, table.size)
    flat = jnp.zeros(table.size, bool).at[places].set(True, mode="drop")
    return flat.reshape(table.shape) & counted


def _kth_key(keys, k, axis_names):
    bits = keys.dtype.itemsize * 8
    one = jnp.ones((), keys.dtype)

    def settle(number, found):
        bit = jax.lax.shift_left(one, (bits - 1 - number).astype(keys.dtype))
        trial = found | bit
        count = jnp.sum(keys >= trial, dtype=jnp.uint32)
        count = jax.lax.psum(count, axis_names) if axis_names else count
        return jnp.where(count >= k, trial, found)

    return jax.lax.fori_loop(0, bits, settle, jnp.zeros((), keys.dtype))


def _keys(x: Float[Array, "..."]) -> UInt[Array, "..."]:
    """Unsigned integers in the order of the floats; 0 is below all of them."""
    x = jnp.where(x == 0, 0, x)
    unsigned = jnp.uint64 if x.dtype == jnp.float64 else jnp.uint32
    bits = jax.lax.bitcast_convert_type(x, unsigned)
    sign = jnp.asarray(1 << (bits.dtype.itemsize * 8 - 1), unsigned)
    return jnp.where(bits & sign, ~bits, bits | sign)


def _values(keys: UInt[Array, "..."], dtype) -> Float[Array, "..."]:
    sign = jnp.asarray(1 << (keys.dtype.itemsize * 8 - 1), keys.dtype)
    return jax.lax.bitcast_convert_type(
        jnp.where(keys & sign, keys & ~sign, ~keys), dtype
    )
