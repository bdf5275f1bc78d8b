r"""The smooth top-K SVM: a softplus between the best lists with and without the label.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species").

With `X_j = exp(f_j / (K tau))` and the elementary symmetric polynomials `e_k` of the
other species, the loss needs `e_K / e_{K-1}` and the gradient their leave-one-out
values. How they stay exact without logarithms and without a loop over the species:

* The `2 K` largest species are multiplied in one by one; of all others only the power
  sums `p_1 .. p_K` are needed (Newton's identities). As at least `2 K` species are as
  large as any of them, what Newton's identities cancel is small beside the total.
* `e_k` is kept relative to a product of k decreasing bounds `y_1 .. y_k`, of the k-th
  largest species plus the share of the others, so nothing overflows or vanishes.
* The polynomial without species j follows from `g_k = 1 - X_j (e_{k-1} / e_k) g_{k-1}`,
  stable for the small ones (g stays above 1/2), and is multiplied out for the large.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from jaxsdm import ops
from jaxsdm.losses import _checks, _species
from jaxsdm.ops.arguments import whole_number
from jaxsdm.ops.tiles import over_row_tiles, rows_of_tile, tile_of

_HARD_RATIO = 1000.0
"""The authors take the hard loss where X falls by this or more after the K-th."""


def smooth_top_k_svm(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    k: int,
    tau: ArrayLike = 1.0,
    alpha: ArrayLike = 1.0,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Smooth top-K SVM with its exact gradient.

    .. math::
        \ell_i = \tau \log \frac{e^{\alpha / \tau} e_K(X_{\setminus y})
                 + X_y e_{K-1}(X_{\setminus y})}{X_y e_{K-1}(X_{\setminus y})},
        \qquad X_c = e^{f_{ic} / (K \tau)}

    and its limit for small `tau`, `max(0, alpha + (t_K - f_y) / K)` with the K-th best
    other species `t_K`, where the K-th and the next best of all species are
    `K tau log(1000)` apart or more.

    Args:
      logits: `[batch, species]` float.
      labels: `[batch]` integer species numbers (of all species).
      k: how many guesses are allowed, from 1 to below the number of species; the cost
        grows with it.
      tau: temperature, above 0.
      alpha: margin, `>= 0`.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.
        Each shard sends its 2 k largest logits and k sums an example.

    Returns:
      `[batch]`, in units of the logits, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree, k, tau or alpha is out of range, or (outside
        `jit`) a label no species. TypeError: `logits` is not floating.

    References:
      Berrada et al. 2018, Smooth loss functions for deep top-k classification,
      arXiv:1802.07595. Differs: their code approximates the gradient where tau is
      small, and its gradient for k = 1 is wrong.
    """
    function = "smooth_top_k_svm"
    f, y, keep = _checks.label_arguments(
        function, logits, labels, where, species_axis_name
    )
    species = ops.all_columns(f.shape[1], species_axis_name)
    k = whole_number(function, "k", k)
    if not 1 <= k < species:
        raise ValueError(
            f"{function}: want k from 1 to below the {species} species, got k={k}."
        )
    _species.number(function, "alpha", alpha, 0)
    known = not isinstance(tau, jax.core.Tracer)
    if known and not (np.isfinite(tau) and np.asarray(tau) > 0):
        raise ValueError(f"{function}: want a finite tau > 0, got {tau}.")
    settings = _Settings(k, species, species_axis_name)
    temperature, margin = (
        jax.lax.stop_gradient(jnp.asarray(value, f.dtype)) for value in (tau, alpha)
    )
    return _checks.of_rows(_loss(settings, f, y, temperature, margin), y, keep)


class _Settings(NamedTuple):
    """What is known when the program is made."""

    k: int
    species: int
    axis: str | None


class _Kept(NamedTuple):
    """What the gradient needs beside the logits, the same on all shards of species.

    Attributes:
      top: `[batch, large]` the largest logits of other species, decreasing.
      columns: `[batch, large]` their global numbers.
      share_top: `[batch, large]` d log(e_K / e_{K-1}) / d log X of each.
      step: `[k, batch]` `log(e_{i-1} / e_i)` relative to the smallest of `top`.
      slope: `[batch]` derivative of the softplus.
      hard: `[batch]` whether the hard loss is taken, of which the slope is 0 or 1.
    """

    top: Float[Array, "batch large"]
    columns: Int[Array, "batch large"]
    share_top: Float[Array, "batch large"]
    step: Float[Array, "k batch"]
    slope: Float[Array, " batch"]
    hard: Bool[Array, " batch"]


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _loss(settings, f, y, tau, alpha):
    return _forward(settings, f, y, tau, alpha)[0]


def _forward(settings, f, y, tau, alpha):
    k, axis = settings.k, settings.axis
    own = ops.take_columns(f, y, axis_name=axis)
    large = min(2 * k, settings.species - 1)
    kept = min(large + 1, settings.species - 1)
    best, numbers = _without(y, *ops.top_k(f, kept + 1, axis_name=axis))
    top, columns, first = best[:, :large], numbers[:, :large], best[:, -1]
    width = k * tau
    z = (top - top[:, -1:]) / width
    # The others relative to the first of them: powers never all vanish.
    own_columns = jnp.concatenate([columns, y[:, None]], axis=1)
    power_sums = _power_sums(settings, f, first, width, own_columns)

    log_bound, whole, without = _polynomials(
        z, power_sums, (first - top[:, -1]) / width, k
    )
    # log e_i / e_{i-1}, relative to the smallest of the top.
    ratio = log_bound + jnp.log(whole[1:]) - jnp.log(whole[:-1])
    excess = alpha / tau + ratio[-1] + (top[:, -1] - own) / width
    smooth = tau * jax.nn.softplus(excess)
    share = 1 - without / whole[:, :, None]  # of each large species, in e_0 .. e_K
    share_top = share[k] - (share[k - 1] if k > 1 else 0)

    kth = top[:, k - 1]
    before = top[:, k - 2] if k > 1 else jnp.inf
    after = top[:, k] if large > k else -jnp.inf
    gap = jnp.maximum(jnp.minimum(own, before), kth)
    gap = gap - jnp.maximum(jnp.minimum(own, kth), after)
    hard = gap >= width * jnp.log(_HARD_RATIO).astype(f.dtype)
    h = alpha + (kth - own) / k
    value = jnp.where(hard, jnp.where(h > 0, h, 0), smooth)
    slope = jnp.where(hard, (h > 0).astype(f.dtype), jax.nn.sigmoid(excess))
    kept = _Kept(top, columns, share_top, -ratio, slope, hard)
    return value, (f, y, tau, kept)


def _backward(settings, residual, cotangent):
    f, y, tau, kept = residual
    k, axis = settings.k, settings.axis
    scale = cotangent * kept.slope / k
    # What is larger than the smallest of the top is replaced below.
    x = jnp.exp(jnp.minimum((f - kept.top[:, -1:]) / (k * tau), 0))
    share, last = jnp.zeros_like(f), jnp.zeros_like(f)
    for ratio in jnp.exp(kept.step):
        last, share = share, x * ratio[:, None] * (1 - share)
    gradient = jnp.where(kept.hard, 0, scale)[:, None] * (share - last)

    # The hard loss moves the K-th best of the others.
    kth = jnp.arange(kept.top.shape[1]) == k - 1
    of_top = jnp.where(kept.hard[:, None], kth[None].astype(f.dtype), kept.share_top)
    columns = jnp.concatenate([kept.columns, y[:, None]], axis=1)
    index = ops.local_columns(columns, f.shape[1], axis_name=axis)
    row = jnp.arange(len(f))[:, None]
    of_chosen = jnp.concatenate([of_top, jnp.full_like(of_top[:, :1], -1)], axis=1)
    gradient = gradient.at[row, index].set(scale[:, None] * of_chosen, mode="drop")
    return gradient, None, None, None


_loss.defvjp(_forward, _backward)


def _without(label, best, numbers):
    """All but the label, or but the last where it is not among them."""
    place = jnp.argmax(
        jnp.concatenate(
            [numbers[:, :-1] == label[:, None], jnp.ones_like(label, bool)[:, None]],
            axis=1,
        ),
        axis=1,
    )
    after = jnp.arange(best.shape[1] - 1)[None] >= place[:, None]
    return tuple(jnp.where(after, x[:, 1:], x[:, :-1]) for x in (best, numbers))


def _power_sums(settings, f, first, width, left_out):
    """Power sums 1 .. k of X in units of the first, of all columns but some."""
    rows, axis = len(f), settings.axis
    if not rows:
        return jnp.zeros((settings.k, 0), f.dtype)
    index = ops.local_columns(left_out, f.shape[1], axis_name=axis)
    tile = rows_of_tile(*f.shape)

    def of_tile(start):
        f_, first_, index_ = tile_of(start, tile, f, first, index)
        # Where no logit is left, or it lies infinitely below, X is 0.
        x = jnp.exp((f_ - first_[:, None]) / width)
        x = jnp.where(f_ == -jnp.inf, 0, x)
        x = x.at[jnp.arange(tile)[:, None], index_].set(0, mode="drop")
        powers, sums = x, []
        for _ in range(settings.k):
            sums.append(jnp.sum(powers, axis=1))
            powers = powers * x
        return jnp.stack(sums, axis=1)

    sums = over_row_tiles(of_tile, rows, tile).T
    return sums if axis is None else jax.lax.psum(sums, axis)


def _polynomials(
    z: Float[Array, "batch large"],
    sums: Float[Array, "k batch"],
    log_unit: Float[Array, " batch"],
    k: int,
) -> tuple[
    Float[Array, "k batch"],
    Float[Array, "levels batch"],
    Float[Array, "levels batch large"],
]:
    """Symmetric polynomials of the large and the other species, all relative.

    Args:
      z: `log X` of the large species, decreasing, 0 for the smallest.
      sums: power sums 1 .. k of X of the others, in units of the largest of them.
      log_unit: its logarithm.
      k: highest degree.

    Returns:
      `(log y, d, d without each)`: `e_i = d_i y_1 ... y_i`, for i from 0 to k; the last
      without each of the large species.
    """
    batch, large = z.shape
    total = sums[0]
    some = total > 0
    log_total = jnp.where(some, jnp.log(jnp.where(some, total, 1)) + log_unit, -jnp.inf)
    degree = jnp.arange(1, k + 1, dtype=z.dtype)[:, None]
    log_bound = jnp.logaddexp(z[:, :k].T, log_total[None] - jnp.log(degree))

    # Of the large ones, multiplied in one by one: whole, and each left out.
    factor = jnp.exp(jnp.minimum(z.T[:, None] - log_bound[None], 0))
    leave = 1 - jnp.eye(large, dtype=z.dtype)
    leave = jnp.concatenate([leave, jnp.ones((large, 1), z.dtype)], axis=1)

    def multiply(d, both):
        factor, leave = both
        added = factor[:, :, None] * leave[None, None] * d[:-1]
        return d.at[1:].add(added), None

    start = jnp.zeros((k + 1, batch, large + 1), z.dtype).at[0].set(1)
    start = start + 0 * z[None, :, :1]  # varies over the mesh as z does
    d, _ = jax.lax.scan(multiply, start, (factor, leave))

    # Together: d_k = sum_i d_{k-i} e_i(others) / (y_{k-i+1} ... y_k).
    small, log_small = ops.elementary_symmetric(sums)
    power = jnp.arange(k + 1)[:, None]
    log_small = log_small + power * jnp.where(some, log_unit, 0)[None]
    log_product = jnp.cumsum(log_bound, axis=0)
    log_product = jnp.concatenate([jnp.zeros_like(log_product[:1]), log_product])
    combined = d
    for i in range(1, k + 1):
        log_weight = log_small[i][None] - (log_product[i:] - log_product[: k + 1 - i])
        weight = jnp.where(some[None], small[i][None] * jnp.exp(log_weight), 0)
        combined = combined.at[i:].add(weight[:, :, None] * d[: k + 1 - i])
    return log_bound, combined[..., -1], combined[..., :-1]
