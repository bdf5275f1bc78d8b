"""Several processes that train one model: who writes, and how they agree.

Every process runs the same program, so what depends on a clock or on a signal must be
agreed on before it steers anything. With one process all of this is free.
"""

from collections.abc import Sequence

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh
from jaxtyping import Int


def is_first() -> bool:
    """Whether this process writes what is written once."""
    return jax.process_index() == 0


def wait(name: str) -> None:
    """Returns when all processes have come here; `name` must differ between places."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def gather(values: Sequence[int]) -> Int[np.ndarray, "processes values"]:
    """What every process passed, the first process first, on all of them."""
    own = np.asarray(values, np.int32)
    if jax.process_count() == 1:
        return own[None]
    return np.asarray(multihost_utils.process_allgather(own))


def share_of_data(mesh: Mesh) -> tuple[int, int]:
    """Which rows of a batch this process has to bring: number of the part, of how many.

    Processes that share their rows (because the species of a row lie on several of
    them) have the same number.

    Args:
      mesh: `("data", "species")`.

    Raises:
      ValueError: its rows are not one even part of the batch.
    """
    own = jax.process_index()
    rows = [
        number
        for number, devices in enumerate(mesh.devices)
        if any(device.process_index == own for device in devices)
    ]
    total, share = len(mesh.devices), len(rows)
    first = rows[0]
    if rows != list(range(first, first + share)) or first % share or total % share:
        raise ValueError(
            f"share_of_data: process {own} has the rows {rows} of {total} of the mesh; "
            "want one even part, such as mesh.data a multiple of the processes."
        )
    return first // share, total // share
