"""Average-K: species sets whose size may differ, and is K on average.

Axes: `batch` rows (mesh axis "data") and `species` columns (mesh axis "species"). The
best sets of mean size K take every species above one cut of all probabilities (Denis
and Hebiri 2017, doi:10.1080/10485252.2016.1237635). The cut is that of the *global*
batch: name the axes over which it is sharded.
"""

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from jaxsdm import ops
from jaxsdm.losses import _checks, _species
from jaxsdm.losses.classification import softmax_cross_entropy
from jaxsdm.ops.arguments import whole_number

_RULES = ("exact", "threshold")
_REDUCTIONS = ("mean", "sum")


def two_head_average_k(
    logits: ArrayLike,
    set_logits: ArrayLike,
    labels: ArrayLike,
    *,
    k: int,
    weight: float = 1.0,
    pseudo_labels: str = "exact",
    positive_weight: float = 1.0,
    negative_weight: float = 1.0,
    species_reduction: str = "mean",
    threshold: ArrayLike | None = None,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""A softmax head, and a second that learns the average-K sets of the first.

    .. math::
        \ell_i = -\log \mathrm{softmax}(f_i)_{y_i} - \frac{\alpha}{C} \sum_c \left(
            w_+ t_{ic} \log \sigma(g_{ic}) + w_- (1 - t_{ic}) \log \sigma(-g_{ic})
        \right)

    with the pseudo-labels t of `average_k_pseudo_labels`, constants. The gradient of
    one head does not depend on the other's weights.

    Args:
      logits: `[batch, species]` float, `f`.
      set_logits: `[batch, species]` float, `g`; `sigmoid(g)` above a cut
        (`average_k_threshold` of a validation set) gives the set of a new place.
      labels: `[batch]` integer species numbers (of all species).
      k: mean size of the sets, from 1 to below the number of species.
      weight: `alpha >= 0`.
      pseudo_labels: `exact` or `threshold` (see `average_k_pseudo_labels`).
      positive_weight: `w_+ >= 0`.
      negative_weight: `w_- >= 0`.
      species_reduction: `mean` over species as above, or `sum`, without the 1/C.
      threshold: a probability to cut at in place of the batch's own, such as a
        `moving_threshold`; needs `pseudo_labels="threshold"`.
      where: `[batch]` bool, False for padding: loss 0, no gradient, not in the cut.
      batch_axis_name: the mapped axis that the batch is sharded over, if any.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree, k or a weight is out of range, an unknown name,
        or (outside `jit`) a label no species. TypeError: logits are not floating.

    References:
      Garcin et al. 2023, A two-head loss function for deep average-K classification,
      arXiv:2303.18118. Their weights and reduction are not public: hence the options.
    """
    function = "two_head_average_k"
    for name, value in (
        ("weight", weight),
        ("positive_weight", positive_weight),
        ("negative_weight", negative_weight),
    ):
        _species.number(function, name, value, 0)
    if species_reduction not in _REDUCTIONS:
        raise ValueError(
            f"{function}: unknown species_reduction {species_reduction!r}; known: "
            f"{', '.join(_REDUCTIONS)}."
        )
    if jnp.shape(logits) != jnp.shape(set_logits):
        raise ValueError(
            f"{function}: want logits and set_logits of one shape, got "
            f"{jnp.shape(logits)} and {jnp.shape(set_logits)}."
        )
    chosen = _pseudo_labels(
        function,
        logits,
        labels,
        k,
        ("pseudo_labels", pseudo_labels),
        threshold,
        where,
        batch_axis_name,
        species_axis_name,
    )
    g, _, keep = _checks.label_arguments(
        function, set_logits, labels, where, species_axis_name
    )
    terms = jnp.where(
        chosen,
        positive_weight * jax.nn.softplus(-g),
        negative_weight * jax.nn.softplus(g),
    )
    sets = ops.all_sum(jnp.sum(terms, axis=1), species_axis_name)
    if species_reduction == "mean":
        sets = sets / ops.all_columns(g.shape[1], species_axis_name)
    first = softmax_cross_entropy(
        logits, labels, where=where, species_axis_name=species_axis_name
    )
    return first + jnp.where(keep, weight * sets, 0)


def average_k_pseudo_labels(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    k: int,
    rule: str = "exact",
    threshold: ArrayLike | None = None,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Bool[Array, "batch species"]:
    """Sets of K species on average over the global batch, each with its true species.

    Args:
      logits: `[batch, species]` float, of a softmax over species.
      labels: `[batch]` integer species numbers (of all species).
      k: mean size of the sets, from 1 to below the number of species.
      rule: `exact`: the true species of the n examples and the `n (k - 1)` most
        probable others, `n k` in all, ties going to the first rows and columns; or
        `threshold`: all species from `average_k_threshold` on and the true one,
        between `n k` and `n (k + 1)` and more where probabilities are tied.
      threshold: a probability to cut at in place of the batch's own; needs
        `rule="threshold"`.
      where: `[batch]` bool, False for padding, which has no species.
      batch_axis_name: the mapped axis that the batch is sharded over, if any.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch, species]` bool, without gradient.

    Raises:
      ValueError: shapes do not agree, k is out of range, an unknown rule, or (outside
        `jit`) a label no species. TypeError: logits are not floating.

    References:
      Garcin et al. 2023, arXiv:2303.18118.
    """
    return _pseudo_labels(
        "average_k_pseudo_labels",
        logits,
        labels,
        k,
        ("rule", rule),
        threshold,
        where,
        batch_axis_name,
        species_axis_name,
    )


def average_k_threshold(
    scores: ArrayLike,
    k: int,
    *,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, ""]:
    """The score from which on K species a place are taken, on average.

    Midway between the (n k)-th and the next largest of all scores of n places. Taking
    every score `>=` it gives n k species in all, and more where scores are tied there.

    Args:
      scores: `[places, species]` float, comparable between places: probabilities.
      k: mean number of species, from 1 to below all of them.
      where: `[places]` bool, False for padding.
      batch_axis_name: the mapped axis that the places are sharded over, if any.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      One number without gradient, float32 (float64 for float64 input); nan if no place
      counts.

    Raises:
      ValueError: k is out of range or a shape is wrong. TypeError: scores are not
        floating.

    References:
      Denis and Hebiri 2017, doi:10.1080/10485252.2016.1237635; the midpoint as in the
      evaluation of Garcin et al. 2021, Pl@ntNet-300K.
    """
    function = "average_k_threshold"
    scores = jnp.asarray(scores)
    if scores.ndim != 2:
        raise ValueError(
            f"{function}: want scores [places, species], got {scores.shape}."
        )
    rows, columns = scores.shape
    k = _checked_k(function, k, ops.all_columns(columns, species_axis_name))
    keep = jnp.ones(rows, bool) if where is None else jnp.asarray(where, bool)
    if keep.shape != (rows,):
        raise ValueError(f"{function}: want where ({rows},), got {keep.shape}.")
    axes = tuple(n for n in (batch_axis_name, species_axis_name) if n is not None)
    number = k * _examples(keep, batch_axis_name)
    ends = ops.kth_and_next_largest(
        scores,
        jnp.maximum(number, 1),
        where=jnp.broadcast_to(keep[:, None], scores.shape),
        most=k * rows,
        axis_names=axes,
    )
    middle = 0.5 * (ends[0] + ends[1])
    # Neighbours in floating point have no number between them.
    middle = jnp.where(middle > ends[1], middle, ends[0])
    return jnp.where(number > 0, middle, jnp.nan)


def moving_threshold(
    previous: ArrayLike, current: ArrayLike, *, decay: float = 0.9
) -> Float[Array, ""]:
    r"""An exponential moving average of the batches' thresholds, for small batches.

    .. math:: \lambda_t = d \lambda_{t-1} + (1 - d) \lambda

    Args:
      previous: the average so far; nan at the beginning.
      current: `average_k_threshold` of this batch; nan (a batch of padding) leaves the
        average as it is.
      decay: weight d of the past, in [0, 1), known outside `jit`.

    Returns:
      The new average; the first threshold is taken whole.

    Raises:
      ValueError: decay is out of range.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"moving_threshold: want decay in [0, 1), got {decay}.")
    previous, current = jnp.asarray(previous), jnp.asarray(current)
    mixed = decay * previous + (1 - decay) * current
    mixed = jnp.where(jnp.isnan(current), previous, mixed)
    return jnp.where(jnp.isnan(previous), current, mixed)


def _pseudo_labels(
    function,
    logits,
    labels,
    k,
    named_rule,
    threshold,
    where,
    batch_axis_name,
    species_axis_name,
):
    f, y, keep = _checks.label_arguments(
        function, logits, labels, where, species_axis_name
    )
    rows, columns = f.shape
    k = _checked_k(function, k, ops.all_columns(columns, species_axis_name))
    argument, rule = named_rule
    if rule not in _RULES:
        raise ValueError(
            f"{function}: unknown {argument} {rule!r}; known: {', '.join(_RULES)}."
        )
    if threshold is not None and rule != "threshold":
        raise ValueError(f'{function}: a threshold needs {argument}="threshold".')
    f = jax.lax.stop_gradient(f)
    top, rest = ops.log_sum_exp_parts(f.T, axis_name=species_axis_name)
    log_p = (f - top[:, None]) - rest[:, None]
    true = _species.is_label(f, y, species_axis_name) & keep[:, None]
    axes = {"row_axis_name": batch_axis_name, "column_axis_name": species_axis_name}
    if rule == "exact":
        wanted = (k - 1) * _examples(keep, batch_axis_name)
        others = ops.largest_mask(
            log_p,
            wanted,
            where=keep[:, None] & ~true,
            most=max((k - 1) * rows, 1),
            **axes,
        )
        return others | true
    p = jnp.exp(log_p)
    if threshold is None:
        threshold = average_k_threshold(
            p,
            k,
            where=keep,
            batch_axis_name=batch_axis_name,
            species_axis_name=species_axis_name,
        )
    cut = jax.lax.stop_gradient(jnp.asarray(threshold, p.dtype))
    return keep[:, None] & (p >= cut) | true


def _checked_k(function, k, species):
    k = whole_number(function, "k", k)
    if not 1 <= k < species:
        raise ValueError(
            f"{function}: want k from 1 to below the {species} species, got k={k}."
        )
    return k


def _examples(keep, axis_name):
    number = jnp.sum(keep, dtype=jnp.int32)
    return number if axis_name is None else jax.lax.psum(number, axis_name)
