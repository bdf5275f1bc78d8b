"""Objectives of losses that take one label an example: a record is an example.

A site may hold records of several species. Each step draws one of its records for
every site of the batch and weighs its loss by their number, which estimates the sum
over all records without bias. Sites without a record (random background) have no loss.

Here: how that is done, and the softmax losses. Those of lists of K species are in
`top_k_objectives`, those with random background in `background_objectives`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from jaxsdm import losses, ops, parallel


def focal(*, species: int, mesh: Mesh | None = None, gamma: float = 2.0):
    """Focal loss (Lin et al. 2017, arXiv:1708.02002).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      gamma: how fast well-classified records lose weight.
    """
    return of_records(without_noise(losses.focal, gamma=gamma), species, mesh)


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
    margins = losses.top_k_margins(np.asarray(class_counts), max_margin)
    loss = without_noise(losses.ldam, {"margins": margins}, scale=scale)
    return of_records(loss, species, mesh)


def logit_adjusted(
    *,
    species: int,
    class_counts: Sequence[float],
    mesh: Mesh | None = None,
    tau: float = 1.0,
):
    """Logit-adjusted cross-entropy (Menon et al. 2021, arXiv:2007.07314).

    The logits of the model rank the species as if all were equally common.

    Args:
      species: the number of species, without padding of the species axis.
      class_counts: `[species]` records of each species in the training table; a
        species without records counts as one with a single record.
      mesh: the device mesh.
      tau: strength of the adjustment; 0 is the cross-entropy.
    """
    priors = np.maximum(np.asarray(class_counts, np.float32), 1)
    loss = without_noise(losses.logit_adjusted, {"class_priors": priors}, tau=tau)
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
    return jnp.where(column < species, logits, HIDDEN)


HIDDEN = -1e30
"""Logit of a column that only pads the species axis."""


def without_noise(
    loss: Callable[..., Float[Array, " batch"]],
    per_species: Mapping[str, ArrayLike] | None = None,
    **options,
) -> Callable[..., Float[Array, " batch"]]:
    """A loss that takes no key and no name for the batch axis, for `of_records`.

    Args:
      loss: of `jaxsdm.losses`.
      per_species: its arguments that are `[species]`.
      options: its other arguments.
    """

    @functools.wraps(loss)
    def four(logits, labels, where, key, batch_axis_name=None, species_axis_name=None):
        del key, batch_axis_name
        return loss(
            logits,
            labels,
            where=where,
            species_axis_name=species_axis_name,
            **padded(per_species or {}, logits, species_axis_name),
            **options,
        )

    return four


def padded(
    per_species: Mapping[str, ArrayLike],
    logits: Float[Array, "sites columns"],
    species_axis_name: str | None = None,
) -> dict[str, Any]:
    """Vectors `[species]` as `[all columns]`, 1 where those pad the species axis."""
    columns = ops.all_columns(logits.shape[-1], species_axis_name)

    def pad(vector):
        vector = jnp.asarray(vector)
        return jnp.pad(vector, (0, columns - len(vector)), constant_values=1)

    return {name: pad(vector) for name, vector in per_species.items()}
