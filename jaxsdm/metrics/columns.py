"""One species at a time: the rules all exact metrics share on masks and missing values.

A metric is written for one column (a vector of scores, a vector of presences) and
`each_species` walks the table. A site counts for a species where `where` is true and
the label is not NaN ("not looked for"). A species gets NaN, never a guess, when its
sites show one class only or one of its scores is NaN.

Arithmetic is float64 whatever the scores' type and JAX's own flag: a sum over 20 000
sites in float32 is wrong in the fifth digit.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

Column: TypeAlias = Callable[..., float]


def each_species(
    column: Column,
    scores: ArrayLike,
    labels: ArrayLike,
    where: ArrayLike | None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Value of `column(scores [kept], present [kept])` for each species.

    Args:
      column: metric of one species, called with both classes there and no NaN, and
        with `weights [kept]`, all above 0, as third argument where there are weights.
      scores: `[sites, species]`, higher means more suitable; any unit.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      weights: `[sites]`, how much a site counts; 0 leaves it out.

    Returns:
      float64; NaN where undefined.

    Raises:
      ValueError: on unequal shapes, labels other than 0, 1 and NaN, a `where` other
        than of booleans or 0 and 1, or weights that are negative or not finite.
    """
    table, present, kept = checked(scores, labels, where)
    if weights is not None:
        scale = checked_weights(weights, len(table))
        kept = kept & (scale > 0)[:, None]
    values = np.full(table.shape[1], np.nan)
    for species, keep in enumerate(kept.T):
        one = table[keep, species].astype(np.float64)
        there = present[keep, species]
        if there.any() and not there.all() and not np.isnan(one).any():
            extra = () if weights is None else (scale[keep],)
            values[species] = column(one, there, *extra)
    return values


def checked_weights(weights: ArrayLike, sites: int) -> Float[np.ndarray, " sites"]:
    """Weights of sites in float64, on the host.

    Raises:
      ValueError: on another shape than `[sites]`, or weights negative or not finite.
    """
    scale = np.asarray(weights, np.float64)
    if scale.shape != (sites,) or not (np.isfinite(scale) & (scale >= 0)).all():
        raise ValueError(
            f"metrics: want weights [{sites}], finite and at least 0, got shape "
            f"{scale.shape} and {np.sum(~(np.isfinite(scale) & (scale >= 0)))} others."
        )
    return scale


def checked(
    scores: ArrayLike, labels: ArrayLike, where: ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, presences (bool) and the mask of entries that count, on the host."""
    table, truth = np.asarray(scores), np.asarray(labels)
    kept = checked_where(where, truth.shape)
    if table.ndim != 2 or not table.shape == truth.shape == kept.shape:
        raise ValueError(
            "metrics: want scores, labels and where of one shape [sites, species], got "
            f"{table.shape}, {truth.shape} and {kept.shape}."
        )
    present, known = checked_labels(truth, kept)
    return table, present, kept & known


def checked_where(
    where: ArrayLike | None, shape: tuple[int, ...]
) -> Bool[np.ndarray, "..."]:
    """Mask of the entries that count, on the host; all of `shape` by default.

    Raises:
      ValueError: it holds other numbers than 0 and 1, such as NaN.
    """
    if where is None:
        return np.ones(shape, bool)
    table = np.asarray(where)
    if table.dtype == bool:
        return table
    other = (table != 0) & (table != 1)
    if other.any():
        raise ValueError(
            f"metrics: want where of booleans, or of 0 and 1, got {table[other][0]} "
            f"and {other.sum()} such entries."
        )
    return table.astype(bool)


def traced_where(where: Any, shape: tuple[int, ...]) -> Any:
    """`checked_where` inside `jit`, where the values of a traced mask are not seen."""
    if isinstance(where, jax.core.Tracer):
        return jnp.asarray(where, bool)
    return jnp.asarray(checked_where(where, shape))


def checked_labels(
    truth: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which labels `[sites, species]` are presences, and which are known.

    Raises:
      ValueError: labels other than 0, 1 and NaN where they are kept.
    """
    present = truth == 1
    known = present | (truth == 0)
    other = kept & ~known
    if np.issubdtype(truth.dtype, np.inexact):
        other &= ~np.isnan(truth)
    if other.any():
        site, species = np.argwhere(other)[0]
        raise ValueError(
            f"metrics: labels must be 0, 1 or NaN (not looked for), got "
            f"{truth[site, species]} at site {site}, species {species} and "
            f"{other.sum()} such entries in all; score presence, not abundance."
        )
    return present, known
