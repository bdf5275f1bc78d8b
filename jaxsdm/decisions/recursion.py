"""Expected scores of any kind, from the laws of hits and of missed species.

Of the first k species, the number present has a Poisson-binomial law, and so has that
of the others; they are independent. Both laws are recursions over species:

    E_k = sum_t sum_r P(T_k = t) P(R_k = r) score(t, k, t + r)

A window around the mean is kept of each, outside of which lies a chance of 1e-14
(float64) or 1e-9 (float32) at most by Bernstein's inequality. Time for a place: species
times the square of the window, which is some 13 standard deviations of the richness
wide; memory: species times the window.

References:
  Ye et al. 2012, arXiv:1206.4625; Hong 2013, doi:10.1016/j.csda.2012.10.006
  (Poisson-binomial law).
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsdm.decisions.scores import Score

_OUTSIDE = {"float32": 1e-9, "float64": 1e-14}


class Expected(NamedTuple):
    """Of the sets of each size.

    Attributes:
      score: expected.
      magnitude: expected of its absolute value: what rounding errors are relative to.
    """

    score: Float[Array, "places sizes"]
    magnitude: Float[Array, "places sizes"]


def half_window(species: int, variance: float, dtype: np.dtype) -> int:
    """How far from its mean a sum of 0/1 of that variance may lie.

    Args:
      species: their number, which is enough in any case.
      variance: of the number present, the largest of all places; S / 4 at most.
      dtype: of the computation.
    """
    surprise = math.log(2 / _OUTSIDE[dtype.name])
    third = surprise / 3
    reach = third + math.sqrt(third**2 + 2 * surprise * variance)
    return min(species, math.ceil(reach) + 2)


def expected_scores(
    p: Float[Array, "places species"], score: Score, empty_score: float, half: int
) -> Expected:
    """Expected scores of the sets of the first 0, 1, ... S species.

    Args:
      p: probabilities, in the order in which species join the set.
      score: any.
      empty_score: of an empty set where nothing is present.
      half: window on either side, from `half_window`.
    """
    return jax.vmap(lambda p: _of_place(p, score, empty_score, half))(p)


def _of_place(p, score, empty_score, half):
    species = p.shape[0]
    width = min(2 * half, species) + 1
    # Of shards like p, which constants are not: so that loops can carry it.
    certain = jnp.zeros(width, p.dtype).at[0].set(1 + 0 * p[0])
    # Means of hits before each species, and of missed ones from each species on.
    hits = jnp.concatenate([jnp.zeros(1, p.dtype), jnp.cumsum(p)])
    missed = jnp.concatenate([jnp.cumsum(p[::-1])[::-1], jnp.zeros(1, p.dtype)])
    first_hit, first_missed = (
        jnp.clip(jnp.floor(mean).astype(jnp.int32) - half, 0, species + 1 - width)
        for mean in (hits, missed)
    )

    zero = first_hit[0]  # no species, no hits

    def one_more(state, p, first):
        """The law with one species more, its window moved on by 0 or 1."""
        law, before = state
        first = jnp.clip(first, before, before + 1)  # sums are rounded
        none = jnp.zeros_like(law[:1])
        law = jnp.append((1 - p) * law, none) + jnp.append(none, p * law)
        return jnp.where(first > before, law[1:], law[:-1]), first

    def add(state, one):
        state = one_more(state, *one)
        return state, state

    _, (laws, first_hit) = jax.lax.scan(add, (certain, zero), (p, first_hit[1:]))
    laws = jnp.concatenate([certain[None], laws])
    first_hit = jnp.append(zero, first_hit)
    offsets = jnp.arange(width)

    def expect(law_missed, first, law_hits, first_hit, k):
        t = jnp.minimum(first_hit + offsets, k)[:, None]
        r = jnp.minimum(first + offsets, species - k)[None]
        worth = score(t, k, t + r, species, empty_score=empty_score)
        return Expected(
            law_hits @ worth @ law_missed, law_hits @ jnp.abs(worth) @ law_missed
        )

    def leave(state, one):
        p, first, *rest = one
        state = one_more(state, p, first)
        return state, expect(*state, *rest)

    last = expect(certain, zero, laws[-1], first_hit[-1], species)
    others = (p, first_missed[:-1], laws[:-1], first_hit[:-1], jnp.arange(species))
    _, rest = jax.lax.scan(leave, (certain, zero), others, reverse=True)
    return jax.tree.map(jnp.append, rest, last)
