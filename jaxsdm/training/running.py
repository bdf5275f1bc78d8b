"""Runs the steps of a stage: from a table on the devices, or with pipelines of patches.

Both kinds are called alike, `run(state, first, number)`, and step `i` gives the same
bits however the steps are grouped into calls.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Float32
from ml_collections import ConfigDict

from jaxsdm import parallel
from jaxsdm.data.patches import Augmentation, device_prefetch
from jaxsdm.data.patches.batches import Batches
from jaxsdm.parallel import DATA
from jaxsdm.training.member_batches import MemberBatches
from jaxsdm.training.member_order import MemberOrder
from jaxsdm.training.network_stage import Stage, chunk, compile_stage
from jaxsdm.training.patch_input import on_device
from jaxsdm.training.problem import Problem
from jaxsdm.training.step import Hyper, TrainState
from jaxsdm.training.step_table import make_table

_IN_FLIGHT = 2
"""Steps that may wait for the device; each holds its patches."""

Allowed = dict[str, np.ndarray]
"""`sites` and `background` of `batch_rows`: what a member may use."""


class Ran(NamedTuple):
    """What some steps gave.

    Attributes:
      state: after them.
      losses: `[steps, members]`.
      waited: seconds of waiting for batches at whose end no step was at work: what
        the devices stood idle for them, at most. None where there is nothing to wait
        for.
    """

    state: TrainState
    losses: Float32[np.ndarray, "steps members"]
    waited: float | None


RunSteps = Callable[[TrainState, int, int], Ran]
"""(state, first step of the stage, number of steps)."""


@contextlib.contextmanager
def open_steps(
    stage: Stage,
    problem: Problem,
    config: ConfigDict,
    mesh: Mesh,
    state: TrainState,
    allowed: Sequence[Allowed],
    first: int = 0,
) -> Iterator[RunSteps]:
    """The compiled steps of a stage, and what feeds them, closed at the end.

    Args:
      stage: whose steps.
      problem: the task.
      config: for its augmentation.
      mesh: the device mesh.
      state: to compile for.
      allowed: a member each.
      first: step of the stage that will be asked for first.
    """
    table = make_table(problem.features, problem.counts, stage.background, mesh)
    hyper = Hyper(*parallel.put(tuple(stage.hyper), mesh, PartitionSpec()))
    if not problem.patches.inputs:
        compiled = compile_stage(stage, mesh, (state, table, hyper))

        def run(state: TrainState, first: int, number: int) -> Ran:
            rows, ends = chunk(stage, first, number, allowed)
            rows = parallel.put(rows, mesh, PartitionSpec(None, None, DATA))
            state, losses = compiled(state, table, hyper, rows, ends, jnp.int32(number))
            return Ran(state, np.asarray(losses)[:number], None)

        yield run
        return
    with contextlib.ExitStack() as stack:
        sources = stack.enter_context(problem.patches.open(mesh))
        sharding = NamedSharding(mesh, PartitionSpec(DATA))
        orders = [
            MemberOrder(stage.plan, seed, own)
            for seed, own in zip(stage.hyper.seed, allowed, strict=True)
        ]
        augmentation = Augmentation(**config.augmentation.to_dict())
        common = augmentation, parallel.share_of_data(mesh)
        makers = [
            problem.patches.batches(sources, problem.places, order, *common)
            for order in orders
        ]
        members = MemberBatches(makers)
        batches = Batches(
            members, stage.steps, threads=2, ahead=4, workers=0, step=first
        )
        feed = stack.enter_context(
            device_prefetch(batches, ahead=_IN_FLIGHT, sharding=sharding)
        )
        rasters = on_device(sources)
        shapes = _global_shapes(members(first), stage.plan.rows, sharding)
        step = _compiled(stage, (state, table, hyper), shapes, rasters)

        def run_with_patches(state: TrainState, first: int, number: int) -> Ran:
            if feed.step != first:
                raise ValueError(f"steps follow each other; step {first} does not.")
            losses: list[Any] = []  # arrays, whose `is_ready` has no type
            waited = 0.0
            for end in stage.plan.epoch_ends(first, first + number):
                before = feed.seconds_waited
                batch = next(feed)
                if not losses or losses[-1].is_ready():
                    waited += feed.seconds_waited - before
                state, loss = step(state, table, hyper, batch, end, rasters)
                losses.append(loss)
                if len(losses) > _IN_FLIGHT:
                    losses[-1 - _IN_FLIGHT].block_until_ready()
            return Ran(state, np.stack([np.asarray(one) for one in losses]), waited)

        yield run_with_patches


def _global_shapes(batch: Any, rows: int, sharding: NamedSharding) -> Any:
    """A batch of all processes, of the part that this one makes."""
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(
            (rows, *x.shape[1:]), x.dtype, sharding=sharding
        ),
        batch,
    )


def _compiled(
    stage: Stage, arguments: tuple[Any, ...], batches: Any, rasters: dict[str, Any]
) -> Any:
    """The step ahead of time, so that the pace of steps is that of steps."""
    members, features = len(stage.hyper.seed), arguments[1].features.shape[1]
    jitted = stage.program.compile_with_patches(members, features)
    end = jax.ShapeDtypeStruct((), bool)
    return jitted.lower(*arguments, batches, end, rasters).compile()
