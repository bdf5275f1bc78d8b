"""Area under the ROC curve, exact with ties, on the host and inside `jit`.

AUC is the probability that a presence scores above an absence, ties counting one half
(the Mann-Whitney statistic):

    AUC = (2 #{(p, a): s_p > s_a} + #{(p, a): s_p = s_a}) / (2 P A)

over the P presences and A absences of a species. The numerator is an integer and is
counted as one, so the only rounding is the last division.

References: Hanley & McNeil 1982, doi:10.1148/radiology.143.1.7063747.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxsdm.metrics.columns import each_species, traced_where

# Twice the pairs are held as high * 4096 + low in two int32: low < 4096 P stays below
# 2**31 up to this many sites.
MAX_TRACED_SITES = 2**19
_LOW_BITS = 12


def roc_auc(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[Array | np.ndarray, " species"]:
    """Area under the ROC curve per species, over all its sites, exact with ties.

    Called on arrays it counts on the host and gives float64 numpy values, whatever
    JAX's x64 flag. Called inside `jit` or `vmap` it sorts on the device, counts pairs
    in int32 without rounding up to `MAX_TRACED_SITES` sites, and divides in JAX's
    default float: the same value to 4e-7 in float32.

    Args:
      scores: `[sites, species]`, higher means more suitable; only their order matters.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      weights: `[sites]`, how much a site counts; a pair counts the product. On the
        host only.

    Returns:
      In [0, 1]; NaN for a species with one class only or a NaN score.

    Raises:
      ValueError: on unequal shapes, labels other than 0, 1 and NaN (not seen inside
        `jit`, where any label above 0 is a presence), wrong weights, or weights or too
        many sites inside `jit`.
    """
    if any(isinstance(x, jax.core.Tracer) for x in (scores, labels, where, weights)):
        if weights is not None:
            raise ValueError("roc_auc: want no weights inside jit; call it on arrays.")
        return _traced(jnp.asarray(scores), jnp.asarray(labels), where)
    return each_species(_auc, scores, labels, where, weights)


def _auc(
    scores: np.ndarray, present: np.ndarray, weights: np.ndarray | None = None
) -> float:
    if weights is not None:
        return _weighted_auc(scores, present, weights)
    absences, presences = np.sort(scores[~present]), np.sort(scores[present])
    below = np.searchsorted(absences, presences, side="left").sum()
    through = np.searchsorted(absences, presences, side="right").sum()
    return int(below + through) / (2 * absences.size * presences.size)


def _weighted_auc(
    scores: np.ndarray, present: np.ndarray, weights: np.ndarray
) -> float:
    absences, of_absences = scores[~present], weights[~present]
    order = np.argsort(absences)
    absences = absences[order]
    up_to = np.append(0, np.cumsum(of_absences[order]))
    below = up_to[np.searchsorted(absences, scores[present], side="left")]
    through = up_to[np.searchsorted(absences, scores[present], side="right")]
    pairs = np.sum(weights[present]) * up_to[-1]
    return float(np.sum(weights[present] * (below + through)) / (2 * pairs))


def _traced(
    scores: Array, labels: Array, where: ArrayLike | None
) -> Float[Array, " species"]:
    kept = traced_where(where, scores.shape)
    if scores.ndim != 2 or not scores.shape == labels.shape == kept.shape:
        raise ValueError(
            "roc_auc: want scores, labels and where of one shape [sites, species], got "
            f"{scores.shape}, {labels.shape} and {kept.shape}."
        )
    sites = scores.shape[0]
    if sites > MAX_TRACED_SITES:
        raise ValueError(
            f"roc_auc: inside jit the count of pairs is exact up to {MAX_TRACED_SITES} "
            f"sites, got {sites}; call it on arrays instead."
        )
    # What is left out is neither presence nor absence: where it sorts does not matter.
    present, absent = kept & (labels > 0), kept & (labels <= 0)
    undefined = jnp.any((present | absent) & jnp.isnan(scores), axis=0)
    score, present, absent = jax.lax.sort(
        (scores, present, absent), dimension=0, num_keys=1
    )
    through = jnp.cumsum(absent, axis=0, dtype=jnp.int32)
    change = score[1:] != score[:-1]
    edge = jnp.ones((1, scores.shape[1]), bool)
    first = jnp.concatenate([edge, change])
    last = jnp.concatenate([change, edge])
    # Absences below each tie group, and below or in it: both grow along the column.
    below = jax.lax.cummax(jnp.where(first, through - absent, 0), axis=0)
    up_to = jax.lax.cummin(jnp.where(last, through, sites), axis=0, reverse=True)

    wins = jnp.where(present, below + up_to, 0)
    low = jnp.sum(wins & (2**_LOW_BITS - 1), axis=0, dtype=jnp.int32)
    high = jnp.sum(wins >> _LOW_BITS, axis=0, dtype=jnp.int32) + (low >> _LOW_BITS)
    low &= 2**_LOW_BITS - 1
    presences, absences = _count(present), _count(absent)

    real = jnp.result_type(float)
    numerator = high.astype(real) * 2**_LOW_BITS + low.astype(real)
    pairs = presences.astype(real) * absences.astype(real)
    defined = (pairs > 0) & ~undefined
    return jnp.where(defined, numerator / jnp.where(defined, 2 * pairs, 1), jnp.nan)


def _count(mask: Bool[Array, "sites species"]) -> Array:
    return jnp.sum(mask, axis=0, dtype=jnp.int32)
