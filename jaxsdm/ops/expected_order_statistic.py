r"""The expected k-th largest of normal variables: the order statistic, smoothed.

Of `X_i = s_i + eps Z_i` with independent standard normal Z, the number N(t) of those
above t is Poisson-binomial with `p_i(t) = Phi((s_i - t) / eps)`, and the k-th largest
is at most t if N(t) < k. So, over a window outside of which next to nothing happens,

.. math::
    E X_{(k)} = t_1 - \int_{t_0}^{t_1} P(N(t) < k) \, dt, \qquad
    \frac{\partial E X_{(k)}}{\partial s_i} = \int \frac1\varepsilon
        \phi\Big(\frac{t - s_i}{\varepsilon}\Big) P(N_{\setminus i}(t) = k-1) \, dt

by the trapezoid rule, exact to rounding with a few dozen nodes because the integrands
are smooth and end at 0. What makes it cheap:

* The window is found from the mean of N(t), and is narrow where many compete.
* The largest columns, as many as twice the highest mean that matters, are multiplied
  into the law of N one by one. All others are then below even odds at every node, and
  enter through power sums alone (`ops.poisson_binomial`).

Lengths inside are in units of eps, from the k-th largest score of the row.
"""

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm.ops import poisson_binomial as law
from jaxsdm.ops.arguments import whole_number
from jaxsdm.ops.columns import all_columns, columns_mask, local_columns
from jaxsdm.ops.top_k import top_k

_COARSE_STEP = 0.5
_MARGIN = 0.1
"""Of the first look for the window, and what it may be off by."""


def expected_kth_largest(
    x: ArrayLike,
    k: int,
    *,
    epsilon: ArrayLike,
    axis_name: str | None = None,
) -> Float[Array, " rows"]:
    r"""Expectation of the k-th largest of `x + epsilon Z`, with its exact gradient.

    Args:
      x: `[rows, columns]` float, this shard's columns.
      k: from 1 to the number of columns of all shards.
      epsilon: standard deviation of the noise, above 0; a constant, without gradient.
      axis_name: the mapped axis that the columns are sharded over, if any. Shards
        exchange some hundred numbers a row, in proportion to k.

    Returns:
      `[rows]`, float32 (float64 for float64), the same on every shard. The gradient of
      a row is the probability of each column to be the k-th largest. Reverse mode only.

    Raises:
      ValueError: shapes do not agree, or k is not in that range. TypeError: `x` is not
        floating.

    References:
      Garcin et al. 2022, arXiv:2202.02193 (the smoothed order statistic, there by
      draws). Quadrature and its window are ours.
    """
    x = jnp.asarray(x)
    if not jnp.issubdtype(x.dtype, jnp.floating):
        raise TypeError(f"expected_kth_largest: want floating x, got {x.dtype}.")
    if x.ndim != 2:
        raise ValueError(
            f"expected_kth_largest: want x [rows, columns], got {x.shape}."
        )
    x = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    columns = all_columns(x.shape[1], axis_name)
    k = whole_number("expected_kth_largest", "k", k)
    if not 1 <= k <= columns:
        raise ValueError(f"expected_kth_largest: want k in [1, {columns}], got k={k}.")
    if not len(x):
        return jnp.zeros(0, x.dtype)
    rule = _EXACT if x.dtype == jnp.float64 else _SINGLE
    settings = _Settings(k, columns, axis_name, rule)
    return _expected(settings, x, jnp.asarray(epsilon, x.dtype))


class _Rule(NamedTuple):
    """How exact the quadrature is.

    Attributes:
      nodes: of the trapezoid rule.
      tolerance: probability that is left outside of the window on each side.
      reach: so far above its score, a column is never seen (in units of eps).
      low: from here, below the k-th score, the window starts at the earliest.
    """

    nodes: int
    tolerance: float
    reach: float
    low: float


_SINGLE = _Rule(nodes=40, tolerance=1e-8, reach=7.5, low=6.5)
_EXACT = _Rule(nodes=80, tolerance=1e-13, reach=9.0, low=8.5)


class _Settings(NamedTuple):
    """What is known when the program is made."""

    k: int
    columns: int
    axis: str | None
    rule: _Rule

    @property
    def highest_mean(self) -> float:
        """Mean of N from which on `N < k` is less likely than the tolerance."""
        nats = -math.log(self.rule.tolerance)  # Chernoff's bound
        return self.k + math.sqrt(2 * self.k * nats) + nats

    @property
    def lowest_mean(self) -> float:
        """Mean of N from which on `N >= k` is: mean^k / k! bounds it."""
        nats = -math.log(self.rule.tolerance)
        return math.exp((math.lgamma(self.k + 1) - nats) / self.k)

    @property
    def large(self) -> int:
        """How many columns are multiplied in one by one."""
        return min(2 * math.ceil(self.highest_mean), self.columns)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _expected(settings, x, epsilon):
    return _forward(settings, x, epsilon)[0]


def _forward(settings, x, epsilon):
    k, axis, reach = settings.k, settings.axis, settings.rule.reach
    best, numbers = top_k(x, settings.large, axis_name=axis)
    centre = best[:, k - 1]
    large = (best - centre[:, None]) / epsilon
    is_large = columns_mask(numbers, x.shape[1], axis_name=axis)
    small = jnp.where(is_large, -jnp.inf, (x - centre[:, None]) / epsilon)

    # First look: the mean of N on a grid that holds the window of any row.
    points = jnp.arange(-settings.rule.low, reach + 1, _COARSE_STEP, dtype=x.dtype)
    mean = jnp.sum(law.chance_above(large[:, None], points[None, :, None]), axis=2)
    if settings.large < settings.columns:
        grid = jnp.broadcast_to(points, (len(x), len(points)))
        mean = mean + law.mean_above(small, grid, reach=reach, axis_name=axis)
    first, step = _window(settings, mean, points)
    levels = _levels(settings, first, step)

    of_small = jnp.zeros_like(levels, shape=(*levels.shape, k)).at[:, :, 0].set(1)
    if settings.large < settings.columns:
        of_small = law.law_of_small(small, levels, k, reach=reach, axis_name=axis)
    of_all, many = law.with_large(of_small, large, levels)

    # Each level gives the smaller of P(N < k) and P(N >= k): nothing cancels.
    few = jnp.sum(of_all, axis=2)
    steps = jnp.sum(jnp.where(few < many, -few, many), axis=1)
    steps = steps + jnp.sum(few < many, axis=1) - 0.5
    steps = steps + 0.5 * (few[:, 0] - many[:, -1])
    value = centre + epsilon * (first + step * steps)
    return value, (small, large, numbers, first, step, of_small, of_all)


def _backward(settings, residual, cotangent):
    small, large, numbers, first, step, of_small, of_all = residual
    levels, columns = _levels(settings, first, step), small.shape[1]
    gradient = jnp.zeros_like(small)
    if settings.large < settings.columns:
        gradient = law.crossings_of_small(
            of_all, small, levels, reach=settings.rule.reach
        )
    of_large = law.crossings_of_large(of_small, large, levels)
    local = local_columns(numbers, columns, axis_name=settings.axis)
    row = jnp.arange(len(small))[:, None]
    gradient = gradient.at[row, local].add(of_large, mode="drop")
    return gradient * (step * cotangent)[:, None], None


_expected.defvjp(_forward, _backward)


def _window(settings, mean, points):
    """First level and step, between the highest and lowest mean of N that matter."""
    log_mean = jnp.log(jnp.maximum(mean, 1e-30))
    means = np.array([settings.highest_mean, settings.lowest_mean])
    targets = jnp.asarray(np.log(means), mean.dtype)
    ends = jax.vmap(lambda y: jnp.interp(-targets, -y, points))(log_mean)
    first, last = ends[:, 0] - _MARGIN, ends[:, 1] + _MARGIN
    return first, (last - first) / (settings.rule.nodes - 1)


def _levels(settings, first, step):
    number = jnp.arange(settings.rule.nodes, dtype=step.dtype)
    return first[:, None] + step[:, None] * number[None]
