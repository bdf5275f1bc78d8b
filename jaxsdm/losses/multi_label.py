"""One yes or no a species: losses of sigmoids, each species on its own.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species").
One value per example, unreduced, mean over species (so that it does not grow with
their number). An example is a row of its own, so sharding the batch needs no axis
name; the mean over species does.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from jaxsdm import ops
from jaxsdm.losses import _checks, _species


def binary_cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    where: ArrayLike | None = None,
    entries: ArrayLike | None = None,
    positive_weights: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Binary cross-entropy, averaged over species.

    .. math::
        \ell_i = -\frac1C \sum_c w_c y_{ic} \log \sigma(f_{ic})
                 + (1 - y_{ic}) \log \sigma(-f_{ic})

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]` in [0, 1], soft ones too; presence-only counts must
        be cut to 1 before (`counts > 0`), a site without a record counting as an
        absence.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      entries: `[batch, species]` bool, False where it is not known whether the species
        is there (see `ignore_band_pseudo_labels`); the mean is over the others, 0
        where there are none. All by default.
      positive_weights: a number, or `[species]` of all species, `w >= 0`; 1 by
        default.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree or a weight is negative. TypeError: `logits` is
        not floating.

    References:
      As compared in Ryckewaert et al. 2024, arXiv:2412.19217.
    """
    function = "binary_cross_entropy"
    known = None
    if entries is not None:
        known = jnp.asarray(entries)
        if known.shape != jnp.shape(logits) or known.shape != jnp.shape(targets):
            raise ValueError(
                f"{function}: want entries of the shape of logits and targets, got "
                f"{known.shape}, {jnp.shape(logits)} and {jnp.shape(targets)}."
            )
        known = known.astype(bool)
        logits, targets = jnp.where(known, logits, 0), jnp.where(known, targets, 0)
    f, y, keep, _ = _checks.site_arguments(
        function, logits, targets, where, None, highest=1
    )
    if positive_weights is None:
        terms = jax.nn.softplus(f) - y * f
    else:
        weights = positive_weights
        if jnp.ndim(weights) == 0:
            weights = jnp.broadcast_to(
                jnp.asarray(weights), ops.all_columns(f.shape[1], species_axis_name)
            )
        weights = _species.species_vector(
            function, "positive_weights", weights, f, species_axis_name, low=0
        )
        own = _species.own_part(weights, f.shape[1], species_axis_name)
        terms = own[None] * y * jax.nn.softplus(-f) + (1 - y) * jax.nn.softplus(f)
    return _mean_over_species(terms, keep, species_axis_name, known)


def asymmetric(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    gamma_positive: float = 0.0,
    gamma_negative: float = 4.0,
    clip: float = 0.05,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Asymmetric loss: easy absences count little, the easiest not at all.

    .. math::
        \ell_i = -\frac1C \sum_c y_{ic} (1 - p_{ic})^{\gamma_+} \log p_{ic}
            + (1 - y_{ic}) \bar p_{ic}^{\gamma_-} \log(1 - \bar p_{ic}),
        \qquad p = \sigma(f), \; \bar p = \max(p - m, 0)

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]` in [0, 1].
      gamma_positive: `>= 0`.
      gamma_negative: `>= 0`.
      clip: the shift m in [0, 1): an absence of a lower probability costs nothing.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input), the mean over species.

    Raises:
      ValueError: shapes do not agree or a number is out of range. TypeError: `logits`
        is not floating.

    References:
      Ridnik et al. 2021, arXiv:2009.14119. Their code sums over species and batch, and
      can hold the focusing factors constant in the gradient; here it is that of the
      formula.
    """
    _species.number("asymmetric", "gamma_positive", gamma_positive, 0)
    _species.number("asymmetric", "gamma_negative", gamma_negative, 0)
    if not 0 <= clip < 1:
        raise ValueError(f"asymmetric: want clip in [0, 1), got {clip}.")
    f, y, keep, _ = _checks.site_arguments(
        "asymmetric", logits, targets, where, None, highest=1
    )
    positive = _focused(f, gamma_positive)
    if clip == 0:
        negative = _focused(-f, gamma_negative)
    else:
        above = jax.nn.sigmoid(f) - clip
        counted = above > 0
        # A power has no finite slope at 0: where nothing counts it is that of 1.
        probability = jnp.where(counted, above, 1)
        absent = jnp.where(counted, jax.nn.sigmoid(-f) + clip, 1)
        focus = jnp.exp(gamma_negative * jnp.log(probability))
        negative = jnp.where(counted, -focus * jnp.log(absent), 0)
    terms = y * positive + (1 - y) * negative
    return _mean_over_species(terms, keep, species_axis_name)


def hill(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    lamb: float = 1.5,
    margin: float = 1.0,
    gamma: float = 2.0,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Hill loss: absences that look like presences are doubted, not pushed down.

    .. math::
        \ell_i = \frac1C \sum_c -y_{ic} (1 - \sigma(f_{ic} - m))^\gamma
            \log \sigma(f_{ic} - m) + (1 - y_{ic}) (\lambda - p_{ic}) p_{ic}^2,
        \qquad p = \sigma(f)

    With `lamb` 1.5 the gradient of an absence falls to 0 as p goes to 1: it is taken
    for a presence that nobody recorded.

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]` in [0, 1].
      lamb: the lambda of the formula.
      margin: the shift m of the logits of presences.
      gamma: `>= 0`, focusing power of presences.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` float32 (float64 for float64 input), the mean over species.

    Raises:
      ValueError: shapes do not agree or `gamma` is negative. TypeError: `logits` is
        not floating.

    References:
      Zhang et al. 2021, arXiv:2112.07368, with the focal margin of their code
      (defaults: lambda 1.5, margin 1, gamma 2); it sums over species and batch.
    """
    _species.number("hill", "gamma", gamma, 0)
    f, y, keep, _ = _checks.site_arguments(
        "hill", logits, targets, where, None, highest=1
    )
    probability = jax.nn.sigmoid(f)
    negative = (lamb - probability) * probability**2
    terms = y * _focused(f - margin, gamma) + (1 - y) * negative
    return _mean_over_species(terms, keep, species_axis_name)


def sigmoid_f1(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""One minus a smooth F1 score of the set of species of an example.

    .. math::
        \ell_i = 1 - \frac{2 \sum_c s_{ic} y_{ic}}{\sum_c s_{ic} + \sum_c y_{ic}},
        \qquad s_{ic} = \sigma(\beta (f_{ic} + \eta))

    The authors take the F1 of a species over the batch; the transposed tables give that
    form: `sigmoid_f1(logits.T, targets.T)` is one value a species. Here it is the F1 of
    an example over the species, the sample-averaged F1 of the GeoLifeCLEF challenges,
    which does not depend on the batch.

    Args:
      logits: `[batch, species]` float.
      targets: `[batch, species]` in [0, 1].
      scale: the slope beta `> 0` of the sigmoid.
      offset: the shift eta of the logits.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` in [0, 1], float32 (float64 for float64 input); 1, without gradient,
      for an example without species.

    Raises:
      ValueError: shapes do not agree or `scale` is not positive. TypeError: `logits`
        is not floating.

    References:
      Bénédict et al. 2021, arXiv:2108.10566.
    """
    _species.number("sigmoid_f1", "scale", scale, _species.TINY)
    f, y, keep, _ = _checks.site_arguments(
        "sigmoid_f1", logits, targets, where, None, highest=1
    )
    soft = jax.nn.sigmoid(scale * (f + offset))
    both = ops.all_sum(jnp.sum(soft * y, axis=1), species_axis_name)
    either = ops.all_sum(jnp.sum(soft + y, axis=1), species_axis_name)
    some = either > 0
    score = jnp.where(some, 2 * both / jnp.where(some, either, 1), 0)
    return jnp.where(keep, 1 - score, 0)


def _focused(
    logits: Float[Array, "batch species"], gamma: ArrayLike
) -> Float[Array, "batch species"]:
    """`-(1 - p)^gamma log p` of `p = sigmoid(logits)`, with a finite gradient."""
    doubt = jnp.exp(gamma * jax.nn.log_sigmoid(-logits))
    return doubt * jax.nn.softplus(-logits)


def _mean_over_species(
    terms: Float[Array, "batch species"],
    keep: Bool[Array, " batch"],
    axis_name: str | None,
    entries: Bool[Array, "batch species"] | None = None,
) -> Float[Array, " batch"]:
    if entries is None:
        number = ops.all_columns(terms.shape[1], axis_name)
        mean = ops.all_sum(jnp.sum(terms, axis=1), axis_name) / number
    else:
        terms = jnp.where(entries, terms, 0)
        counted = ops.all_sum(jnp.sum(entries.astype(terms.dtype), axis=1), axis_name)
        mean = ops.all_sum(jnp.sum(terms, axis=1), axis_name)
        mean = mean / jnp.maximum(counted, 1)
    return jnp.where(keep, mean, 0)
