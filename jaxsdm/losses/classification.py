"""Losses that treat a site as one example with labels for every species.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species").
One value per example, unreduced. An example is a row of its own, so sharding the
batch needs no axis name; the softmax and the mean over species do.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm import ops
from jaxsdm.losses import _checks


def softmax_cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Cross-entropy with a softmax over species.

    .. math:: \ell_i = -\sum_c y_{ic} \log \frac{e^{f_{ic}}}{\sum_d e^{f_{id}}}

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]`, `>= 0`: one-hot, several-hot or counts; not
        normalised, so that a site with three records weighs three times one.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree. TypeError: `logits` is not floating.

    References:
      As compared in Ryckewaert et al. 2024, arXiv:2412.19217.
    """
    f, y, _, _ = _checks.site_arguments(
        "softmax_cross_entropy", logits, targets, where, None
    )
    partition = ops.log_sum_exp_parts(f.T, axis_name=species_axis_name)
    return _checks.surprise(f, y, partition, axis=1, axis_name=species_axis_name)


def binary_cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Binary cross-entropy, averaged over species.

    .. math::
        \ell_i = -\frac1C \sum_c y_{ic} \log \sigma(f_{ic})
                 + (1 - y_{ic}) \log \sigma(-f_{ic})

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]` in [0, 1]; presence-only counts must be cut to 1
        before (`counts > 0`), a site without a record counting as an absence.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree. TypeError: `logits` is not floating.

    References:
      As compared in Ryckewaert et al. 2024, arXiv:2412.19217.
    """
    f, y, keep, _ = _checks.site_arguments(
        "binary_cross_entropy", logits, targets, where, None
    )
    terms = jax.nn.softplus(f) - y * f
    # The number of species as a sum over shards; without an axis it is a constant.
    one_each = jnp.sum(jnp.zeros_like(f[:1]) + 1.0)
    number = ops.all_sum(one_each, species_axis_name)
    mean = ops.all_sum(jnp.sum(terms, axis=-1), species_axis_name) / number
    return jnp.where(keep, mean, 0.0)
