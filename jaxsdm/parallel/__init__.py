"""Meshes, shardings, processes and the island in which a loss sees its shards."""

from jaxsdm.parallel.island import loss_island
from jaxsdm.parallel.mesh import (
    DATA,
    SPECIES,
    make_mesh,
    put,
    round_up,
)
from jaxsdm.parallel.processes import gather, is_first, wait

__all__ = [
    "DATA",
    "SPECIES",
    "gather",
    "is_first",
    "loss_island",
    "make_mesh",
    "put",
    "round_up",
    "wait",
]
