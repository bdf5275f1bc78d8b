"""Objectives of losses that take one label an example: a record is an example.

A site may hold records of several species. Each step draws one of its records for
every site of the batch and weighs its loss by their number, which estimates the sum
over all records without bias. Sites without a record (random background) have no loss.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float, Int

from jaxsdm import losses, ops, parallel


def stochastic_top_k_hinge(
    *,
    species: int,
    class_counts: Sequence[float],
    mesh: Mesh | None = None,
    k: int = 5,
    epsilon: float = 1.0,
    num_samples: int = 5,
    scale: float = 1.0,
    max_margin: float = 0.0,
):
    """Stochastically smoothed top-K hinge (Garcin et al. 2022, arXiv:2202.02193).

    Args:
      species: the number of species, without padding of the species axis.
      class_counts: `[species]` records of each species in the training table.
      mesh: the device mesh.
      k: how many guesses are allowed.
      epsilon: standard deviation of the noise.
      num_samples: draws.
      scale: of the hinge; the imbalanced form, on a cosine head, takes 40 to 60.
      max_margin: of the rarest species, the others' falling with the fourth root of
        their records (the imbalanced form); 0 gives every species a margin of 1.
    """
    check_k("stochastic_top_k_hinge", k, species)

    def loss(logits, labels, where, key, **axes):
        margin: float | Array = 1.0
        if max_margin:
            margin = losses.top_k_margins(jnp.asarray(class_counts), max_margin)
            margin = _padded(margin, logits, axes)
        return losses.stochastic_top_k_hinge(
            logits,
            labels,
            key,
            k=k,
            epsilon=epsilon,
            num_samples=num_samples,
            margin=margin,
            scale=scale,
            where=where,
            **axes,
        )

    return of_records(loss, species, mesh)


def smooth_top_k_svm(
    *,
    species: int,
    mesh: Mesh | None = None,
    k: int = 5,
    tau: float = 1.0,
    alpha: float = 1.0,
):
    """Smooth top-K SVM (Berrada et al. 2018, arXiv:1802.07595).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      k: how many guesses are allowed.
      tau: temperature, above 0.
      alpha: margin.
    """
    check_k("smooth_top_k_svm", k, species)
    loss = _species_only(losses.smooth_top_k_svm, k=k, tau=tau, alpha=alpha)
    return of_records(loss, species, mesh)


def two_head_average_k(
    *,
    species: int,
    mesh: Mesh | None = None,
    k: int = 5,
    weight: float = 1.0,
    species_reduction: str = "mean",
):
    """Two-head average-K loss (Garcin et al. 2023, arXiv:2303.18118).

    Needs a model with a second head (`config.model.set_head = True`).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      k: mean size of the species sets.
      weight: of the set head's loss.
      species_reduction: of its binary terms: `mean` or `sum`.
    """
    check_k("two_head_average_k", k, species)

    if species_reduction not in ("mean", "sum"):
        raise ValueError(
            f"objective 'two_head_average_k': unknown species_reduction "
            f"{species_reduction!r}; known: mean, sum."
        )
    # The mean is over the species that there are, not over the columns that pad them.
    share = weight / species if species_reduction == "mean" else weight

    def loss(logits, labels, where, key, **axes):
        del key
        of_ranks, of_sets = logits
        return losses.two_head_average_k(
            of_ranks,
            of_sets,
            labels,
            k=k,
            weight=share,
            species_reduction="sum",
            where=where,
            **axes,
        )

    return of_records(loss, species, mesh, heads=_both_heads)


def focal(*, species: int, mesh: Mesh | None = None, gamma: float = 2.0):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      gamma: how fast well-classified records lose weight.
    """
    return of_records(_species_only(losses.focal, gamma=gamma), species, mesh)


def ldam(
    *,
    species: int,
    class_counts: Sequence[float],
    mesh: Mesh | None = None,
    max_margin: float = 0.5,
    scale: float = 30.0,
):
    """Label-distribution-aware margins (Cao et al. 2019, arXiv:1906.07413).

    Args:
      species: the number of species, without padding of the species axis.
      class_counts: `[species]` records of each species in the training table.
      mesh: the device mesh.
      max_margin: of the rarest species.
      scale: of the logits, which a cosine head should give.
    """

    def loss(logits, labels, where, key, **axes):
        del key
        margins = losses.top_k_margins(jnp.asarray(class_counts), max_margin)
        return losses.ldam(
            logits,
            labels,
            margins=_padded(margins, logits, axes),
            scale=scale,
            where=where,
            species_axis_name=axes.get("species_axis_name"),
        )

    return of_records(loss, species, mesh)


def of_records(
    loss: Callable[..., Float[Array, " batch"]],
    species: int,
    mesh: Mesh | None,
    heads: Callable[[Any], Any] = lambda outputs: outputs.logits,
):
    """The objective of `loss(logits, labels, where, key, **axes)`.

    Args:
      loss: see `parallel.example_island`.
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      heads: the logits that the loss reads, from a model's outputs.
    """
    island = parallel.example_island(loss, mesh)

    def objective(outputs, targets, key):
        draw, noise = jax.random.split(key)
        counts = jnp.where(targets["where"][:, None], targets["counts"], 0)
        labels, records = drawn_records(draw, counts)
        logits = jax.tree.map(
            lambda table: hide_padding(table, species), heads(outputs)
        )
        per_site = island(logits, labels, records > 0, noise)
        sites = jnp.maximum(jnp.sum(records > 0), 1)
        return jnp.sum(per_site * records) / sites, {}

    return objective


def drawn_records(
    key: Array, counts: Float[Array, "sites species"]
) -> tuple[Int[Array, " sites"], Float[Array, " sites"]]:
    """One record of each site at random, and how many records the site has.

    Args:
      key: the draw of a site depends on its row and on the key alone.
      counts: `>= 0`; a site without records gets species 0 and the number 0.
    """
    up_to = jnp.cumsum(counts, axis=1)
    records = up_to[:, -1]
    drawn = ops.random_uniform(key, records.shape) * records
    label = jnp.sum(up_to <= drawn[:, None], axis=1, dtype=jnp.int32)
    return jnp.where(records > 0, label, 0), records


def hide_padding(
    logits: Float[Array, "sites columns"], species: int
) -> Float[Array, "sites columns"]:
    """Logits whose columns beyond `species` have no share in any partition."""
    if logits.shape[-1] == species:
        return logits
    column = jax.lax.broadcasted_iota(jnp.int32, logits.shape, logits.ndim - 1)
    return jnp.where(column < species, logits, _HIDDEN)


_HIDDEN = -1e30
"""Logit of a column that only pads the species axis."""


def check_k(name: str, k: int, species: int) -> None:
    """Refuses a list as long as all species.

    Raises:
      ValueError: names the objective and the number.
    """
    if not 1 <= k < species:
        raise ValueError(
            f"objective {name!r}: k is {k}; want 1 or more and fewer than the "
            f"{species} species."
        )


def _both_heads(outputs):
    if "set_logits" not in outputs.auxiliary:
        raise ValueError(
            "objective 'two_head_average_k' needs a model with a second head: set "
            "config.model.set_head = True."
        )
    return outputs.logits, outputs.auxiliary["set_logits"]


def _species_only(loss, **options):
    """A loss without noise that needs no name for the batch axis."""

    @functools.wraps(loss)
    def four(logits, labels, where, key, batch_axis_name=None, species_axis_name=None):
        del key, batch_axis_name
        return loss(
            logits,
            labels,
            where=where,
            species_axis_name=species_axis_name,
            **options,
        )

    return four


def _padded(per_species, logits, axes):
    """Values of all species, with 1 for the columns that pad the species axis."""
    columns = ops.all_columns(logits.shape[-1], axes.get("species_axis_name"))
    return jnp.pad(per_species, (0, columns - len(per_species)), constant_values=1.0)
