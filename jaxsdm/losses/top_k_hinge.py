"""The top-K hinge, smoothed by noise: right when the label is among the K best.

Axes: `batch` rows (mesh axis "data"), `species` columns (mesh axis "species"), draws of
the noise. One value per example, unreduced.

What has the size of the noise is never held: a step makes the noise of some rows and
one draw, selects, and keeps a value and an index. The backward pass needs only those
indices. The noise is a function of key and *global* position, so that it is the same
however rows and species are sharded.
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
from jaxsdm.ops.normal import random_normal
from jaxsdm.ops.tiles import over_row_tiles, rows_of_tile, tile_of
from jaxsdm.ops.top_k import merge_top_k, shard_top_k


def stochastic_top_k_hinge(
    logits: ArrayLike,
    labels: ArrayLike,
    key: Array | None = None,
    *,
    k: int,
    epsilon: ArrayLike = 1.0,
    num_samples: int = 5,
    margin: ArrayLike = 1.0,
    scale: ArrayLike = 1.0,
    noise: ArrayLike | None = None,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Hinge on the gap between the label and the (k+1)-th best of noised logits.

    .. math::
        \ell_i = \max(0, h_i), \qquad h_i = s \Big( m_{y_i} + \frac{1}{B}
        \sum_{b=1}^{B} (f_i + \varepsilon Z_{ib})_{(k+1)} - f_{iy_i} \Big)

    with :math:`x_{(k)}` the k-th largest over all species, the label included; equal
    values count each. The hinge is outside the mean over draws. The gradient is that
    of the smoothed order statistic: 1/B at the species which each draw selects (the
    lowest number among equals), and -1 at the label, times s where h > 0.

    Balanced data: `epsilon` 0.2 to 1, margin 1, scale 1. Heavy-tailed data: cosine
    logits (`models.CosineHead`), margins of `top_k_margins`, epsilon 0.01, scale 50.

    Args:
      logits: `[batch, species]` float.
      labels: `[batch]` integer species numbers, of all species.
      key: of the noise; the noise of an example depends on it and on the global
        number of the example in the batch. Fold the step into it.
      k: the label should be among this many, `1 <= k < species`.
      epsilon: standard deviation of the noise, `>= 0`.
      num_samples: draws B an example, `>= 1`.
      margin: one number, or `[species]` for all species (also under species
        sharding); a constant, without gradient.
      scale: s, `>= 0`; a constant, without gradient.
      noise: `[num_samples, batch, species]` standard normal numbers, this shard's, in
        place of the key's; then `num_samples` is its length.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      batch_axis_name: the mapped axis that the batch is sharded over, if any; only the
        numbers of the rows need it.
      species_axis_name: the mapped axis that the species are sharded over, if any.
        Shards exchange `k + 1` values an example and draw, in one message.

    Returns:
      `[batch]`, float32 (float64 for float64 logits). Reverse mode only.

    Raises:
      ValueError: shapes do not agree, neither key nor noise is given, k, epsilon,
        num_samples, scale or margin is out of its range, or (outside `jit`) a label is
        no species. TypeError: `logits` is not floating.

    References:
      Garcin et al. 2022, Stochastic smoothing of the top-K calibrated hinge loss for
      deep imbalanced classification, arXiv:2202.02193. The authors' code averages over
      the batch.
    """
    function = "stochastic_top_k_hinge"
    k = whole_number(function, "k", k)
    f, labels, keep, margins, scale = hinge_arguments(
        function, logits, labels, k, margin, scale, where, species_axis_name
    )
    _species.number(function, "epsilon", epsilon, 0)
    if noise is not None:
        noise = jnp.asarray(noise)
        if noise.ndim != 3 or noise.shape[1:] != f.shape or not len(noise):
            raise ValueError(
                f"{function}: want noise [num_samples, batch, species] = (any, "
                f"{f.shape[0]}, {f.shape[1]}), got {noise.shape}."
            )
        num_samples = len(noise)
        noise = jnp.where(keep[None, :, None], noise, 0).astype(f.dtype)
        if key is not None:
            raise ValueError(f"{function}: want a key or noise, got both.")
    elif key is None:
        raise ValueError(f"{function}: want a key or noise, got neither.")
    num_samples = whole_number(function, "num_samples", num_samples)
    if num_samples < 1:
        raise ValueError(f"{function}: want num_samples >= 1, got {num_samples}.")

    settings = _Settings(k, num_samples, batch_axis_name, species_axis_name)
    words = None if key is None else jax.random.key_data(_typed(key))
    h = _hinge(
        settings,
        f,
        labels,
        margins,
        jax.lax.stop_gradient(jnp.asarray(epsilon, f.dtype)),
        scale,
        words if noise is None else None,
        None if noise is None else jax.lax.stop_gradient(noise),
    )
    return _checks.of_rows(h, labels, keep)


def top_k_margins(
    class_counts: ArrayLike, max_margin: ArrayLike
) -> Float[Array, " species"]:
    r"""Larger margins for rarer species, for the top-K hinge and LDAM.

    .. math:: m_c = m_{\max} \left( \frac{\min_j n_j}{n_c} \right)^{1/4}

    Args:
      class_counts: `[species]` training examples, `>= 0`; 0 counts as 1.
      max_margin: the margin of the rarest species, `>= 0`.

    Returns:
      `[species]` float32 (float64 for float64 counts where JAX has it).

    Raises:
      ValueError: not a vector, a count is negative or not finite (checked outside
        `jit`), or `max_margin` is negative.

    References:
      Cao et al. 2019, Learning imbalanced datasets with label-distribution-aware
      margin loss, arXiv:1906.07413; Garcin et al. 2022, arXiv:2202.02193.
    """
    function = "top_k_margins"
    _species.number(function, "max_margin", max_margin, 0)
    if np.ndim(class_counts) != 1 or not np.shape(class_counts)[0]:
        raise ValueError(
            f"{function}: want class_counts [species], got {np.shape(class_counts)}."
        )
    if not isinstance(class_counts, jax.core.Tracer):
        known = np.asarray(class_counts, float)
        bad = np.flatnonzero(~(np.isfinite(known) & (known >= 0)))
        if len(bad):
            raise ValueError(
                f"{function}: want finite class_counts >= 0, got "
                f"class_counts[{bad[0]}] = {known[bad[0]]:g}."
            )
    counts = jnp.asarray(class_counts)
    counts = counts.astype(jnp.promote_types(counts.dtype, jnp.float32))
    counts = jnp.maximum(counts, 1)
    return jnp.asarray(max_margin * (jnp.min(counts) / counts) ** 0.25)


def hinge_arguments(
    function: str,
    logits: ArrayLike,
    labels: ArrayLike,
    k: int,
    margin: ArrayLike,
    scale: ArrayLike,
    where: ArrayLike | None,
    species_axis_name: str | None,
) -> tuple[
    Float[Array, "batch species"],
    Int[Array, " batch"],
    Bool[Array, " batch"],
    Float[Array, " batch"],
    Float[Array, ""],
]:
    """Checked arguments of a top-K hinge; the margin of each label, and the scale.

    Raises:
      ValueError, TypeError: as those of `stochastic_top_k_hinge`.
    """
    f, labels, keep = _checks.label_arguments(
        function, logits, labels, where, species_axis_name
    )
    species = ops.all_columns(f.shape[1], species_axis_name)
    if not 1 <= k < species:
        raise ValueError(
            f"{function}: want 1 <= k < species = {species} (the (k+1)-th best "
            f"enters), got k={k}."
        )
    _species.number(function, "scale", scale, 0)
    if np.ndim(margin):
        margins = _species.species_vector(
            function, "margin", margin, f, species_axis_name
        )[labels]
    else:
        _species.number(function, "margin", margin, -np.inf)
        margins = jnp.broadcast_to(jnp.asarray(margin, f.dtype), labels.shape)
    constant = jax.lax.stop_gradient
    return f, labels, keep, constant(margins), constant(jnp.asarray(scale, f.dtype))


class _Settings(NamedTuple):
    """What is known when the program is made."""

    k: int
    num_samples: int
    batch_axis_name: str | None
    species_axis_name: str | None


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _hinge(settings, f, labels, margins, epsilon, scale, words, noise):
    return _forward(settings, f, labels, margins, epsilon, scale, words, noise)[0]


def _forward(settings, f, labels, margins, epsilon, scale, words, noise):
    axis = settings.species_axis_name
    cut, chosen = _cuts(settings, f, epsilon, words, noise)
    own = ops.take_columns(f, labels, axis_name=axis)
    h = scale * (margins + jnp.mean(cut, axis=0) - own)
    # Whether the row counts; nan where h is, to be seen.
    counts = jnp.where(h > 0, 1, jnp.where(h <= 0, 0, jnp.nan)).astype(f.dtype)
    empty = jnp.zeros((0, f.shape[1]), f.dtype)  # the shape and dtype of the gradient
    return jnp.where(counts == 0, 0, h), (chosen, labels, counts, scale, empty)


def _backward(settings, kept, cotangent):
    chosen, labels, counts, scale, empty = kept
    species, axis = empty.shape[1], settings.species_axis_name
    slope = (counts * cotangent * scale).astype(empty.dtype)
    draws, rows = chosen.shape
    columns = ops.local_columns(
        jnp.concatenate([chosen, labels[None]]), species, axis_name=axis
    )
    parts = jnp.concatenate(
        [jnp.broadcast_to(slope[None] / draws, chosen.shape), -slope[None]]
    )
    row = jnp.broadcast_to(jnp.arange(rows)[None], columns.shape)
    gradient = jnp.zeros((rows, species), empty.dtype)
    gradient = gradient.at[row, columns].add(parts, mode="drop")
    return gradient, None, None, None, None, None, None


_hinge.defvjp(_forward, _backward)


def _cuts(
    settings, f, epsilon, words, noise
) -> tuple[Float[Array, "draws batch"], Int[Array, "draws batch"]]:
    """The (k+1)-th largest noised logit of each draw and example, and its species."""
    rows, species = f.shape
    wanted, axis = settings.k + 1, settings.species_axis_name
    draws = settings.num_samples
    if not rows:
        return jnp.zeros((draws, 0), f.dtype), jnp.zeros((draws, 0), jnp.int32)
    first_row = ops.first_column(rows, settings.batch_axis_name)
    first_species = ops.first_column(species, axis)
    tile = rows_of_tile(rows, species)

    def step(start):
        (scores,) = tile_of(start, tile, f)

        def one_draw(draw):
            if noise is None:
                z = random_normal(
                    jax.random.wrap_key_data(words),
                    (1, tile, species),
                    starts=(draw, first_row + start, first_species),
                )[0].astype(f.dtype)
            else:
                z = jax.lax.dynamic_slice_in_dim(noise[draw], start, tile)
            values, columns = shard_top_k(scores + epsilon * z, wanted, axis_name=axis)
            if axis is None:  # nothing to merge: the last one is the one
                values, columns = values[:, -1:], columns[:, -1:]
            return values, columns

        drawn = jax.lax.map(one_draw, jnp.arange(draws))
        return jax.tree.map(lambda part: jnp.swapaxes(part, 0, 1), drawn)

    parts = over_row_tiles(step, rows, tile)
    values, columns = jax.tree.map(lambda part: jnp.swapaxes(part, 0, 1), parts)
    values, columns = merge_top_k(values, columns, wanted, axis_name=axis)
    return values[..., -1], columns[..., -1]


def _typed(key):
    """A key of the new kind, of whichever kind it came."""
    if not hasattr(key, "dtype"):
        raise ValueError(
            f"stochastic_top_k_hinge: want a key of jax.random.key, got {key!r}."
        )
    if jnp.issubdtype(key.dtype, jax.dtypes.prng_key):
        return key
    return jax.random.wrap_key_data(key)
