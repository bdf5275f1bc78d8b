"""Single records as positives, what was not recorded as absences (SINR).

Axes: `batch` rows (mesh axis "data"), one record each, and `species` columns (mesh axis
"species"). One value per example, unreduced, of which the mean over the batch is the
published loss. Three sets of assumed absences: every other species here and every
species at a random place ("full"); one random other species here ("slds": same
location, different species); the same species at a random place ("ssdl").

The two cheap forms need two logits an example. `assume_negative_slds_from_features` and
`assume_negative_ssdl_from_features` compute just those, from features and the kernel of
the head, and never make the table `[batch, species]`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int

from jaxsdm import ops
from jaxsdm.losses import _checks, _species

_FORMS = ("full", "slds", "ssdl")


def assume_negative(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    background_logits: ArrayLike | None = None,
    form: str = "full",
    key: Array | None = None,
    other_labels: ArrayLike | None = None,
    positive_weight: float = 2048.0,
    maximize_entropy: bool = False,
    eps: float = 0.0,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Binary cross-entropy of records against assumed absences.

    With :math:`l(p) = -\log(p + \epsilon)`, :math:`p_{ic} = \sigma(f_{ic})`, the label
    :math:`y_i` and :math:`q` the probabilities at random places,

    .. math::
        \text{full:} \quad & \frac1C \Big( \lambda l(p_{iy_i})
            + \sum_{c \ne y_i} l(1 - p_{ic}) + \sum_c l(1 - q_{ic}) \Big) \\
        \text{slds:} \quad & l(p_{iy_i}) + l(1 - p_{is_i}), \quad s_i \ne y_i
            \text{ at random} \\
        \text{ssdl:} \quad & l(p_{iy_i}) + l(1 - q_{iy_i})

    Args:
      logits: `[batch, species]` float, at the records.
      labels: `[batch]` integer: the recorded species (number among all species).
      background_logits: `[batch, species]` float, at random places, a place a record;
        needed by "full" and "ssdl".
      form: "full", "slds" or "ssdl".
      key: for "slds", from which `other_species` draws the other species.
      other_labels: `[batch]` integer: the other species of "slds" instead of a key.
      positive_weight: lambda of "full", 2048 as published; the others have none.
      maximize_entropy: whether each term `l(1 - p)` becomes minus the entropy
        `p l(p) + (1 - p) l(1 - p)`: what was not recorded is uncertain, not absent.
      eps: 0 takes the logarithms of the logits, exact however sure the model is; 1e-5
        is the published code, of which the loss ends at 11.5 and the gradient
        vanishes where the model is surely wrong.
      where: `[batch]` bool, False for padding: loss 0 and no gradient, the background
        of the row included.
      batch_axis_name: the mapped axis that the batch is sharded over, if any; used
        for the draw of "slds", which then does not depend on the mesh.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError: the form is unknown or lacks what it needs, shapes do not agree, a
        number is negative or (outside `jit`) a label no species. TypeError: logits are
        not floating or labels not integer.

    References:
      Cole et al. 2023, SINR, arXiv:2306.02564; maximum entropy after Zhou et al. 2022,
      arXiv:2203.16219.
    """
    function, axis = "assume_negative", species_axis_name
    if form not in _FORMS:
        raise ValueError(f"{function}: want form one of {_FORMS}, got {form!r}.")
    _species.number(function, "positive_weight", positive_weight, 0)
    negative = _negative(function, maximize_entropy, eps)
    f, y, keep = _checks.label_arguments(function, logits, labels, where, axis)
    positive = _presence(ops.take_columns(f, y, axis_name=axis), eps)
    if form == "slds":
        other = _other(
            function,
            y,
            key,
            other_labels,
            keep,
            ops.all_columns(f.shape[1], axis),
            batch_axis_name,
        )
        absent = negative(ops.take_columns(f, other, axis_name=axis))
        return _checks.of_rows(positive + absent, y, keep)
    if background_logits is None:
        raise ValueError(
            f"{function}: form {form!r} needs background_logits, got None."
        )
    g, _, _, _ = _checks.site_arguments(
        function, background_logits, jnp.zeros_like(f), where, None
    )
    g = g.astype(f.dtype)
    if form == "ssdl":
        absent = negative(ops.take_columns(g, y, axis_name=axis))
        return _checks.of_rows(positive + absent, y, keep)
    own = _species.is_label(f, y, axis)
    terms = jnp.where(own, 0, negative(f)) + negative(g)
    total = positive_weight * positive + ops.all_sum(jnp.sum(terms, axis=1), axis)
    return _checks.of_rows(total / ops.all_columns(f.shape[1], axis), y, keep)


def assume_negative_slds_from_features(
    features: ArrayLike,
    kernel: ArrayLike,
    labels: ArrayLike,
    *,
    key: Array | None = None,
    other_labels: ArrayLike | None = None,
    maximize_entropy: bool = False,
    eps: float = 0.0,
    where: ArrayLike | None = None,
    batch_axis_name: str | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    """`assume_negative(features @ kernel, labels, form="slds")` from two columns a row.

    Same loss and gradients; work and memory are of `batch x features` instead of
    `batch x species x features` (the gradient of the kernel is as large as it).

    Args:
      features: `[batch, features]` float: the input of the head, of every species
        shard alike.
      kernel: `[features, species]` float: the weights of the head, which has no bias.
      labels: `[batch]` integer: the recorded species (number among all species).
      key: from which `other_species` draws the other species.
      other_labels: `[batch]` integer: the other species instead of a key.
      maximize_entropy: see `assume_negative`.
      eps: see `assume_negative`.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      batch_axis_name: the mapped axis that the batch is sharded over, if any.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError, TypeError: as those of `assume_negative`.

    References:
      Cole et al. 2023, SINR, arXiv:2306.02564.
    """
    function = "assume_negative_slds_from_features"
    negative = _negative(function, maximize_entropy, eps)
    x, weights, y, keep = _head_arguments(
        function, features, kernel, labels, where, species_axis_name
    )
    species = ops.all_columns(weights.shape[1], species_axis_name)
    other = _other(function, y, key, other_labels, keep, species, batch_axis_name)
    chosen = _chosen_logits(
        jnp.concatenate([x, x]),
        weights,
        jnp.concatenate([y, other]),
        species_axis_name,
    )
    value = _presence(chosen[: len(x)], eps) + negative(chosen[len(x) :])
    return _checks.of_rows(value, y, keep)


def assume_negative_ssdl_from_features(
    features: ArrayLike,
    background_features: ArrayLike,
    kernel: ArrayLike,
    labels: ArrayLike,
    *,
    maximize_entropy: bool = False,
    eps: float = 0.0,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    """`assume_negative(..., form="ssdl")` from one column of the kernel a row.

    Same loss and gradients as from the logits `features @ kernel` and
    `background_features @ kernel`; work and memory are of `batch x features` instead of
    `batch x species x features` (the gradient of the kernel is as large as it).

    Args:
      features: `[batch, features]` float: the input of the head at the records, of
        every species shard alike.
      background_features: `[batch, features]` float: the same at random places.
      kernel: `[features, species]` float: the weights of the head, which has no bias.
      labels: `[batch]` integer: the recorded species (number among all species).
      maximize_entropy: see `assume_negative`.
      eps: see `assume_negative`.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]` nats, float32 (float64 for float64 input).

    Raises:
      ValueError, TypeError: as those of `assume_negative`.

    References:
      Cole et al. 2023, SINR, arXiv:2306.02564.
    """
    function = "assume_negative_ssdl_from_features"
    negative = _negative(function, maximize_entropy, eps)
    x, weights, y, keep = _head_arguments(
        function, features, kernel, labels, where, species_axis_name
    )
    z = jnp.asarray(background_features)
    if z.shape != x.shape:
        raise ValueError(
            f"{function}: want background_features of shape {x.shape}, got {z.shape}."
        )
    z = jnp.where(keep[:, None], z, 0).astype(x.dtype)
    at_records, at_random = _chosen_logits_of_two(x, z, weights, y, species_axis_name)
    value = _presence(at_records, eps) + negative(at_random)
    return _checks.of_rows(value, y, keep)


def other_species(
    key: Array,
    labels: ArrayLike,
    *,
    species: int,
    batch_axis_name: str | None = None,
) -> Int[Array, " batch"]:
    """One species a row that is not the label, uniform among the others.

    A function of the key and the global number of the row, whatever the mesh. (Uniform
    up to `species / 2^32`.)

    Args:
      key: of `jax.random`.
      labels: `[batch]` integer, in 0 … species - 1.
      species: the number of all species, 2 or more.
      batch_axis_name: the mapped axis that the batch is sharded over, if any.

    Raises:
      ValueError: there is no other species.
    """
    if species < 2:
        raise ValueError(f"other_species: want species >= 2, got {species}.")
    labels = jnp.asarray(labels)
    rows = labels.shape[0]
    bits = ops.random_bits(key, (ops.all_columns(rows, batch_axis_name),))
    drawn = (bits % jnp.uint32(species - 1)).astype(jnp.int32)
    drawn = _species.own_part(drawn, rows, batch_axis_name)
    return drawn + (drawn >= labels)


def _presence(logits: Float[Array, "..."], eps: float) -> Float[Array, "..."]:
    """`-log(p + eps)`."""
    if eps == 0:
        return jax.nn.softplus(-logits)
    return -jnp.log(jax.nn.sigmoid(logits) + eps)


def _negative(
    function: str, maximize_entropy: bool, eps: float
) -> Callable[[Float[Array, "..."]], Float[Array, "..."]]:
    """The term of an assumed absence, of its logit."""
    _species.number(function, "eps", eps, 0)

    def absence(logits):
        return _presence(-logits, eps)

    def minus_entropy(logits):
        present, absent = jax.nn.sigmoid(logits), jax.nn.sigmoid(-logits)
        return -present * _presence(logits, eps) - absent * absence(logits)

    return minus_entropy if maximize_entropy else absence


def _other(
    function: str,
    labels: Int[Array, " batch"],
    key: Array | None,
    other_labels: ArrayLike | None,
    keep: Bool[Array, " batch"],
    species: int,
    batch_axis_name: str | None,
) -> Int[Array, " batch"]:
    if species < 2:
        raise ValueError(f"{function}: slds needs another species, got {species}.")
    if other_labels is not None:
        other = jnp.asarray(other_labels)
        if other.shape != labels.shape:
            raise ValueError(
                f"{function}: want other_labels of shape {labels.shape}, got "
                f"{other.shape}."
            )
        other = jnp.where(keep, other, 0).astype(jnp.int32)
        _checks.known_labels(function, "other_labels", other, species)
        return other
    if key is None:
        raise ValueError(f"{function}: slds needs a key or other_labels, got neither.")
    return other_species(key, labels, species=species, batch_axis_name=batch_axis_name)


def _head_arguments(
    function: str,
    features: ArrayLike,
    kernel: ArrayLike,
    labels: ArrayLike,
    where: ArrayLike | None,
    species_axis_name: str | None,
) -> tuple[
    Float[Array, "batch features"],
    Float[Array, "features species"],
    Int[Array, " batch"],
    Bool[Array, " batch"],
]:
    x, weights = jnp.asarray(features), jnp.asarray(kernel)
    if x.ndim != 2 or weights.ndim != 2 or x.shape[1] != weights.shape[0]:
        raise ValueError(
            f"{function}: want features [batch, features] and kernel [features, "
            f"species], got {x.shape} and {weights.shape}."
        )
    species = ops.all_columns(weights.shape[1], species_axis_name)
    x, y, keep = _checks.label_arguments(
        function, x, labels, where, species_axis_name, species=species
    )
    return x, weights.astype(x.dtype), y, keep


def _own_columns(
    kernel: Float[Array, "features species"],
    chosen: Int[Array, " rows"],
    axis_name: str | None,
) -> Float[Array, "features rows"]:
    """The chosen columns of the kernel; 0 for those of other shards."""
    local = chosen - ops.first_column(kernel.shape[1], axis_name)
    mine = (local >= 0) & (local < kernel.shape[1])
    columns = jnp.take(
        kernel, jnp.clip(local, 0, kernel.shape[1] - 1), axis=1, mode="clip"
    )
    return jnp.where(mine[None], columns, 0)


def _chosen_logits(
    features: Float[Array, "rows features"],
    kernel: Float[Array, "features species"],
    chosen: Int[Array, " rows"],
    axis_name: str | None,
) -> Float[Array, " rows"]:
    """`features[i] @ kernel[:, chosen[i]]`, the same on every shard of the species."""
    columns = _own_columns(kernel, chosen, axis_name)
    return ops.all_sum(jnp.sum(features * columns.T, axis=1), axis_name)


def _chosen_logits_of_two(
    first: Float[Array, "rows features"],
    second: Float[Array, "rows features"],
    kernel: Float[Array, "features species"],
    chosen: Int[Array, " rows"],
    axis_name: str | None,
) -> tuple[Float[Array, " rows"], Float[Array, " rows"]]:
    columns = _own_columns(kernel, chosen, axis_name).T  # gathered once for both
    return (
        ops.all_sum(jnp.sum(first * columns, axis=1), axis_name),
        ops.all_sum(jnp.sum(second * columns, axis=1), axis_name),
    )
