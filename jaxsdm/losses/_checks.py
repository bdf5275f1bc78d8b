"""What the losses share: their border (shapes, dtypes, padding), and surprise."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from jaxsdm import ops


def site_arguments(
    function: str,
    logits: ArrayLike,
    targets: ArrayLike,
    where: ArrayLike | None,
    site_weights: ArrayLike | None,
    *,
    highest: float | int = np.inf,
) -> tuple[
    Float[Array, "sites species"],
    Float[Array, "sites species"],
    Bool[Array, " sites"],
    Float[Array, " sites"] | None,
]:
    """Logits, targets, mask and weights, with padded rows set to 0 everywhere.

    Padding is cleaned before any arithmetic: 0 x nan is nan, in the backward pass
    too.

    Raises:
      ValueError: shapes do not agree or (outside `jit`) a target is not from 0 to
        `highest`. TypeError: `logits` is not floating.
    """
    logits, targets = jnp.asarray(logits), jnp.asarray(targets)
    if logits.ndim != 2 or logits.shape != targets.shape:
        raise ValueError(
            f"{function}: want logits and targets of one shape [sites, species], got "
            f"{logits.shape} and {targets.shape}."
        )
    if not jnp.issubdtype(logits.dtype, jnp.floating):
        raise TypeError(f"{function}: want floating logits, got {logits.dtype}.")
    dtype = jnp.promote_types(logits.dtype, jnp.float32)
    rows = logits.shape[0]
    keep = jnp.ones(rows, bool)
    if where is not None:
        keep = _vector(function, "where", where, rows).astype(bool)
    weights = None
    if site_weights is not None:
        weights = _vector(function, "site_weights", site_weights, rows).astype(dtype)
    targets = jnp.where(keep[:, None], targets, 0)
    if not isinstance(targets, jax.core.Tracer):
        known = np.asarray(targets.astype(dtype))
        bad = np.argwhere(~((known >= 0) & (known <= highest)))
        if len(bad):
            i, j = bad[0]
            wanted = f"from 0 to {highest:g}" if np.isfinite(highest) else ">= 0"
            raise ValueError(
                f"{function}: want targets {wanted}, got {known[i, j]:g} in row {i}, "
                f"species {j}."
            )
    return (
        jnp.where(keep[:, None], logits, 0).astype(dtype),
        targets.astype(dtype),
        keep,
        weights,
    )


def label_arguments(
    function: str,
    logits: ArrayLike,
    labels: ArrayLike,
    where: ArrayLike | None,
    species_axis_name: str | None,
    *,
    species: int | None = None,
) -> tuple[
    Float[Array, "batch columns"],
    Int[Array, " batch"],
    Bool[Array, " batch"],
]:
    """Logits, label of each example and mask, with padded rows set to 0 everywhere.

    Labels that are no species are refused where they are known, that is outside `jit`,
    and -1 elsewhere: `of_rows` then gives nan.

    Args:
      function: for messages.
      logits: `[batch, columns]`.
      labels: `[batch]`.
      where: `[batch]`.
      species_axis_name: the mapped axis of the columns.
      species: how many there are, if not the columns of all shards.

    Raises:
      ValueError: shapes do not agree, or a label is no species. TypeError: `logits`
        is not floating or `labels` not integer.
    """
    logits, labels = jnp.asarray(logits), jnp.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"{function}: want logits [batch, species] and labels [batch], got "
            f"{logits.shape} and {labels.shape}."
        )
    if not jnp.issubdtype(logits.dtype, jnp.floating):
        raise TypeError(f"{function}: want floating logits, got {logits.dtype}.")
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        raise TypeError(f"{function}: want integer labels, got {labels.dtype}.")
    keep = jnp.ones(len(labels), bool)
    if where is not None:
        keep = _vector(function, "where", where, len(labels)).astype(bool)
    if species is None:
        species = ops.all_columns(logits.shape[1], species_axis_name)
    labels = jnp.where(keep, labels, 0)
    known_labels(function, "labels", labels, species)
    labels = jnp.where((labels >= 0) & (labels < species), labels.astype(jnp.int32), -1)
    dtype = jnp.promote_types(logits.dtype, jnp.float32)
    return (
        jnp.where(keep[:, None], logits, 0).astype(dtype),
        labels,
        keep,
    )


def known_labels(
    function: str, name: str, labels: Int[Array, " batch"], species: int
) -> None:
    """Refuses labels that are no species, where they are known (outside `jit`).

    Raises:
      ValueError: names the first one.
    """
    if isinstance(labels, jax.core.Tracer):
        return
    known = np.asarray(labels)
    bad = np.flatnonzero((known < 0) | (known >= species))
    if len(bad):
        raise ValueError(
            f"{function}: {name}[{bad[0]}] is {known[bad[0]]}, and there are "
            f"{species} species, numbered from 0."
        )


def of_rows(
    loss: Float[Array, " batch"],
    labels: Int[Array, " batch"],
    keep: Bool[Array, " batch"],
) -> Float[Array, " batch"]:
    """The loss of rows that count, 0 for the others; nan where the label is none."""
    return jnp.where(keep, jnp.where(labels < 0, jnp.nan, loss), 0)


def surprise(
    logits: Float[Array, "sites species"],
    targets: Float[Array, "sites species"],
    partition: tuple[Float[Array, " kept"], Float[Array, " kept"]],
    *,
    axis: int,
    axis_name: str | None,
) -> Float[Array, " kept"]:
    """The sum of `targets * (partition - logits)` along an axis that may be sharded.

    The partition comes as the parts of `ops.log_sum_exp_parts`. The large part is a
    constant that is taken from the logits before anything is added, so that no digits
    are lost. The gradient of the small part enters through the total of the targets of
    *all* shards, so that each shard gets the whole gradient of its own logits.

    Without targets it is 0; targets without a finite partition give nan.
    """
    top, rest = partition
    valid = jnp.isfinite(rest) & jnp.isfinite(top)
    rest = jnp.where(valid, rest, 0.0)
    constant = jax.lax.stop_gradient(rest)
    top = jnp.where(valid, top, 0.0)
    terms = targets * (
        (jnp.expand_dims(top, axis) - logits) + jnp.expand_dims(constant, axis)
    )
    total = ops.all_sum(jnp.sum(targets, axis=axis), axis_name)
    value = ops.all_sum(jnp.sum(terms, axis=axis), axis_name)
    value = value + total * (rest - constant)
    return jnp.where(valid, value, jnp.where(total > 0, jnp.nan, 0.0))


def _vector(function: str, name: str, value: ArrayLike, rows: int) -> Array:
    vector = jnp.asarray(value)
    if vector.shape != (rows,):
        raise ValueError(
            f"{function}: want {name} of shape [sites] = ({rows},), got {vector.shape}."
        )
    return vector
