"""The table of sites that training gathers its batches from, on the devices."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int

from jaxsdm import parallel
from jaxsdm.parallel import DATA, SPECIES


class Table(NamedTuple):
    """What batches are gathered from; or in place of arrays, what describes them.

    The rows are whole on every shard of `data` (so that a gather needs no
    communication), the species are sharded. Background rows come last.

    Attributes:
      features: `[rows, features]` float32.
      counts: `[rows, species]` float32.
      background: `[rows]` bool.
    """

    features: Any
    counts: Any
    background: Any


def make_table(
    features: np.ndarray, counts: np.ndarray, background: np.ndarray, mesh: Mesh
) -> Table:
    """The table on the devices: background rows after the records, species padded.

    Args:
      features: `[records, features]` of the sites with records.
      counts: `[records, species]`.
      background: `[background, features]`, may have no rows.
      mesh: the species are padded to a multiple of its species axis.
    """
    species = parallel.round_up(counts.shape[1], mesh.shape[SPECIES])
    rows = len(features) + len(background)
    padded = np.zeros((rows, species), np.float32)
    padded[: len(counts), : counts.shape[1]] = counts
    table = Table(
        features=np.concatenate([features, background]).astype(np.float32),
        counts=padded,
        background=np.arange(rows) >= len(features),
    )
    specs = Table(PartitionSpec(), PartitionSpec(None, SPECIES), PartitionSpec())
    return parallel.put(table, mesh, specs)


def gather(
    table: Table,
    background_mass: Float[Array, " members"],
    rows: Int[Array, "members batch"],
    mesh: Mesh,
) -> tuple[Float[Array, "members batch features"], dict[str, Array]]:
    """Features and targets of one batch per member, inside `jit`.

    Args:
      table: of all sites.
      background_mass: of the background of a batch, in record sites of it.
      rows: of the table, -1 for padding.
      mesh: rows of a batch are sharded over its data axis.
    """

    def shard(x, *spec):
        return jax.lax.with_sharding_constraint(
            x, NamedSharding(mesh, PartitionSpec(*spec))
        )

    where = rows >= 0
    row = jnp.maximum(rows, 0)
    background = table.background[row] & where
    records = jnp.sum(where & ~background, axis=1, keepdims=True)
    # The background of a batch weighs `background_mass` times its record sites.
    share = records / jnp.maximum(jnp.sum(background, axis=1, keepdims=True), 1)
    weights = jnp.where(background, background_mass[:, None] * share, 1.0)
    targets = {
        "counts": shard(table.counts[row], None, DATA, SPECIES),
        "where": where,
        "background": background,
        "site_weights": weights,
    }
    return shard(table.features[row], None, DATA, None), targets
