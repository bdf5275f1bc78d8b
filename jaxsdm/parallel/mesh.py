"""The device mesh: rows of a batch over "data", columns of the head over "species"."""

from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

DATA = "data"
"""Mesh axis over which the rows of a batch (sites) are sharded."""

SPECIES = "species"
"""Mesh axis over which the species head, its moments and the logits are sharded."""


def make_mesh(data: int = 0, species: int = 1) -> Mesh:
    """A `("data", "species")` mesh over all devices of all processes.

    Args:
      data: shards of the batch; 0 takes what `species` leaves.
      species: shards of the species head.

    Raises:
      ValueError: the product is not the number of devices used, or exceeds them.
    """
    devices = jax.devices()
    if species < 1 or data < 0:
        raise ValueError(
            f"make_mesh: want species >= 1 and data >= 0, got data={data}, "
            f"species={species}."
        )
    if data == 0:
        data = max(1, len(devices) // species)
    if data * species > len(devices):
        raise ValueError(
            f"make_mesh: a mesh of data={data} x species={species} needs "
            f"{data * species} devices, and there are {len(devices)}."
        )
    if jax.process_count() > 1 and data * species != len(devices):
        raise ValueError(
            f"make_mesh: several processes share the mesh, so it must use all "
            f"{len(devices)} devices; data={data} x species={species} does not."
        )
    return jax.make_mesh(
        (data, species),
        (DATA, SPECIES),
        (AxisType.Auto, AxisType.Auto),
        devices=devices[: data * species],
    )


def put(tree: Any, mesh: Mesh, specs: Any) -> Any:
    """Host arrays onto the mesh, each process placing the shards that it owns.

    Args:
      tree: pytree of host arrays, each whole on every process.
      mesh: where to.
      specs: a `PartitionSpec` for all leaves, or a tree of them.
    """
    if isinstance(specs, PartitionSpec):
        specs = jax.tree.map(lambda _: specs, tree)

    def place(array: Any, spec: PartitionSpec) -> jax.Array:
        host = np.asarray(array)
        return jax.make_array_from_callback(
            host.shape, NamedSharding(mesh, spec), lambda index: host[index]
        )

    return jax.tree.map(place, tree, specs)


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is not below `number`."""
    return -(-number // multiple) * multiple
