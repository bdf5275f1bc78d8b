"""Objectives of losses that set records against random places.

These losses want a random place for every record, and a batch has its background rows
apart. So each row is given one of the two tables: a row with records has the record
terms, a background row the background terms (the other table is so sure that it costs
nothing). The batch is their sum, with `site_weights` for the background:
`config.background.mass = 1` is one random place a record, as published. Nothing of the
size of the logits moves between devices.
"""

import functools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int

from jaxsdm import losses, ops, parallel
from jaxsdm.training.record_objectives import (
    HIDDEN,
    drawn_records,
    hide_padding,
    of_records,
)
from jaxsdm.training.site_objectives import check_length


def assume_negative(
    *,
    species: int,
    background: bool,
    mesh: Mesh | None = None,
    form: str = "slds",
    positive_weight: float = 2048.0,
    maximize_entropy: bool = False,
):
    """Records as presences, the rest as absences (Cole et al. 2023, arXiv:2306.02564).

    Of the published `eps` it takes 0.

    Args:
      species: the number of species, without padding of the species axis.
      background: whether batches have background rows, which "full" and "ssdl" need.
      mesh: the device mesh.
      form: "slds": absent is another species at random, at the record; "ssdl": the
        species itself, at a random place; "full": all other species at the record, and
        all species at a random place.
      positive_weight: of the recorded species in "full".
      maximize_entropy: what is assumed absent is uncertain instead.

    Raises:
      ValueError: the form is unknown, or needs background that there is not.
    """
    if form not in ("full", "slds", "ssdl"):
        raise ValueError(
            f"objective 'assume_negative': unknown form {form!r}; known: full, slds, "
            "ssdl."
        )
    published = functools.partial(
        losses.assume_negative,
        form=form,
        positive_weight=positive_weight,
        maximize_entropy=maximize_entropy,
    )
    if form == "slds":

        def at_record(logits, labels, where, key, **axes):
            rows = axes.get("batch_axis_name")
            other = losses.other_species(
                key, labels, species=species, batch_axis_name=rows
            )
            return published(logits, labels, other_labels=other, where=where, **axes)

        return of_records(at_record, species, mesh)

    _check_background(f"objective 'assume_negative', form {form!r},", background)

    def loss(logits, rows, where, key, **axes):
        del key
        labels, is_background = rows
        is_background = is_background[:, None]
        label = ops.columns_mask(
            labels[:, None],
            logits.shape[1],
            axis_name=axes.get("species_axis_name"),
        )
        return published(
            jnp.where(is_background, jnp.where(label, -HIDDEN, HIDDEN), logits),
            labels,
            background_logits=jnp.where(is_background, logits, HIDDEN),
            where=where,
            **axes,
        )

    island = parallel.example_island(loss, mesh)

    def objective(outputs, targets, key):
        draw, of_background = jax.random.split(key)
        where = targets["where"]
        is_background = where & targets["background"]
        counts = jnp.where(where[:, None], targets["counts"], 0)
        labels, records = drawn_records(draw, counts)
        labels = jnp.where(
            is_background, labels_at_random(of_background, labels, records), labels
        )
        logits = hide_padding(outputs.logits, species)
        per_row = island(logits, (labels, is_background), where, key)
        sites = jnp.maximum(jnp.sum(records > 0), 1)
        weights = targets["site_weights"] * (jnp.sum(records) / sites)
        total = jnp.sum(jnp.where(is_background, weights, records) * per_row)
        if form == "full":  # the loss divides by all columns
            total = total * (logits.shape[1] / species)
        return total / sites, {}

    return objective


def full_weighted(
    *,
    species: int,
    prevalence: Sequence[float],
    background: bool,
    mesh: Mesh | None = None,
    presence_weight: float = 1.0,
    target_group_weight: float = 0.8,
):
    """Full weighted loss of presence (Zbinden et al. 2024, arXiv:2401.02989).

    Args:
      species: the number of species, without padding of the species axis.
      prevalence: `[species]` share, below 1, of the training sites with the species.
      background: whether batches have background rows, which it needs.
      mesh: the device mesh.
      presence_weight: lambda 1 of the paper.
      target_group_weight: lambda 2, of absences at sites with records of any species;
        the background gets the rest.

    Raises:
      ValueError: there is no background, or `prevalence` is not of these species, or
        one is everywhere.
    """
    name = "objective 'full_weighted'"
    _check_background(name, background)
    check_length(name, "prevalence", prevalence, species)
    if max(prevalence) >= 1:
        raise ValueError(
            f"{name}: species {int(np.argmax(prevalence))} is at every training site, "
            "and absences weigh 1 / (1 - prevalence)."
        )

    def loss(logits, targets, where, is_background, species_axis_name=None):
        is_background = is_background[:, None]
        columns = ops.all_columns(logits.shape[1], species_axis_name)
        return losses.full_weighted(
            jnp.where(is_background, HIDDEN, logits),
            targets,
            background_logits=jnp.where(is_background, logits, HIDDEN),
            prevalence=np.pad(np.asarray(prevalence), (0, columns - species)),
            presence_weight=presence_weight,
            target_group_weight=target_group_weight,
            where=where,
            species_axis_name=species_axis_name,
        )

    island = parallel.loss_island(loss, mesh, per_species=False)

    def objective(outputs, targets, key):
        del key
        where, is_background = targets["where"], targets["background"]
        logits = hide_padding(outputs.logits, species)
        present = (targets["counts"] > 0).astype(logits.dtype)
        per_row = island(logits, present, where, is_background)
        total = jnp.sum(targets["site_weights"] * per_row)
        sites = jnp.maximum(jnp.sum(where & ~is_background), 1)
        return total * (logits.shape[1] / species) / sites, {}

    return objective


def labels_at_random(
    key: Array, labels: Int[Array, " rows"], records: Float[Array, " rows"]
) -> Int[Array, " rows"]:
    """For each row the label of a record at random, all records being as likely.

    Args:
      key: the draw of a row depends on the row and on the key alone.
      labels: of a record of each row.
      records: how many each row has; of a row without, no label is drawn.
    """
    up_to = jnp.cumsum(records)
    drawn = ops.random_uniform(key, records.shape) * up_to[-1]
    row = jnp.searchsorted(up_to, drawn, side="right")
    return labels[jnp.minimum(row, len(labels) - 1)]


def _check_background(what: str, background: bool) -> None:
    if not background:
        raise ValueError(
            f"{what} needs random background in its batches: set "
            "config.background.mass = 1."
        )
