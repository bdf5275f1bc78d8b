"""Sets of the best expected ratio: F-beta, Jaccard, Tversky, in one pass over sizes.

With t true positives, r species missed and k in the set, the score is
`c t / (a1 t + a2 r + a3 k)`. The best set of a size is that of its most probable
species, t and r are independent, and one over the denominator is a sum of exponentials
(`exponential_sums`), so that the expected score of the k most probable species is

    c sum_q w_q exp(-a3 x_q k) prod_{i<=k} T_i(a1 x_q) H_k(q) prod_{i>k} T_i(a2 x_q)
    T_i(x) = 1 - p_i + p_i exp(-x),   H_k(q) = sum_{i<=k} p_i exp(-a1 x_q) / T_i(a1 x_q)

The cost is that of species times terms. All sizes are looked at, because the expected
score may fall and rise again; those that are not are certified to be worse: a set of k
species scores `c mu / (a1 mu + a3 k)` at most, mu being the expected richness (Jensen's
inequality; t is no more than the richness).

References:
  Jansche 2007 (ACL); Ye et al. 2012, arXiv:1206.4625; Gigot-Leandri et al. 2026,
  arXiv:2602.11771 (sets of the best expected score, MaxExp).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from jaxsdm.decisions.bernoulli_sums import (
    Rates,
    Transform,
    log_none,
    rates,
    total_log,
    total_share,
    transform,
)
from jaxsdm.decisions.exponential_sums import ERRORS, exponential_sum
from jaxsdm.decisions.scores import Ratio
from jaxsdm.ops.collectives import all_sum
from jaxsdm.ops.columns import all_columns
from jaxsdm.ops.top_k import top_k

_SIZES = (256, 1024, 4096)
"""So many species are selected at first; more where a place may need them."""

_STEPS = 32
"""Sizes looked at between two questions whether that is enough; divides `_SIZES`."""

TIES = {"float32": 2e-7, "float64": 9e-13}
"""Relative difference below which scores are equal and the smaller set is taken."""


class BestSize(NamedTuple):
    """Of each place.

    Attributes:
      size: of the best set.
      score: that is expected of it.
      cut: the least probability in it; 2 for the empty set.
      last: the global column of its last species, the highest of those at the cut.
    """

    size: Int[Array, " places"]
    score: Float[Array, " places"]
    cut: Float[Array, " places"]
    last: Int[Array, " places"]


class _Terms(NamedTuple):
    """Rates of each coefficient, and the weights of the sum."""

    hits: Rates
    missed: Rates
    size: Float[np.ndarray, " terms"]
    weights: Float[np.ndarray, " terms"]


def best_size_of_ratio(
    p: Float[Array, "places species"],
    ratio: Ratio,
    empty_score: float,
    axis_name: str | None,
) -> BestSize:
    """The best sizes of sets of the most probable species.

    Args:
      p: probabilities of this shard's species.
      ratio: the score.
      empty_score: of an empty set where nothing is present.
      axis_name: the mapped axis that species are sharded over, if any.
    """
    species = all_columns(p.shape[1], axis_name)
    terms = _terms(ratio, species, p.dtype)
    richness = all_sum(jnp.sum(p, axis=1), axis_name)
    tail = total_log(p, terms.missed, axis_name=axis_name)
    zeros = jnp.zeros_like(tail)
    nobody = jnp.zeros_like(richness, jnp.int32)
    empty = BestSize(
        size=nobody,
        score=empty_score * jnp.exp(log_none(p, axis_name)),
        cut=jnp.full_like(richness, 2),
        last=nobody - 1,
    )
    sizes = [*(size for size in _SIZES if size < species), species]

    def up_to(level, scan):
        chosen = top_k(p, sizes[level], axis_name=axis_name)
        scan = _advance(scan, *chosen, richness, ratio, terms)
        if level == len(sizes) - 1:
            return scan.best
        return jax.lax.cond(
            _undecided(scan, richness, ratio),
            lambda scan: up_to(level + 1, scan),
            lambda scan: scan.best,
            scan,
        )

    return up_to(0, _Scan(jnp.int32(0), zeros, tail, zeros, empty))


def expected_ratio(
    p: Float[Array, "places species"],
    mask: Bool[Array, "places species"],
    ratio: Ratio,
    empty_score: float,
    axis_name: str | None,
) -> Float[Array, " places"]:
    """The expected score of given sets; arguments as above."""
    species = all_columns(p.shape[1], axis_name)
    terms = _terms(ratio, species, p.dtype)
    in_set, others = jnp.where(mask, p, 0), jnp.where(mask, 0, p)
    log = total_log(in_set, terms.hits, axis_name=axis_name)
    log = log + total_log(others, terms.missed, axis_name=axis_name)
    hits = total_share(in_set, terms.hits, axis_name=axis_name)
    size = all_sum(jnp.sum(mask, axis=1, dtype=p.dtype), axis_name)
    log = log - size[:, None] * terms.size[None]
    score = ratio.scale * jnp.sum(hits * jnp.exp(log) * terms.weights[None], axis=1)
    empty = empty_score * jnp.exp(log_none(p, axis_name))
    return jnp.where(size == 0, empty, score)


def _terms(ratio: Ratio, species: int, dtype: np.dtype) -> _Terms:
    least = ratio.hits + ratio.size  # a denominator with a hit is no smaller
    most = species * max(least, ratio.missed, ratio.size)
    sums = exponential_sum(most / least, ERRORS[dtype.name])
    x = sums.rates / least
    return _Terms(
        rates(ratio.hits * x, dtype),
        rates(ratio.missed * x, dtype),
        (ratio.size * x).astype(dtype),
        (sums.weights / least).astype(dtype),
    )


class _Scan(NamedTuple):
    """The sets up to a size that were looked at.

    Attributes:
      size: of the last one.
      head: `[places, terms]` log transform of the species in it.
      tail: the same of the others.
      hits: `[places, terms]` H of the module.
      best: of them.
    """

    size: Int[Array, ""]
    head: Float[Array, "places terms"]
    tail: Float[Array, "places terms"]
    hits: Float[Array, "places terms"]
    best: BestSize


def _undecided(scan: _Scan, richness, ratio: Ratio):
    """Whether a larger set may be better, at any of the places."""
    # With hits < 0 the bound is t <= k instead of t <= richness.
    per_size = ratio.size if ratio.hits >= 0 else ratio.hits + ratio.size
    below = max(ratio.hits, 0.0) * richness + per_size * (scan.size + 1)
    return jnp.any(ratio.scale * richness > scan.best.score * below)


def _advance(scan: _Scan, values, columns, richness, ratio: Ratio, terms: _Terms):
    """Looks at larger sets until none can be better, or there are no more species."""
    most = values.shape[1]
    end = ((0, -most % _STEPS), (0, 0))  # species of probability 0 are never better
    values, columns = jnp.pad(values.T, end), jnp.pad(columns.T, end)
    keep = 1 + TIES[values.dtype.name]
    hits, missed = (Rates(*(x[None] for x in at)) for at in (terms.hits, terms.missed))

    def one_more(scan, species):
        p, column = species
        size, p_ = scan.size + 1, p[:, None]
        if ratio.hits:
            in_set = transform(p_, hits)
        else:
            in_set = Transform(jnp.zeros_like(p_), p_)
        other = in_set if ratio.hits == ratio.missed else transform(p_, missed)
        head, tail = scan.head + in_set.log, scan.tail - other.log
        found = scan.hits + in_set.share
        log = head + tail - size * terms.size[None]
        score = jnp.sum(found * jnp.exp(log) * terms.weights[None], axis=1)
        score = ratio.scale * score
        now = BestSize(jnp.full_like(column, size), score, p, column)
        better = score > scan.best.score * keep
        best = jax.tree.map(lambda a, b: jnp.where(better, a, b), now, scan.best)
        return _Scan(size, head, tail, found, best), None

    def more(scan):
        some = [
            jax.lax.dynamic_slice_in_dim(x, scan.size, _STEPS)
            for x in (values, columns)
        ]
        return jax.lax.scan(one_more, scan, tuple(some))[0]

    def go_on(scan):
        return (scan.size < most) & _undecided(scan, richness, ratio)

    return jax.lax.while_loop(go_on, more, scan)
