"""Meshes, shardings, processes and the island in which a loss sees its shards."""

from jaxsdm.parallel.island import example_island, loss_island
from jaxsdm.parallel.mesh import (
    DATA,
    SPECIES,
    make_mesh,
    put,
    round_up,
)
from jaxsdm.parallel.processes import gather, is_first, share_of_data, wait

__all__ = [
    "DATA",
    "SPECIES",
    "example_island",
    "gather",
    "is_first",
    "loss_island",
    "make_mesh",
    "put",
    "round_up",
    "share_of_data",
    "wait",
]
