"""Sets of the best expected TSS or accuracy: a sum over the species of the set.

With M species present of S, and M' the other ones beside species i,

    E[TSS] = e P(M = 0) + (e - 1) P(M = S) + sum_{i in set} v(p_i)
    v(p) = p E[1 / (1 + M')] - (1 - p) E[1 / (S - M')]

(0 / 0 counts as e). One over a count is a sum of exponentials (`exponential_sums`), for
which leaving a species out is a division: v is then a function of p alone that grows
with it, so the best set is all species above the one place where it crosses zero.

Reference: Gigot-Leandri et al. 2026, arXiv:2602.11771 (best expected score).
"""

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jaxsdm.decisions.bernoulli_sums import (
    Rates,
    log_none,
    rates,
    total_log,
    total_share,
    without,
)
from jaxsdm.decisions.exponential_sums import ERRORS, exponential_sum
from jaxsdm.ops.collectives import all_sum
from jaxsdm.ops.columns import all_columns

_HALVINGS = {"float32": 48, "float64": 80}
"""Until the two ends are neighbours, for cuts from 1e-7 and 1e-8 on."""

_EQUAL = {"float32": 1e-6, "float64": 1e-12}
"""Relative difference of gain and loss below which a species is left out."""

_NEGLIGIBLE = {"float32": -80.0, "float64": -300.0}
"""Logarithm of what adds nothing to a mean that is 1 / S at least."""

Kind = Literal["tss", "accuracy"]


def best_mask_of_sum(
    p: Float[Array, "places species"],
    kind: Kind,
    empty_score: float,
    axis_name: str | None,
) -> tuple[Bool[Array, "places species"], Float[Array, " places"]]:
    """The best sets, of this shard's species, and their expected scores.

    Args:
      p: probabilities of this shard's species.
      kind: of the score.
      empty_score: e of the module; accuracy needs none.
      axis_name: the mapped axis that species are sharded over, if any.
    """
    if kind == "accuracy":
        mask = p > 0.5
        return mask, _expected_accuracy(p, mask, axis_name)
    parts = _TssParts(p, axis_name)
    mask = p > parts.cut()[:, None]
    return mask, parts.expected(mask, empty_score)


def expected_sum(
    p: Float[Array, "places species"],
    mask: Bool[Array, "places species"],
    kind: Kind,
    empty_score: float,
    axis_name: str | None,
) -> Float[Array, " places"]:
    """The expected score of given sets; arguments as above."""
    if kind == "accuracy":
        return _expected_accuracy(p, mask, axis_name)
    return _TssParts(p, axis_name).expected(mask, empty_score)


def _expected_accuracy(p, mask, axis_name):
    right = jnp.sum(jnp.where(mask, p, 1 - p), axis=1)
    return all_sum(right, axis_name) / all_columns(p.shape[1], axis_name)


class _Count(NamedTuple):
    """A number of species, those that are present or those that are not.

    Attributes:
      terms: `w exp(log transform)`.
      negligible: terms that are as good as 0 at all places.
    """

    terms: Float[Array, "places terms"]
    negligible: Bool[Array, " terms"]


class _TssParts:
    """What E[TSS] needs of the probabilities, for any set."""

    def __init__(self, p: Float[Array, "places species"], axis_name: str | None):
        self._p, self._axis_name = p, axis_name
        species = all_columns(p.shape[1], axis_name)
        sums = exponential_sum(float(species), ERRORS[p.dtype.name])
        self._at = rates(sums.rates, p.dtype)
        self._weights = sums.weights.astype(p.dtype)[None]
        richness = all_sum(jnp.sum(p, axis=1), axis_name)
        self._present = self._count(p, richness)
        self._absent = self._count(1 - p, species - richness)

    def cut(self) -> Float[Array, " places"]:
        """The largest probability of which v is not positive, by bisection."""
        equal = 1 + _EQUAL[self._p.dtype.name]
        at = Rates(*(part[None] for part in self._at))
        present, absent = self._present.terms, self._absent.terms

        def inverse(terms, p):
            """`E[1 / (1 + others)]` beside a species of probability p."""
            return jnp.sum(terms * without(p[:, None], at), axis=1)

        def halve(_, ends):
            low, high = ends
            p = (low + high) / 2
            loss = (1 - p) * inverse(absent, 1 - p)
            worth = p * inverse(present, p) > loss * equal
            return jnp.where(worth, low, p), jnp.where(worth, p, high)

        zeros = jnp.zeros_like(present[:, 0])
        steps = _HALVINGS[self._p.dtype.name]
        return jax.lax.fori_loop(0, steps, halve, (zeros, zeros + 1))[0]

    def expected(self, mask, empty_score: float) -> Float[Array, " places"]:
        """The expected score of the sets of a mask `[places, species]`."""
        p = self._p
        all_present = all_sum(jnp.sum(jnp.log(p), axis=1), self._axis_name)
        found = self._share(self._present, jnp.where(mask, p, 0))
        wrong = self._share(self._absent, jnp.where(mask, 1 - p, 0))
        constant = empty_score * jnp.exp(log_none(p, self._axis_name))
        constant = constant + (empty_score - 1) * jnp.exp(all_present)
        return found - wrong + constant

    def _count(self, p, mean) -> _Count:
        # log(1 - p + p exp(-x)) is below -p (1 - exp(-x)).
        below = mean[:, None] * self._at.shrunk[None]
        negligible = jnp.all(below < _NEGLIGIBLE[p.dtype.name], axis=0)
        log = total_log(p, self._at, skip=negligible, axis_name=self._axis_name)
        terms = jnp.where(negligible[None], 0, jnp.exp(log) * self._weights)
        return _Count(terms, negligible)

    def _share(self, count: _Count, p):
        """Sum over species of `p_i E[1 / (1 + others)]`."""
        share = total_share(
            p, self._at, skip=count.negligible, axis_name=self._axis_name
        )
        return jnp.sum(share * count.terms, axis=1)
