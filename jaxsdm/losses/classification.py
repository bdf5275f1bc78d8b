"""The softmax over species: a site is one draw, or a few, among the species.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species").
One value per example, unreduced. An example is a row of its own, so sharding the
batch needs no axis name; the softmax does.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from jaxsdm import ops
from jaxsdm.losses import _checks, _species
from jaxsdm.losses.multi_label import binary_cross_entropy

__all__ = ["binary_cross_entropy", "softmax_cross_entropy"]


def softmax_cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    where: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    class_weights: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Cross-entropy with a softmax over species.

    .. math::
        \ell_i = -\sum_c w_c \tilde y_{ic} \log \frac{e^{f_{ic}}}{\sum_d e^{f_{id}}},
        \qquad \tilde y_{ic} = (1 - \alpha) y_{ic} + \frac{\alpha}{C} \sum_d y_{id}

    Args:
      logits: `[batch, species]` float.
      targets: `[batch]` integer species numbers (of all species), for which no
        one-hot table is made; or `[batch, species]`, `>= 0`: one-hot, several-hot or
        counts; not normalised, so that a site with three records weighs three times
        one.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      label_smoothing: the share alpha in [0, 1] of a label that is spread evenly over
        all species.
      class_weights: `[species]` weights `w >= 0` of all species (also under species
        sharding), 1 by default; they multiply the terms and are not normalised.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree, `label_smoothing` is not in [0, 1], a weight is
        negative or (outside `jit`) a label no species. TypeError: `logits` is not
        floating.

    References:
      As compared in Ryckewaert et al. 2024, arXiv:2412.19217. Label smoothing: Szegedy
      et al. 2016, arXiv:1512.00567.
    """
    function = "softmax_cross_entropy"
    _species.number(function, "label_smoothing", label_smoothing, 0, 1)
    settings = label_smoothing, class_weights, species_axis_name
    if jnp.ndim(targets) == 1:
        f, labels, keep = _checks.label_arguments(
            function, logits, targets, where, species_axis_name
        )
        loss = _of_labels(f, labels, *settings)
        return _checks.of_rows(loss, labels, keep)
    f, y, _, _ = _checks.site_arguments(function, logits, targets, where, None)
    return _of_targets(f, y, *settings)


def _of_labels(
    f: Float[Array, "batch species"],
    labels: Int[Array, " batch"],
    label_smoothing: float,
    class_weights: ArrayLike | None,
    axis: str | None,
) -> Float[Array, " batch"]:
    loss = jax.nn.softplus(_species.log_odds_against(f, labels, axis))
    own = jnp.ones(f.shape[1], f.dtype)
    if class_weights is not None:
        weights = _weights(class_weights, f, axis)
        loss = loss * weights[labels]
        own = _species.own_part(weights, f.shape[1], axis)
    if _is_zero(label_smoothing):
        return loss
    everywhere = jnp.zeros_like(f) + own[None]
    spread = _surprise(f, everywhere, axis) / ops.all_columns(f.shape[1], axis)
    return (1 - label_smoothing) * loss + label_smoothing * spread


def _of_targets(
    f: Float[Array, "batch species"],
    y: Float[Array, "batch species"],
    label_smoothing: float,
    class_weights: ArrayLike | None,
    axis: str | None,
) -> Float[Array, " batch"]:
    if not _is_zero(label_smoothing):
        total = ops.all_sum(jnp.sum(y, axis=1), axis)
        spread = total / ops.all_columns(f.shape[1], axis)
        y = (1 - label_smoothing) * y + label_smoothing * spread[:, None]
    if class_weights is not None:
        weights = _weights(class_weights, f, axis)
        y = y * _species.own_part(weights, f.shape[1], axis)[None]
    return _surprise(f, y, axis)


def _surprise(
    f: Float[Array, "batch species"],
    y: Float[Array, "batch species"],
    axis: str | None,
) -> Float[Array, " batch"]:
    partition = ops.log_sum_exp_parts(f.T, axis_name=axis)
    return _checks.surprise(f, y, partition, axis=1, axis_name=axis)


def _weights(
    class_weights: ArrayLike, f: Float[Array, "batch species"], axis: str | None
) -> Float[Array, " all_species"]:
    return _species.species_vector(
        "softmax_cross_entropy", "class_weights", class_weights, f, axis, low=0
    )


def _is_zero(label_smoothing: float) -> bool:
    known = not isinstance(label_smoothing, jax.core.Tracer)
    return known and label_smoothing == 0
