"""What losses with a label an example share: class weights, and odds of the label."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int, Shaped

from jaxsdm import ops

TINY = float(np.finfo(np.float32).tiny)  # the least of what must be positive
_IMPOSSIBLE = -1e30  # log odds without any other class: finite, so that 0 x it is 0


def species_vector(
    function: str,
    name: str,
    value: ArrayLike,
    logits: Float[Array, "batch species"],
    axis_name: str | None,
    *,
    low: float | int = -np.inf,
) -> Float[Array, " all_species"]:
    """One number a species, of all species (also where `logits` is a shard).

    Raises:
      ValueError: the shape is wrong or, where the numbers are known (outside `jit`),
        one is below `low` or not finite.
    """
    species = ops.all_columns(logits.shape[1], axis_name)
    if np.shape(value) != (species,):
        raise ValueError(
            f"{function}: want {name} of shape [species] = ({species},), got "
            f"{np.shape(value)}."
        )
    if not isinstance(value, jax.core.Tracer):
        known = np.asarray(value, float)
        bad = np.flatnonzero(~(np.isfinite(known) & (known >= low)))
        if len(bad):
            raise ValueError(
                f"{function}: want finite {name} >= {low:g}, got {name}[{bad[0]}] = "
                f"{known[bad[0]]:g}."
            )
    return jnp.asarray(value, logits.dtype)


def own_part(
    vector: Shaped[Array, " all_columns"], columns: int, axis_name: str | None
) -> Shaped[Array, " columns"]:
    """The part of a vector of all columns (or rows) that belongs to this shard."""
    if axis_name is None:
        return vector
    first = ops.first_column(columns, axis_name)
    return jax.lax.dynamic_slice_in_dim(vector, first, columns)


def is_label(
    logits: Float[Array, "batch species"],
    labels: Int[Array, " batch"],
    axis_name: str | None,
) -> Bool[Array, "batch species"]:
    """Where this shard's columns hold the label of the row."""
    first = ops.first_column(logits.shape[1], axis_name)
    columns = jax.lax.broadcasted_iota(jnp.int32, logits.shape, 1)
    return columns == (labels - first)[:, None]


def log_odds_against(
    logits: Float[Array, "batch species"],
    labels: Int[Array, " batch"],
    axis_name: str | None,
) -> Float[Array, " batch"]:
    r"""Log odds, under the softmax, that the species is not the label.

    .. math:: q_i = \log \sum_{c \ne y_i} e^{f_{ic}} - f_{iy_i}

    With it, `1 - p_y` is `sigmoid(q)` and `-log p_y` is `softplus(q)`: neither loses
    digits where p_y is near 1, nor does the gradient.
    """
    others = jnp.where(is_label(logits, labels, axis_name), -jnp.inf, logits)
    top, rest = ops.log_sum_exp_parts(others.T, axis_name=axis_name)
    any_other = jnp.isfinite(rest)
    gap = top - ops.take_columns(logits, labels, axis_name=axis_name)
    return jnp.where(any_other, gap + jnp.where(any_other, rest, 0), _IMPOSSIBLE)


def number(
    function: str, name: str, value: Any, low: float | int, high: float | int = np.inf
) -> None:
    """Checks a hyper-parameter, if it is known (not a traced value).

    Raises:
      ValueError: it is not in `[low, high]`, or not finite.
    """
    if isinstance(value, jax.core.Tracer):
        return
    try:
        known = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{function}: want a number {name}, got {value!r}.") from None
    if not np.isfinite(known):
        raise ValueError(f"{function}: want a finite {name}, got {value}.")
    if not low <= known <= high:
        raise ValueError(
            f"{function}: want {name} in [{low:g}, {high:g}], got {value}."
        )
