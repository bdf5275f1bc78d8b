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
