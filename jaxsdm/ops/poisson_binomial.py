"""How many of the normal variables `x_i + Z_i` of a row lie above some levels.

Their number N has the Poisson-binomial law of the chances `p_i(u) = Phi(x_i - u)`. It
is needed for N below k only, so each law is `[rows, levels, k]`, of N = 0 .. k-1.

Columns come in two kinds. The large ones are multiplied in one by one, and each left
out by products from both sides. The small ones must be below even odds at every level;
only the power sums of their odds are needed (`ops.elementary_symmetric`), and leaving
one out is a recursion, stable where some 2 k columns are as large. Small columns that
no level of the tile is near to are skipped.
"""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jaxsdm.ops.symmetric_polynomials import elementary_symmetric
from jaxsdm.ops.tiles import over_row_tiles, rows_of_tile, tile_of


def chance_above(x: Float[Array, "..."], u: Float[Array, "..."]) -> Float[Array, "..."]:
    """Probability that `x + Z` lies above u."""
    return 0.5 * jax.lax.erfc((u - x) * np.asarray(math.sqrt(0.5), x.dtype))


def mean_above(
    x: Float[Array, "rows columns"],
    levels: Float[Array, "rows levels"],
    *,
    reach: float,
    axis_name: str | None,
) -> Float[Array, "rows levels"]:
    """Mean of N; columns more than `reach` below all levels of a tile are not seen."""

    def of_level(x, u):
        return jnp.sum(chance_above(x, u[:, None]), axis=1)

    return _over_levels(of_level, x, levels, reach, axis_name)


def law_of_small(
    x: Float[Array, "rows columns"],
    levels: Float[Array, "rows levels"],
    k: int,
    *,
    reach: float,
    axis_name: str | None,
) -> Float[Array, "rows levels k"]:
    """Law of N over small columns; `-inf` leaves a column out."""

    def of_level(x, u):
        """Log probability of N = 0, and the power sums 1 .. k-1 of the odds."""
        p = chance_above(x, u[:, None])
        odds = _odds(p)
        sums, power = [jnp.sum(jnp.log1p(-p), axis=1)], odds
        for _ in range(k - 1):
            sums.append(jnp.sum(power, axis=1))
            power = power * odds
        return jnp.stack(sums, axis=1)

    sums = jnp.moveaxis(_over_levels(of_level, x, levels, reach, axis_name), -1, 0)
    if k == 1:
        return jnp.exp(sums[0])[..., None]
    polynomials, log_scale = elementary_symmetric(sums[1:])
    return jnp.moveaxis(polynomials * jnp.exp(log_scale + sums[:1]), 0, -1)


def with_large(
    law: Float[Array, "rows levels k"],
    x: Float[Array, "rows large"],
    levels: Float[Array, "rows levels"],
) -> tuple[Float[Array, "rows levels k"], Float[Array, "rows levels"]]:
    """The law with large columns multiplied in, and the probability of `N >= k`.

    The latter is added up, not one minus the others: it is exact where it is small.
    """
    tile = rows_of_tile(*x.shape)

    def of_tile(start):
        law_, x_, levels_ = tile_of(start, tile, law, x, levels)

        def multiply(both, score):
            law, many = both
            more = chance_above(score[:, None], levels_) * law[..., -1]
            return (_multiplied(law, score[:, None], levels_), many + more), None

        many = jnp.maximum(1 - jnp.sum(law_, axis=-1), 0)
        return jax.lax.scan(multiply, (law_, many), x_.T)[0]

    return over_row_tiles(of_tile, len(x), tile)


def crossings_of_large(
    law: Float[Array, "rows levels k"],
    x: Float[Array, "rows large"],
    levels: Float[Array, "rows levels"],
) -> Float[Array, "rows large"]:
    """Sum over levels of `phi(u - x_i) P(k - 1 of the other columns above u)`.

    Args:
      law: of the small columns.
      x: scores of the large columns.
      levels: u.
    """
    tile = rows_of_tile(*x.shape)

    def of_tile(start):
        law_, x_, levels_ = tile_of(start, tile, law, x, levels)

        def multiply(law, score):
            return _multiplied(law, score[:, None], levels_), law

        _, before = jax.lax.scan(multiply, law_, x_.T)

        def leave_out(after, column):
            score, before = column
            without = jnp.sum(before * after[..., ::-1], axis=-1)
            density = _density(levels_ - score[:, None])
            crossings = jnp.sum(density * without, axis=1)
            return _multiplied(after, score[:, None], levels_), crossings

        nobody = jnp.zeros_like(law_).at[..., 0].set(1)
        _, crossings = jax.lax.scan(leave_out, nobody, (x_.T, before), reverse=True)
        return crossings.T

    return over_row_tiles(of_tile, len(x), tile)


def crossings_of_small(
    law: Float[Array, "rows levels k"],
    x: Float[Array, "rows columns"],
    levels: Float[Array, "rows levels"],
    *,
    reach: float,
) -> Float[Array, "rows columns"]:
    """The same for the small columns.

    Args:
      law: of all columns, large and small.
      x: scores of the small columns; `-inf` leaves a column out.
      levels: u.
      reach: so far below all levels of its tile, a column has none.
    """
    k = law.shape[-1]

    tile = rows_of_tile(*x.shape)

    def of_tile(start):
        law_, x_, levels_ = tile_of(start, tile, law, x, levels)

        def add(crossings, level):
            u, law = level
            odds = _odds(chance_above(x_, u[:, None]))
            without = jnp.broadcast_to(law[:, :1], x_.shape)
            for number in range(1, k):
                without = law[:, number : number + 1] - odds * without
            density = _density(u[:, None] - x_)
            return crossings + density * (1 + odds) * without, None

        def near(x):
            along = jnp.swapaxes(levels_, 0, 1), jnp.swapaxes(law_, 0, 1)
            return jax.lax.scan(add, jnp.zeros_like(x), along)[0]

        return jax.lax.cond(_near(x_, levels_, reach), near, jnp.zeros_like, x_)

    return over_row_tiles(of_tile, len(x), tile)


def _over_levels(of_level, x, levels, reach, axis_name):
    """`of_level(x, u)` of each level, summed over shards: `[rows, levels, ...]`.

    Zero for a tile of rows whose columns are all out of reach.
    """
    tile = rows_of_tile(*x.shape)

    def of_tile(start):
        x_, levels_ = tile_of(start, tile, x, levels)

        def near(x):
            found = jax.lax.map(functools.partial(of_level, x), levels_.T)
            return jnp.swapaxes(found, 0, 1)

        def far(x):
            like = jax.eval_shape(near, x)
            return jnp.zeros_like(x, shape=like.shape)

        return jax.lax.cond(_near(x_, levels_, reach), near, far, x_)

    found = over_row_tiles(of_tile, len(x), tile)
    return found if axis_name is None else jax.lax.psum(found, axis_name)


def _near(x, levels, reach):
    return jnp.max(x) > jnp.min(levels) - reach


def _multiplied(law, score, levels):
    """The law with one column more."""
    p = chance_above(score, levels)[..., None]
    q = chance_above(levels, score)[..., None]
    one_more = jnp.concatenate([jnp.zeros_like(law[..., :1]), law[..., :-1]], axis=-1)
    return q * law + p * one_more


def _odds(p):
    return p / (1 - p)


def _density(z):
    return jnp.exp(-0.5 * z * z) * np.asarray(1 / math.sqrt(2 * math.pi), z.dtype)
