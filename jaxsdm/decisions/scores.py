"""Scores of a set of species against those that are present.

A score is a function of four counts: species in the set that are present (true
positives, t), species in the set (size, k), species present (m), and all species (S).
False positives are k - t, false negatives m - t, true negatives S - k - m + t.

Where nothing is predicted and nothing is present, ratios are 0 / 0: what they are worth
there is up to whoever decides (`empty_score`), because no data can tell. For TSS it is
what sensitivity is worth where nothing is present, and specificity where everything is.

References:
  van Rijsbergen 1979 (F-beta); Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x;
  Tversky 1977, doi:10.1037/0033-295X.84.4.327; Allouche et al. 2006,
  doi:10.1111/j.1365-2664.2006.01214.x (TSS); Matthews 1975,
  doi:10.1016/0005-2795(75)90109-9; Cohen 1960, doi:10.1177/001316446002000104.
"""

import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

Counts = Callable[..., Any]
"""`(true_positives, size, present, species, ...) -> value`, of arrays of one shape."""


_MOST_BETA = 1e6
"""Beyond it, beta squared leaves no room for the rest of the ratio in float32."""


class Ratio(NamedTuple):
    """`scale t / (hits t + missed (m - t) + size k)`."""

    scale: float
    hits: float
    missed: float
    size: float


@dataclasses.dataclass(frozen=True)
class Score:
    """A score that sets can be chosen for; made by the functions of this module.

    Attributes:
      name: for tables.
      counts: its value from `(true_positives, size, present, species, empty_score)`.
      ratio: what it is, if it is such a ratio: its optimum is found faster.
      additive: the same for a sum over the species of the set.
    """

    name: str
    counts: Counts
    ratio: Ratio | None = None
    additive: Literal["tss", "accuracy"] | None = None

    def __call__(
        self,
        true_positives: ArrayLike,
        size: ArrayLike,
        present: ArrayLike,
        species: ArrayLike,
        *,
        empty_score: float | int = 0,
    ) -> Float[Array, "..."]:
        """Its values.

        Args:
          true_positives: t, any shape.
          size: k, of a shape that broadcasts.
          present: m.
          species: S.
          empty_score: where nothing is predicted and nothing present, of scores that
            are 0 / 0 there.
        """
        floating = jnp.result_type(float, *(jnp.asarray(size), jnp.asarray(present)))
        counts = jnp.broadcast_arrays(
            *(
                jnp.asarray(x, floating)
                for x in (true_positives, size, present, species)
            )
        )
        return jnp.asarray(self.counts(*counts, empty_score), floating)


@functools.cache
def f_beta(beta: float | int = 1) -> Score:
    """F-beta: recall weighs beta times as much as precision; F1 is Sorensen's index."""
    square = _positive("f_beta", "beta", beta) ** 2
    return _of_ratio(f"f{beta:g}", Ratio(1 + square, square, square, 1.0))


@functools.cache
def f_beta_released(beta: float | int = 2) -> Score:
    """`(1 + b^2) t / ((1 + b^2) t + b FN + FP)`: F-beta with b, not b^2, for misses.

    What the code that was published with MaxExp computes
    (Gigot-Leandri et al. 2026, arXiv:2602.11771). Equal to F-beta for b = 1 only.
    """
    beta = _positive("f_beta_released", "beta", beta)
    ratio = Ratio(1 + beta**2, beta**2, beta, 1.0)
    return _of_ratio(f"f{beta:g}_released", ratio)


@functools.cache
def jaccard() -> Score:
    """Jaccard's index: species in both over species in either."""
    return _of_ratio("jaccard", Ratio(1.0, 0.0, 1.0, 1.0))


@functools.cache
def tversky(alpha: float | int, beta: float | int) -> Score:
    """Tversky's index `t / (t + alpha FP + beta FN)`.

    Raises:
      ValueError: a weight is negative or not finite, or both are 0.
    """
    if not (0 <= alpha < math.inf and 0 <= beta < math.inf and alpha + beta > 0):
        raise ValueError(
            "tversky: want weights from 0 on, not both 0, got "
            f"alpha={alpha}, beta={beta}."
        )
    ratio = Ratio(1.0, 1.0 - alpha, float(beta), float(alpha))
    return _of_ratio(f"tversky_{alpha:g}_{beta:g}", ratio)


@functools.cache
def tss() -> Score:
    """True skill statistic of a place: sensitivity + specificity - 1."""

    def counts(t, k, m, species, empty_score):
        sensitivity = _ratio(t, m, empty_score)
        specificity = _ratio(species - k - m + t, species - m, empty_score)
        return sensitivity + specificity - 1

    return Score("tss", counts, additive="tss")


@functools.cache
def accuracy() -> Score:
    """Share of the species that are rightly in the set or rightly not."""

    def counts(t, k, m, species, empty_score):
        return (species - k - m + 2 * t) / species

    return Score("accuracy", counts, additive="accuracy")


@functools.cache
def mcc() -> Score:
    """Matthews' correlation coefficient; 0 where a margin is empty."""

    def counts(t, k, m, species, empty_score):
        margins = jnp.sqrt(k * (species - k)) * jnp.sqrt(m * (species - m))
        value = _ratio(species * t - k * m, margins)
        return jnp.where((k == 0) & (m == 0), empty_score, value)

    return Score("mcc", counts)


@functools.cache
def kappa() -> Score:
    """Cohen's kappa; 0 where it is undefined."""

    def counts(t, k, m, species, empty_score):
        value = _ratio(2 * (species * t - k * m), k * (species - m) + m * (species - k))
        return jnp.where((k == 0) & (m == 0), empty_score, value)

    return Score("kappa", counts)


@functools.cache
def exact_match() -> Score:
    """1 if the set is what is present, 0 if not."""

    def counts(t, k, m, species, empty_score):
        return (t == k) & (k == m)

    return Score("exact_match", counts)


@functools.cache
def richness_error(linear_from: float | int | None = None) -> Score:
    """Minus the squared error of richness, `-(m - k)^2`.

    Args:
      linear_from: errors from here on weigh less: minus
        `linear_from^2 + sqrt(error - linear_from)`, as in the code that was published
        with MaxExp. None squares all of them.
    """
    if linear_from is not None and not linear_from >= 0:
        raise ValueError(f"richness_error: want linear_from >= 0, got {linear_from}.")

    def counts(t, k, m, species, empty_score):
        error = jnp.abs(m - k)
        if linear_from is None:
            return -(error**2)
        beyond = jnp.sqrt(jnp.maximum(error - linear_from, 0))
        return jnp.where(error < linear_from, -(error**2), -(linear_from**2) - beyond)

    name = "richness_error"
    return Score(name if linear_from is None else f"{name}_{linear_from:g}", counts)


def score(function: Counts, name: str | None = None) -> Score:
    """A score of yours. Make it once: each one is compiled for itself.

    Args:
      function: `(true_positives, size, present, species) -> value` of floating arrays
        of one shape, in JAX. It must not fall when, at the same size and the same
        number present, there are more true positives: only then the best set is made
        of the most probable species. NaN only where nothing is predicted and nothing
        is present (`empty_score` stands there). Whoever maximises it checks both.
      name: for tables; that of the function by default.
    """

    def counts(t, k, m, species, empty_score):
        value = function(t, k, m, species)
        return jnp.where((k == 0) & (m == 0) & jnp.isnan(value), empty_score, value)

    return Score(name or str(getattr(function, "__name__", "score")), counts)


def _of_ratio(name: str, ratio: Ratio) -> Score:
    def counts(t, k, m, species, empty_score):
        below = ratio.hits * t + ratio.missed * (m - t) + ratio.size * k
        value = _ratio(ratio.scale * t, below)
        return jnp.where((k == 0) & (m == 0), empty_score, value)

    return Score(name, counts, ratio=ratio)


def _ratio(above: Any, below: Any, undefined: float | int = 0) -> Any:
    return jnp.where(below == 0, undefined, above / jnp.where(below == 0, 1.0, below))


def _positive(function: str, name: str, value: float | int) -> float:
    if not 1 / _MOST_BETA <= value <= _MOST_BETA:
        raise ValueError(
            f"{function}: want {name} > 0, from {1 / _MOST_BETA:g} to {_MOST_BETA:g}, "
            f"got {value}."
        )
    return float(value)
