"""Masked, weighted log-sum-exp over rows that may be sharded."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from jaxsdm.ops.collectives import all_max, all_sum


def log_sum_exp(
    x: Float[Array, "rows columns"],
    *,
    where: Bool[Array, " rows"] | None = None,
    weights: Float[Array, " rows"] | None = None,
    axis_name: str | None = None,
) -> Float[Array, " columns"]:
    r"""Log of the weighted sum of exponentials down each column.

    .. math:: \log \sum_i w_i e^{x_{ic}}

    Args:
      x: finite wherever `where` holds and the weight is positive.
      where: rows that count; the others leave value and gradient, whatever they
        hold (nan included). All rows by default.
      weights: one weight `>= 0` a row, 1 by default; a row of weight 0 is left out.
      axis_name: the mesh axis that the rows are sharded over, if any.

    Returns:
      One value a column; `-inf`, with a zero gradient, where no row counts.
    """
    top, log_total = log_sum_exp_parts(
        x, where=where, weights=weights, axis_name=axis_name
    )
    return top + log_total


def log_sum_exp_parts(
    x: Float[Array, "rows columns"],
    *,
    where: Bool[Array, " rows"] | None = None,
    weights: Float[Array, " rows"] | None = None,
    axis_name: str | None = None,
) -> tuple[Float[Array, " columns"], Float[Array, " columns"]]:
    """`log_sum_exp` as `(top, rest)`, of which it is the sum.

    `top` is the largest counted value of a column, a constant without gradient (0
    where no row counts); `rest` the logarithm of what is left, small even where the
    values are large, so that a difference from `top` can be taken before digits are
    lost. Arguments as those of `log_sum_exp`.
    """
    counted = jnp.ones(x.shape[0], bool) if where is None else where
    if weights is not None:
        counted = counted & (weights > 0)
    counted = counted[:, None]
    top = jnp.max(x, axis=0, where=counted, initial=-jnp.inf)
    top = all_max(top, axis_name)
    top = jnp.where(jnp.isfinite(top), top, 0.0)  # a column without rows: log 0
    terms = jnp.where(counted, jnp.exp(jnp.where(counted, x - top[None], 0.0)), 0.0)
    if weights is not None:
        terms = terms * jnp.where(counted[:, 0], weights, 0.0)[:, None]
    total = all_sum(jnp.sum(terms, axis=0), axis_name)
    present = total > 0
    return top, jnp.where(present, jnp.log(jnp.where(present, total, 1.0)), -jnp.inf)
