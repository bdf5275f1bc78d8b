"""A loss as a `shard_map` island inside a program that is written in global view."""

from collections.abc import Callable

import jax
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float

from jaxsdm.parallel.mesh import DATA, SPECIES


def loss_island(
    loss: Callable[..., Float[Array, " species"]],
    mesh: Mesh | None,
    *,
    per_species: bool,
) -> Callable[..., Array]:
    """Wraps `loss(logits, counts, where, site_weights)` so that it sees its shards.

    Exactness across shards is won in the loss: it is called with the axis names of
    what it reduces over. Value and gradient equal those of one device to rounding.

    Args:
      loss: positional `(logits [sites, species], counts [sites, species],
        where [sites], site_weights [sites])`, keyword `site_axis_name` if it gives
        one value per species, `species_axis_name` if one per site.
      mesh: a `("data", "species")` mesh; `None` calls the loss as it is.
      per_species: whether the loss gives `[species]` (else `[sites]`).

    Returns:
      A function of the same four arrays, in global view.
    """
    if mesh is None:
        return loss
    name = "site_axis_name" if per_species else "species_axis_name"
    reduced, kept = (DATA, SPECIES) if per_species else (SPECIES, DATA)

    def inside(logits, counts, where, site_weights):
        return loss(logits, counts, where, site_weights, **{name: reduced})

    table, rows = PartitionSpec(DATA, SPECIES), PartitionSpec(DATA)
    return jax.shard_map(
        inside,
        mesh=mesh,
        in_specs=(table, table, rows, rows),
        out_specs=PartitionSpec(kept),
    )


def example_island(
    loss: Callable[..., Float[Array, " batch"]], mesh: Mesh | None
) -> Callable[..., Array]:
    """Wraps `loss(logits, labels, where, key)`, of one label an example.

    Args:
      loss: positional `(logits, labels [batch], where [batch], key)`, keywords
        `batch_axis_name` and `species_axis_name`; gives one value per example.
        `logits` is `[batch, species]`, or a tree of such tables (several heads).
      mesh: a `("data", "species")` mesh; `None` calls the loss as it is.

    Returns:
      A function of the same four arguments, in global view.
    """
    if mesh is None:
        return loss

    def inside(logits, labels, where, key):
        return loss(
            logits,
            labels,
            where,
            key,
            batch_axis_name=DATA,
            species_axis_name=SPECIES,
        )

    rows = PartitionSpec(DATA)
    return jax.shard_map(
        inside,
        mesh=mesh,
        in_specs=(PartitionSpec(DATA, SPECIES), rows, rows, PartitionSpec()),
        out_specs=rows,
    )
