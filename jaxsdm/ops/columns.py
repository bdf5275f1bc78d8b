"""Columns of a table whose column axis may be sharded: numbers, counts and gathers."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from jaxsdm.ops.collectives import all_sum


def first_column(columns: int, axis_name: str | None) -> Int[Array, ""]:
    """The global number of this shard's first column, of `columns` a shard.

    Args:
      columns: width of this shard.
      axis_name: the mapped axis that the columns are sharded over; None: 0.
    """
    if axis_name is None:
        return jnp.int32(0)
    return (jax.lax.axis_index(axis_name) * columns).astype(jnp.int32)


def all_columns(columns: int, axis_name: str | None) -> int:
    """The number of columns of all shards, of `columns` each (a Python integer)."""
    return columns if axis_name is None else columns * jax.lax.axis_size(axis_name)


def take_columns(
    x: Float[Array, "rows columns"],
    chosen: Int[Array, " rows"],
    *,
    axis_name: str | None = None,
) -> Float[Array, " rows"]:
    """One element of each row, by the global number of its column.

    Args:
      x: this shard's columns, finite where chosen.
      chosen: global column numbers; one that no shard has gives 0.
      axis_name: the mapped axis that the columns are sharded over, if any.

    Returns:
      `x[i, chosen[i]]`, the same on every shard; the gradient reaches the shard that
      holds the element.
    """
    local = chosen - first_column(x.shape[1], axis_name)
    mine = (local >= 0) & (local < x.shape[1])
    index = jnp.clip(local, 0, x.shape[1] - 1)[:, None]
    taken = jnp.take_along_axis(x, index, axis=1)[:, 0]
    return all_sum(jnp.where(mine, taken, 0), axis_name)


def local_columns(
    chosen: Int[Array, "*rows"], columns: int, *, axis_name: str | None
) -> Int[Array, "*rows"]:
    """Numbers within this shard of global columns; `columns` for those of others.

    With `mode="drop"` an update of `x.at[row, local]` then leaves out what belongs to
    other shards.

    Args:
      chosen: global column numbers.
      columns: width of this shard.
      axis_name: the mapped axis that the columns are sharded over, if any.
    """
    local = chosen - first_column(columns, axis_name)
    return jnp.where((local >= 0) & (local < columns), local, columns)


def columns_mask(
    chosen: Int[Array, "rows chosen"], columns: int, *, axis_name: str | None
) -> Bool[Array, "rows columns"]:
    """Which of this shard's `columns` are among the chosen global ones of their row."""
    local = local_columns(chosen, columns, axis_name=axis_name)
    row = jnp.arange(len(chosen))[:, None]
    none = jnp.zeros((len(chosen), columns), bool)
    return none.at[row, local].set(True, mode="drop")
