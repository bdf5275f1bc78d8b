"""Objectives of losses that take all species of a site at once: a site is an example.

What is recorded at a site is its targets, as counts or as presences (`counts > 0`). A
species that was not looked for at a site (NaN) has no part in the loss of the site. A
sum over sites is divided by the number of sites with a record; a background row, a site
without any, weighs as `site_weights` says. The mean over species is over those that
there are, whatever the columns that pad them.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float

from jaxsdm import losses, ops, parallel
from jaxsdm.training.record_objectives import HIDDEN, hide_padding, padded


def softmax_cross_entropy(
    *,
    species: int,
    class_counts: Sequence[float] = (),
    mesh: Mesh | None = None,
    label_smoothing: float = 0.0,
    class_balanced_beta: float = 0.0,
):
    """Cross-entropy over species, averaged over sites; background rows have none.

    Args:
      species: the number of species, without padding of the species axis.
      class_counts: `[species]` records of each species in the training table, for
        `class_balanced_beta`.
      mesh: the device mesh.
      label_smoothing: the share of a label that is spread evenly over all species.
      class_balanced_beta: in [0, 1): records weigh as `losses.class_balanced_weights`
        of it says, the rarer the species the more; 0 gives all the same weight.

    Raises:
      ValueError: an option is out of its range, or counts are not of these species.
    """
    name = "objective 'softmax_cross_entropy'"
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"{name}: want label_smoothing in [0, 1], got {label_smoothing}."
        )
    weights: dict[str, Array] = {}
    if class_balanced_beta:
        check_length(name, "class_counts", class_counts, species)
        counts = np.asarray(class_counts)
        weights["class_weights"] = losses.class_balanced_weights(
            counts, beta=class_balanced_beta
        )

    def weighted(logits, targets, *, where, **axes: Any):
        vectors = padded(weights, logits, **axes)
        return losses.softmax_cross_entropy(
            logits, targets, where=where, **vectors, **axes
        )

    def smooth(counts):  # over the species, not over the columns that pad them
        if not label_smoothing:
            return counts
        column = jax.lax.broadcasted_iota(jnp.int32, counts.shape, 1)
        spread = jnp.sum(counts, axis=1, keepdims=True) / species
        spread = jnp.where(column < species, spread, 0)
        return (1 - label_smoothing) * counts + label_smoothing * spread

    return of_sites(weighted, species, mesh, targets=smooth, mean_over_species=False)


def presence_only_cross_entropy(*, species: int, mesh: Mesh | None = None):
    """Cross-entropy averaged over the presences of a site (Gillespie et al. 2024).

    Every site weighs the same, however many species it has; background rows have none.
    """
    loss = losses.presence_only_cross_entropy
    return of_sites(loss, species, mesh, mean_over_species=False)


def binary_cross_entropy(*, species: int, mesh: Mesh | None = None):
    """Binary cross-entropy of presence (`counts > 0`), averaged over sites, species."""
    return of_sites(losses.binary_cross_entropy, species, mesh)


def asymmetric(
    *,
    species: int,
    mesh: Mesh | None = None,
    gamma_positive: float = 0.0,
    gamma_negative: float = 4.0,
    clip: float = 0.05,
):
    """Asymmetric loss of presence (Ridnik et al. 2021, arXiv:2009.14119).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      gamma_positive: focusing power of presences.
      gamma_negative: of absences.
      clip: an absence of a lower probability costs nothing.
    """
    loss = functools.partial(
        losses.asymmetric,
        gamma_positive=gamma_positive,
        gamma_negative=gamma_negative,
        clip=clip,
    )
    return of_sites(loss, species, mesh)


def hill(
    *,
    species: int,
    mesh: Mesh | None = None,
    lamb: float = 1.5,
    margin: float = 1.0,
    gamma: float = 2.0,
):
    """Hill loss of presence (Zhang et al. 2021, arXiv:2112.07368).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      lamb: where the doubt of absences begins; 1.5 doubts those of probability 1.
      margin: shift of the logits of presences.
      gamma: focusing power of presences.
    """
    loss = functools.partial(losses.hill, lamb=lamb, margin=margin, gamma=gamma)
    return of_sites(loss, species, mesh)


def sigmoid_f1(
    *,
    species: int,
    mesh: Mesh | None = None,
    scale: float = 1.0,
    offset: float = 0.0,
):
    """One minus a smooth F1 of the species of a site (Bénédict et al. 2021).

    Background rows are left out: a set of no species has no F1.

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      scale: slope of the sigmoid, above 0.
      offset: shift of the logits.
    """
    loss = functools.partial(losses.sigmoid_f1, scale=scale, offset=offset)
    return of_sites(loss, species, mesh, mean_over_species=False, background=False)


def expected_positive_regularization(
    *,
    species: int,
    expected_positives: float,
    mesh: Mesh | None = None,
    weight: float = 1.0,
):
    """Presences alone, with a known mean number of species (Cole et al. 2021, EPR).

    Background rows are left out: the number is that of a site with records.

    Args:
      species: the number of species, without padding of the species axis.
      expected_positives: species that a site has on average, recorded or not.
      mesh: the device mesh.
      weight: of the squared difference from that number.
    """

    def loss(logits, targets, *, where, species_axis_name=None):
        # The loss divides the difference by the columns, and is multiplied by columns
        # / species once: once more makes both the number of species.
        columns = ops.all_columns(logits.shape[1], species_axis_name)
        return losses.expected_positive_regularization(
            logits,
            targets,
            expected_positives=expected_positives,
            weight=weight * columns / species,
            where=where,
            batch_axis_name=None if mesh is None else parallel.DATA,
            species_axis_name=species_axis_name,
        )

    return of_sites(loss, species, mesh, background=False)


def of_sites(
    loss: Callable[..., Float[Array, " sites"]],
    species: int,
    mesh: Mesh | None,
    *,
    targets: Callable[[Array], Array] = lambda counts: counts > 0,
    mean_over_species: bool = True,
    background: bool = True,
):
    """The objective of `loss(logits, targets, *, where, species_axis_name)`.

    Args:
      loss: gives one value per site, and 0 of its terms to a species with the logit of
        `hide_padding` and no record.
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      targets: of the loss, from counts.
      mean_over_species: whether the loss divides by the number of columns.
      background: whether background rows have a loss.
    """

    def four(logits, wanted, where, site_weights, **axes):
        return loss(logits, wanted, where=where, **axes) * site_weights

    island = parallel.loss_island(four, mesh, per_species=False)

    def objective(outputs, batch, key):
        del key
        with_record = batch["where"] & ~batch["background"]
        logits = hide_padding(outputs.logits, species)
        unknown = jnp.isnan(batch["counts"])
        logits = jnp.where(unknown, HIDDEN, logits)
        per_site = island(
            logits,
            targets(jnp.where(unknown, 0, batch["counts"])).astype(logits.dtype),
            batch["where"] if background else with_record,
            batch["site_weights"],
        )
        total = jnp.sum(per_site)
        if mean_over_species:
            total = total * (logits.shape[-1] / species)
        return total / jnp.maximum(jnp.sum(with_record), 1), {}

    return objective


def check_length(what: str, name: str, values: Sequence[float], species: int) -> None:
    """Refuses what should be one number a species and is not.

    Raises:
      ValueError: names the objective, the argument and both numbers.
    """
    if len(values) != species:
        raise ValueError(
            f"{what}: want {name} of {species} species, got {len(values)}."
        )
