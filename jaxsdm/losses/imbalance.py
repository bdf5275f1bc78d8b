"""Softmax losses for heavy tails: focal, LDAM, logit adjustment, class weights.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species").
One label an example, one value an example, unreduced. What is given per species
(weights, margins, priors) is `[species]` of *all* species, also where the logits are a
shard of them. All build on the log odds against the label, so that nothing is lost
where the label is all but certain.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm.losses import _checks, _species


def focal(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    gamma: float = 2.0,
    class_weights: ArrayLike | None = None,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Softmax focal loss: certain examples count less.

    .. math:: \ell_i = -w_{y_i} (1 - p_{iy_i})^\gamma \log p_{iy_i}

    Args:
      logits: `[batch, species]` float.
      labels: `[batch]` integer species numbers (of all species).
      gamma: `>= 0`; 0 is the cross-entropy.
      class_weights: `[species]` weights `w >= 0` of all species, 1 by default.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree, `gamma` or a weight is negative or (outside
        `jit`) a label no species. TypeError: `logits` is not floating or `labels` not
        integer.

    References:
      Lin et al. 2017, arXiv:1708.02002, there with sigmoids; with a softmax as compared
      in Garcin et al. 2022, arXiv:2202.02193.
    """
    _species.number("focal", "gamma", gamma, 0)
    f, y, keep = _checks.label_arguments(
        "focal", logits, labels, where, species_axis_name
    )
    against = _species.log_odds_against(f, y, species_axis_name)
    # (1 - p)^gamma from its logarithm: its gradient has no 0 x inf at p = 1.
    doubt = jnp.exp(gamma * jax.nn.log_sigmoid(against))
    loss = doubt * jax.nn.softplus(against)
    if class_weights is not None:
        weights = _species.species_vector(
            "focal", "class_weights", class_weights, f, species_axis_name, low=0
        )
        loss = weights[y] * loss
    return _checks.of_rows(loss, y, keep)


def ldam(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    margins: ArrayLike,
    scale: float = 30.0,
    class_weights: ArrayLike | None = None,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Label-distribution-aware margin loss: the rarer the label, the wider its margin.

    .. math::
        \ell_i = -w_{y_i} \log \frac{e^{s (f_{iy_i} - m_{y_i})}}
            {e^{s (f_{iy_i} - m_{y_i})} + \sum_{c \ne y_i} e^{s f_{ic}}}

    Args:
      logits: `[batch, species]` float; meant for cosines, of a normed head.
      labels: `[batch]` integer species numbers (of all species).
      margins: `[species]` margins `m >= 0` of all species; published as proportional
        to the number of records to the power -1/4, the largest 0.5.
      scale: `s > 0`, the inverse temperature; 30 in the authors' code (LDAM-DRW).
      class_weights: `[species]` weights `w >= 0` of all species, 1 by default.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree, `scale`, a margin or a weight is negative or
        (outside `jit`) a label no species. TypeError: `logits` is not floating or
        `labels` not integer.

    References:
      Cao et al. 2019, arXiv:1906.07413.
    """
    _species.number("ldam", "scale", scale, _species.TINY)
    f, y, keep = _checks.label_arguments(
        "ldam", logits, labels, where, species_axis_name
    )
    margin = _species.species_vector(
        "ldam", "margins", margins, f, species_axis_name, low=0
    )
    against = _species.log_odds_against(scale * f, y, species_axis_name)
    loss = jax.nn.softplus(against + scale * margin[y])
    if class_weights is not None:
        weights = _species.species_vector(
            "ldam", "class_weights", class_weights, f, species_axis_name, low=0
        )
        loss = weights[y] * loss
    return _checks.of_rows(loss, y, keep)


def logit_adjusted(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    class_priors: ArrayLike,
    tau: float = 1.0,
    class_weights: ArrayLike | None = None,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Cross-entropy of logits shifted by the log prior: fit for the balanced error.

    .. math::
        \ell_i = -w_{y_i} \log \frac{\pi_{y_i}^\tau e^{f_{iy_i}}}
            {\sum_c \pi_c^\tau e^{f_{ic}}}

    The model then need not learn how common a species is: its own logits rank the
    species as if all were equally common.

    Args:
      logits: `[batch, species]` float.
      labels: `[batch]` integer species numbers (of all species).
      class_priors: `[species]`, of all species, `> 0`: shares of the training records,
        or their numbers (a common factor changes nothing).
      tau: strength of the adjustment, `>= 0`; 0 is the cross-entropy.
      class_weights: `[species]` weights `w >= 0` of all species, 1 by default.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree, `tau` is negative, a prior is not positive, a
        weight negative or (outside `jit`) a label no species. TypeError: `logits` is
        not floating or `labels` not integer.

    References:
      Menon et al. 2021, arXiv:2007.07314.
    """
    _species.number("logit_adjusted", "tau", tau, 0)
    f, y, keep = _checks.label_arguments(
        "logit_adjusted", logits, labels, where, species_axis_name
    )
    priors = _species.species_vector(
        "logit_adjusted",
        "class_priors",
        class_priors,
        f,
        species_axis_name,
        low=_species.TINY,
    )
    shift = tau * jnp.log(_species.own_part(priors, f.shape[1], species_axis_name))
    against = _species.log_odds_against(f + shift[None], y, species_axis_name)
    loss = jax.nn.softplus(against)
    if class_weights is not None:
        weights = _species.species_vector(
            "logit_adjusted",
            "class_weights",
            class_weights,
            f,
            species_axis_name,
            low=0,
        )
        loss = weights[y] * loss
    return _checks.of_rows(loss, y, keep)


def class_balanced_weights(
    class_counts: ArrayLike, *, beta: float = 0.999
) -> Float[Array, " species"]:
    r"""Weights by the effective number of records of each class.

    .. math:: w_c \propto \frac{1 - \beta}{1 - \beta^{n_c}}

    Args:
      class_counts: `[species]` training records, `>= 0`.
      beta: in [0, 1): 0 gives equal weights, the limit 1 the inverse frequency.

    Returns:
      `[species]` float32, of mean 1 over the classes with records; 0 for those
      without, which are never a label.

    Raises:
      ValueError: `beta` is not in [0, 1), or a count is negative.

    References:
      Cui et al. 2019, arXiv:1901.05555.
    """
    if not 0 <= beta < 1:
        raise ValueError(f"class_balanced_weights: want beta in [0, 1), got {beta}.")
    counts = _counts("class_balanced_weights", class_counts)
    # 1 - beta^n without cancellation; beta = 0 has no logarithm, and one effective
    # record a class.
    if beta == 0:
        effective = jnp.ones_like(counts)
    else:
        effective = -jnp.expm1(counts * np.log(beta)) / (1 - beta)
    return _mean_one_inverse(counts, effective)


def inverse_frequency_weights(class_counts: ArrayLike) -> Float[Array, " species"]:
    r"""Weights that are inverse to the number of records of each class.

    .. math:: w_c \propto \frac{1}{n_c}

    Args:
      class_counts: `[species]` training records, `>= 0`.

    Returns:
      `[species]` float32, of mean 1 over the classes with records; 0 for those
      without.

    Raises:
      ValueError: a count is negative.
    """
    counts = _counts("inverse_frequency_weights", class_counts)
    return _mean_one_inverse(counts, counts)


def _counts(function: str, class_counts: ArrayLike) -> Float[Array, " species"]:
    if jnp.ndim(class_counts) != 1:
        raise ValueError(
            f"{function}: want class_counts [species], got {jnp.shape(class_counts)}."
        )
    if not isinstance(class_counts, jax.core.Tracer):
        known = np.asarray(class_counts)
        bad = np.flatnonzero(~(known >= 0))
        if len(bad):
            raise ValueError(
                f"{function}: want class_counts >= 0, got class_counts[{bad[0]}] = "
                f"{known[bad[0]]}."
            )
    return jnp.asarray(class_counts, jnp.float32)


def _mean_one_inverse(
    counts: Float[Array, " species"], size: Float[Array, " species"]
) -> Float[Array, " species"]:
    present = counts > 0
    inverse = jnp.where(present, 1 / jnp.where(present, size, 1), 0)
    return inverse * jnp.sum(present) / jnp.maximum(jnp.sum(inverse), 1e-30)
