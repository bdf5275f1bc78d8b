"""The species sets of the best expected score, exactly (MaxExp).

Given independent species, the best set of a size is that of its most probable ones, for
every score that does not fall with more true positives. So only the size is searched:
all of them, because the expected score may fall and rise again with it.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from jaxsdm.decisions import additive_scores, ratio_scores, recursion
from jaxsdm.decisions.decision import (
    Decision,
    check_empty_score,
    check_probabilities,
)
from jaxsdm.decisions.score_check import check_score
from jaxsdm.decisions.scores import Score
from jaxsdm.ops.collectives import all_sum
from jaxsdm.ops.columns import all_columns, first_column
from jaxsdm.ops.tiles import over_row_tiles, rows_of_tile, tile_of
from jaxsdm.ops.top_k import top_k

_TILE = 64
"""Places at once on a CPU: a loop over sizes has that many sums to make at a step."""

_LAW_ELEMENTS = 2**22
"""Numbers that the laws of the places at work may take together."""

_HALF_STEP = 16
"""Windows are rounded up to a multiple, so that few programs are compiled."""

_EQUAL = {"float32": 5e-7, "float64": 1e-12}
"""Difference, in relation to the score's magnitude, below which sizes are equal."""


def maximize_expected_score(
    probabilities: ArrayLike,
    score: Score,
    *,
    empty_score: float | int = 0,
    axis_name: str | None = None,
) -> Decision:
    """The set of each place that is expected to score best, and what it scores.

    The probabilities are taken at their word: calibrate them first. Species are
    independent given the place; for draws of a joint distribution there is
    `maximize_joint_f_beta`.

    F-beta, Jaccard, Tversky, TSS and accuracy take a time in proportion to the species;
    the error of their expected score is 1e-6 in float32 and 1e-12 in float64.
    Others are computed from the laws of hits and misses (`decisions.recursion`).
    Among sets that are equal within rounding the smallest is taken, among equally
    probable species the first ones.

    Args:
      probabilities: `[places, species]` in [0, 1]; with `axis_name` this shard's.
      score: from `jaxsdm.decisions`, such as `f_beta(1)`.
      empty_score: what an empty set scores where nothing is present (see `Score`).
      axis_name: the mapped axis that species are sharded over, if any.

    Returns:
      A `Decision`; sizes and scores are those of all shards.

    Raises:
      ValueError: not such a table, a value outside [0, 1] or NaN (not seen inside
        `jit`), an empty_score that is not finite, or a score of yours that is not
        finite or falls with more true positives.
      TypeError: the probabilities are not floating, or `score` is no `Score`.

    References:
      Gigot-Leandri et al. 2026, arXiv:2602.11771; Ye et al. 2012, arXiv:1206.4625.
    """
    p = _arguments("maximize_expected_score", probabilities, score)
    empty = check_empty_score("maximize_expected_score", empty_score)
    half = _half(p, score, axis_name)
    if half:
        check_score(score, all_columns(p.shape[1], axis_name), rising=True)
    return _maximize(p, score, empty, half, axis_name)


maxexp = maximize_expected_score


def expected_score(
    probabilities: ArrayLike,
    mask: ArrayLike,
    score: Score,
    *,
    empty_score: float | int = 0,
    axis_name: str | None = None,
) -> Float[Array, " places"]:
    """What given sets are expected to score, such as those of another rule.

    Args:
      probabilities: see `maximize_expected_score`.
      mask: `[places, species]` the species of each set.
      score: see there.
      empty_score: see there.
      axis_name: see there; only for scores with a fast algorithm.

    Raises:
      ValueError: as there, or a mask of another shape or type.
    """
    p = _arguments("expected_score", probabilities, score)
    mask = jnp.asarray(mask)
    if mask.dtype != bool or mask.shape != p.shape:
        raise ValueError(
            f"expected_score: want a bool mask of shape {p.shape}, got {mask.dtype} "
            f"of {mask.shape}."
        )
    empty = check_empty_score("expected_score", empty_score)
    half = _half(p, score, axis_name)
    if half:
        check_score(score, all_columns(p.shape[1], axis_name), rising=False)
    return _expect(p, mask, score, empty, half, axis_name)


def _arguments(function: str, probabilities: ArrayLike, score: Score):
    check_probabilities(function, probabilities)
    if not isinstance(score, Score):
        raise TypeError(
            f"{function}: want a Score such as f_beta(1), got {score!r}; "
            "score(function) makes one of a function."
        )
    p = jnp.asarray(probabilities)
    return p.astype(jnp.promote_types(p.dtype, jnp.float32))


def _half(p, score: Score, axis_name: str | None) -> int:
    """The window of laws; 0 where none is needed."""
    if score.ratio or score.additive:
        return 0
    species = all_columns(p.shape[1], axis_name)
    variance = species / 4
    if not isinstance(p, jax.core.Tracer) and p.size:
        variance = float(np.asarray(p * (1 - p)).sum(axis=1).max())
    half = recursion.half_window(species, variance, p.dtype)
    return min(species, -(-half // _HALF_STEP) * _HALF_STEP)


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _maximize(p, score: Score, empty_score: float, half: int, axis_name):
    if not len(p):
        return Decision(p > 2, jnp.zeros(0, jnp.int32), p[:, 0])

    def of_tile(p):
        if score.additive:
            mask, best = additive_scores.best_mask_of_sum(
                p, score.additive, empty_score, axis_name
            )
        else:
            found = _best_size(p, score, empty_score, half, axis_name)
            mask, best = _most_probable(p, found, axis_name), found.score
        size = all_sum(jnp.sum(mask, axis=1, dtype=jnp.int32), axis_name)
        return Decision(mask, size, best)

    return _by_tiles(of_tile, score, half, axis_name, p)


@functools.partial(jax.jit, static_argnums=(2, 3, 4, 5))
def _expect(p, mask, score: Score, empty_score: float, half: int, axis_name):
    if not len(p):
        return p[:, 0]

    def of_tile(p, mask):
        if score.ratio:
            return ratio_scores.expected_ratio(
                p, mask, score.ratio, empty_score, axis_name
            )
        if score.additive:
            return additive_scores.expected_sum(
                p, mask, score.additive, empty_score, axis_name
            )
        if axis_name is not None:
            raise ValueError(
                f"expected_score: {score.name} of sharded species has no algorithm; "
                "gather them first."
            )
        order = jnp.argsort(~mask, axis=1, stable=True)
        ordered = jnp.take_along_axis(p, order, axis=1)
        expected = recursion.expected_scores(ordered, score, empty_score, half)
        size = jnp.sum(mask, axis=1, keepdims=True)
        return jnp.take_along_axis(expected.score, size, axis=1)[:, 0]

    return _by_tiles(of_tile, score, half, axis_name, p, mask)


def _by_tiles(of_tile, score: Score, half: int, axis_name, *tables):
    places, species = tables[0].shape
    species = all_columns(species, axis_name)
    if score.ratio or score.additive:
        tile = max(_TILE, rows_of_tile(places, species))
    else:
        tile = max(1, _LAW_ELEMENTS // ((species + 1) * (2 * half + 1)))
    tile = min(places, tile)
    return over_row_tiles(
        lambda start: of_tile(*tile_of(start, tile, *tables)), places, tile
    )


def _best_size(p, score: Score, empty_score: float, half: int, axis_name):
    if score.ratio:
        return ratio_scores.best_size_of_ratio(p, score.ratio, empty_score, axis_name)
    species = all_columns(p.shape[1], axis_name)
    values, columns = top_k(p, species, axis_name=axis_name)
    expected = recursion.expected_scores(values, score, empty_score, half)
    largest = jnp.argmax(expected.score, axis=1)[:, None]
    best, magnitude = (jnp.take_along_axis(x, largest, axis=1) for x in expected)
    equal = _EQUAL[p.dtype.name] * magnitude
    size = jnp.argmax(expected.score >= best - equal, axis=1)[:, None].astype(jnp.int32)
    last = jnp.maximum(size - 1, 0)
    cut = jnp.take_along_axis(values, last, axis=1)
    parts = (
        size,
        jnp.take_along_axis(expected.score, size, axis=1),
        jnp.where(size > 0, cut, 2),
        jnp.take_along_axis(columns, last, axis=1),
    )
    return ratio_scores.BestSize(*(part[:, 0] for part in parts))


def _most_probable(
    p, found: ratio_scores.BestSize, axis_name: str | None
) -> Bool[Array, "places species"]:
    """The species down to the cut, at which the first ones count."""
    column = first_column(p.shape[1], axis_name) + jnp.arange(p.shape[1])[None]
    cut, last = found.cut[:, None], found.last[:, None]
    return (p > cut) | ((p == cut) & (column <= last))
