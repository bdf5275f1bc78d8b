"""The library's training program at sizes that need no data: shapes in place of arrays.

What `jaxsdm.training.network` runs for the published recipe (residual network of 250,
normalised Poisson loss, Adam with weight decay in the gradient, parameters of the best
epoch kept), on any mesh, for any number of sites, species and rows a batch.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jaxsdm import models
from jaxsdm.parallel import DATA, SPECIES
from jaxsdm.training import Hyper, Program, Table, objectives, optimizers


@dataclasses.dataclass(frozen=True)
class Size:
    """One problem.

    Attributes:
      sites: rows of the table that batches are drawn from.
      species: columns of the head.
      batch: sites a step, over all devices.
      features: encoded predictors.
      hidden: width of the network.
      members: networks trained at once.
    """

    sites: int
    species: int
    batch: int
    features: int = 32
    hidden: int = 250
    members: int = 1


def make(size: Size, mesh: Mesh) -> Program:
    """The training program of that size on a `("data", "species")` mesh."""
    module = models.build(
        "residual_mlp",
        species=size.species,
        features=size.features,
        hidden=size.hidden,
        blocks=2,
    )
    return Program(
        module=module,
        objective=objectives.build(
            "normalized_poisson", species=size.species, mesh=mesh
        ),
        optimizer=_optimizer,
        mesh=mesh,
        steps_per_epoch=max(1, size.sites // size.batch),
        keep_best=True,
    )


def compile_step(
    size: Size, mesh: Mesh, steps: int = 8, options: dict[str, str] | None = None
) -> Any:
    """The compiled program, for calls of up to `steps` steps; nothing is allocated.

    With a single step XLA would move part of it out of the loop, and what it costs
    with it. `options` are the compiler's.
    """
    program = make(size, mesh)
    run = program.compile(size.members, size.features)
    lowered = run.lower(*arguments(program, size, steps))
    return lowered.compile(compiler_options=options)


def arguments(program: Program, size: Size, steps: int) -> tuple[Any, ...]:
    """The shapes and shardings of what the program is called with."""

    def shape(dimensions, dtype, *spec):
        sharding = NamedSharding(program.mesh, PartitionSpec(*spec))
        return jax.ShapeDtypeStruct(dimensions, dtype, sharding=sharding)

    table = Table(
        features=shape((size.sites, size.features), jnp.float32),
        counts=shape((size.sites, size.species), jnp.float32, None, SPECIES),
        background=shape((size.sites,), jnp.bool_),
    )
    number = shape((size.members,), jnp.float32)
    hyper = Hyper(
        seed=shape((size.members,), jnp.uint32),
        learning_rate=number,
        weight_decay=number,
        dropout=number,
        background_mass=number,
    )
    rows = shape((size.members, steps, size.batch), jnp.int32, None, None, DATA)
    return (
        program.shapes(size.members, size.features),
        table,
        hyper,
        rows,
        shape((steps,), jnp.bool_),
        shape((), jnp.int32),
    )


def _optimizer(learning_rate: Any, weight_decay: Any) -> Any:
    return optimizers.build(
        "adam",
        total_steps=1,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        decay="l2",
    )
