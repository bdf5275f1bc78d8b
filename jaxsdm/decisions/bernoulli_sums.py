"""Laplace transforms of how many species are present, a sum of independent 0/1.

`E[exp(-x Y)] = 1 - p + p exp(-x)` for one species of probability p; the transform of
the number of species present is the product, kept as a logarithm.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from jaxsdm.ops.collectives import all_sum


class Rates(NamedTuple):
    """Numbers x, of either sign, and what transforms at x need of them.

    Attributes:
      x: `[terms]`, cut to +-80 in float32 and +-600 in float64: `exp(-x)` is then as
        good as zero, and `exp(x)` finite.
      shrunk: `exp(-x) - 1`.
      grown: `exp(x) - 1`.
      kept: `exp(-x)`, which `1 + shrunk` is too coarse for.
    """

    x: Float[np.ndarray, " terms"]
    shrunk: Float[np.ndarray, " terms"]
    grown: Float[np.ndarray, " terms"]
    kept: Float[np.ndarray, " terms"]


def rates(x: Float[np.ndarray, " terms"], dtype: np.dtype) -> Rates:
    """The numbers as constants of a program in that type."""
    most = {"float32": 80.0, "float64": 600.0}[dtype.name]
    x = np.clip(x, -most, most)
    parts = x, np.expm1(-x), np.expm1(x), np.exp(-x)
    return Rates(*(part.astype(dtype) for part in parts))


class Transform(NamedTuple):
    """Of one species, for some rates.

    Attributes:
      log: `log(1 - p + p exp(-x))`.
      share: `p exp(-x) / (1 - p + p exp(-x))`.
    """

    log: Float[Array, "..."]
    share: Float[Array, "..."]


def transform(p: Float[Array, "..."], at: Rates) -> Transform:
    """Exact at p = 0 and 1, for small p and for small x alike.

    Args:
      p: probabilities.
      at: rates whose parts have the rank of `p`.
    """
    often, part = _beside_one(p, at)
    log = jnp.log1p(part)
    return Transform(jnp.where(often, log - at.x, log), p * without(p, at))


def without(p: Float[Array, "..."], at: Rates) -> Float[Array, "..."]:
    """`exp(-x) / (1 - p + p exp(-x))`: one species more, but not this one."""
    often, part = _beside_one(p, at)
    return jnp.where(often, 1, at.kept) / (1 + part)


def _beside_one(p, at: Rates):
    """Whether p > 1/2, and the transform less 1 (above 1/2, of `exp(x)` times it).

    From the side that is more likely, one plus that is never near zero.
    """
    often = p > 0.5
    return often, jnp.where(often, (1 - p) * at.grown, p * at.shrunk)


def log_none(
    p: Float[Array, "places species"], axis_name: str | None
) -> Float[Array, " places"]:
    """Log probability that no species is present, of all shards."""
    return all_sum(jnp.sum(jnp.log1p(-p), axis=1), axis_name)


def total_log(
    p: Float[Array, "places species"],
    at: Rates,
    *,
    skip: Bool[Array, " terms"] | None = None,
    axis_name: str | None = None,
) -> Float[Array, "places terms"]:
    """Sum of `transform(p, at).log` over the species of all shards.

    Args:
      p: this shard's species; one of probability 0 adds nothing.
      at: rates of the terms.
      skip: terms that nobody needs, 0 is given for them; the same on all shards.
      axis_name: the mapped axis that species are sharded over, if any.
    """
    often = p > 0.5
    less = jnp.where(often, 1 - p, p)
    number = jnp.sum(often, axis=1, dtype=p.dtype)

    def of_term(x, shrunk, grown, kept):
        # No more in the loop, so that XLA vectorises it.
        part = less * jnp.where(often, grown, shrunk)
        return jnp.sum(jnp.log1p(part), axis=1) - number * x

    return _each_term(of_term, p, at, skip, axis_name)


def total_share(
    p: Float[Array, "places species"],
    at: Rates,
    *,
    skip: Bool[Array, " terms"] | None = None,
    axis_name: str | None = None,
) -> Float[Array, "places terms"]:
    """Sum of `transform(p, at).share`; arguments as for `total_log`."""
    often = p > 0.5
    less = jnp.where(often, 1 - p, p)

    def of_term(x, shrunk, grown, kept):
        part = less * jnp.where(often, grown, shrunk)
        return jnp.sum(p * jnp.where(often, 1, kept) / (1 + part), axis=1)

    return _each_term(of_term, p, at, skip, axis_name)


def _each_term(of_term, p, at, skip, axis_name):
    """`of_term` of one term after the other, summed over shards, 0 where skipped."""
    if skip is None:
        skip = jnp.zeros(at.x.shape, bool)

    def step(term):
        skip, *rates = term
        nothing = 0 * p[:, 0]
        return jax.lax.cond(skip, lambda: nothing, lambda: of_term(*rates))

    found = jax.lax.map(step, (skip, *(jnp.asarray(part) for part in at))).T
    return all_sum(found, axis_name)
