"""Losses for presences without absences: weighted, normalised, regularised.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species").
One value per example, unreduced. Losses that assume absences for single records are in
`assume_negative`, those that normalise over sites in `point_process`.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from jaxsdm import ops
from jaxsdm.losses import _checks, _species


def full_weighted(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    background_logits: ArrayLike,
    prevalence: ArrayLike,
    presence_weight: float = 1.0,
    target_group_weight: float = 0.8,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Full weighted loss: presences, target-group absences and random background.

    .. math::
        \ell_i = -\frac1C \sum_c \lambda_1 \frac{y_{ic}}{\pi_c} \log p_{ic}
            + \lambda_2 \frac{1 - y_{ic}}{1 - \pi_c} \log(1 - p_{ic})
            + (1 - \lambda_2) \log(1 - q_{ic})

    with :math:`p = \sigma(f)` at the records and :math:`q` at random places. The weight
    of the paper is :math:`w_c = 1 / \pi_c`, sites over presences.

    Args:
      logits: `[batch, species]` float, at sites with records (of any species).
      targets: `[batch, species]`, 1 where the species was recorded, 0 elsewhere.
      background_logits: `[batch, species]` float, at random places, as many as sites.
      prevalence: `[species]` of all species: the share pi, in [0, 1), of the training
        sites that have the species; 0 for one that is never recorded.
      presence_weight: lambda 1.
      target_group_weight: lambda 2 in [0, 1]; the background gets the rest.
      where: `[batch]` bool, False for padding: loss 0 and no gradient, the background
        of the row included.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input), the mean over species.

    Raises:
      ValueError: shapes do not agree or a number is out of range. TypeError: logits
        are not floating.

    References:
      Zbinden et al. 2024, arXiv:2401.02989 (lambda 1 and 0.8).
    """
    function = "full_weighted"
    _species.number(function, "presence_weight", presence_weight, 0)
    _species.number(function, "target_group_weight", target_group_weight, 0, 1)
    f, y, keep, _ = _checks.site_arguments(
        function, logits, targets, where, None, highest=1
    )
    g, _, _, _ = _checks.site_arguments(function, background_logits, y, where, None)
    shares = _species.species_vector(
        function, "prevalence", prevalence, f, species_axis_name, low=0
    )
    if not isinstance(prevalence, jax.core.Tracer) and np.max(prevalence) >= 1:
        raise ValueError(
            f"{function}: want prevalence below 1, got {np.max(prevalence)}."
        )
    share = _species.own_part(shares, f.shape[1], species_axis_name)
    recorded = share > 0
    weight = jnp.where(recorded, 1 / jnp.where(recorded, share, 1), 0)
    present = presence_weight * y * weight[None] * jax.nn.softplus(-f)
    group = target_group_weight * (1 - y) / (1 - share)[None] * jax.nn.softplus(f)
    random = (1 - target_group_weight) * jax.nn.softplus(g)
    total = ops.all_sum(jnp.sum(present + group + random, axis=1), species_axis_name)
    return jnp.where(keep, total / ops.all_columns(f.shape[1], species_axis_name), 0)


def presence_only_cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Softmax cross-entropy, averaged over the presences of an example.

    .. math:: \ell_i = -\frac{1}{\sum_c y_{ic}} \sum_c y_{ic} \log
        \frac{e^{f_{ic}}}{\sum_d e^{f_{id}}}

    `softmax_cross_entropy` without the division: there a site with many species weighs
    more, here all sites weigh the same.

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]`, `>= 0`.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input); 0 without presences.

    Raises:
      ValueError: shapes do not agree. TypeError: `logits` is not floating.

    References:
      Gillespie et al. 2024, Deepbiosphere, doi:10.1073/pnas.2318296121.
    """
    f, y, _, _ = _checks.site_arguments(
        "presence_only_cross_entropy", logits, targets, where, None
    )
    total = ops.all_sum(jnp.sum(y, axis=1), species_axis_name)
    some = total > 0
    y = y / jnp.where(some, total, 1)[:, None]
    partition = ops.log_sum_exp_parts(f.T, axis_name=species_axis_name)
    return _checks.surprise(f, y, partition, axis=1, axis_name=species_axis_name)


def expected_positive_regularization(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    expected_positives: float,
    weight: float = 1.0,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Cross-entropy of presences alone, with a known mean number of species.

    .. math::
        \ell_i = -\frac1C \sum_c y_{ic} \log \sigma(f_{ic})
            + \lambda \left( \frac{\hat k - k}{C} \right)^2,
        \qquad \hat k = \frac1B \sum_{ic} \sigma(f_{ic})

    Nothing is assumed absent; the second term, the same for every example, keeps the
    model from predicting all species everywhere.

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]` in [0, 1], 1 for a recorded presence.
      expected_positives: k `>= 0`, species that an example has on average.
      weight: lambda `>= 0`.
      where: `[batch]` bool, False for padding: loss 0, no gradient, and not among the
        B examples of the mean.
      batch_axis_name: the mapped axis that the batch is sharded over, if any: the mean
        is over the global batch.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree or a number is negative. TypeError: `logits` is
        not floating.

    References:
      Cole et al. 2021, arXiv:2106.09708 (EPR).
    """
    function = "expected_positive_regularization"
    _species.number(function, "expected_positives", expected_positives, 0)
    _species.number(function, "weight", weight, 0)
    f, y, keep, _ = _checks.site_arguments(
        function, logits, targets, where, None, highest=1
    )
    species = ops.all_columns(f.shape[1], species_axis_name)
    presences = ops.all_sum(jnp.sum(y * jax.nn.softplus(-f), axis=1), species_axis_name)
    expected = ops.all_sum(jnp.sum(jax.nn.sigmoid(f), axis=1), species_axis_name)
    total = _sum_for_all_rows(jnp.sum(jnp.where(keep, expected, 0)), batch_axis_name)
    rows = _sum_for_all_rows(jnp.sum(keep.astype(f.dtype)), batch_axis_name)
    mean = total / jnp.maximum(rows, 1)
    penalty = weight * ((mean - expected_positives) / species) ** 2
    return jnp.where(keep, presences / species + penalty, 0)


def ignore_band_pseudo_labels(
    probabilities: ArrayLike,
    *,
    low: float,
    high: float,
    observed: ArrayLike | None = None,
) -> tuple[Bool[Array, "batch species"], Bool[Array, "batch species"]]:
    """Presences and absences that a teacher is sure of, and which entries those are.

    Above `high` is a presence, below `low` an absence; what lies between is ignored. An
    observed presence is one whatever the teacher says. For
    `binary_cross_entropy(logits, targets, entries=entries)`.

    Args:
      probabilities: `[batch, species]` float, of the teacher; without gradient.
      low: in [0, 1], at most `high`.
      high: in [0, 1].
      observed: `[batch, species]`, positive where the species was recorded.

    Returns:
      `targets` and `entries`, both `[batch, species]` bool; entries that are False are
      neither presence nor absence. A nan is ignored.

    Raises:
      ValueError: the band is none or shapes do not agree.

    References:
      As in the second best entry of GeoLifeCLEF 2024 (0.05 and 0.4).
    """
    function = "ignore_band_pseudo_labels"
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"{function}: want 0 <= low <= high <= 1, got low {low} and high {high}."
        )
    scores = jnp.asarray(probabilities)
    if scores.ndim != 2:
        raise ValueError(
            f"{function}: want probabilities [batch, species], got {scores.shape}."
        )
    targets = scores > high
    if observed is not None:
        recorded = jnp.asarray(observed)
        if recorded.shape != scores.shape:
            raise ValueError(
                f"{function}: want observed of shape {scores.shape}, got "
                f"{recorded.shape}."
            )
        targets = targets | (recorded > 0)
    return targets, targets | (scores < low)


def _sum_for_all_rows(x: Float[Array, ""], axis_name: str | None) -> Float[Array, ""]:
    """Sum over the shards of the batch, of a value that enters the loss of every row.

    Unlike after `ops.all_sum`, each shard has a cotangent of its own, from its own
    rows, and they add up: what the transpose of `psum` does.
    """
    return x if axis_name is None else jax.lax.psum(x, axis_name)
