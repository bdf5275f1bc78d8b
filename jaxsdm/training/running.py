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
from jaxsdm.data.patches import (
    Augmentation,
    Input,
    Samples,
    device_prefetch,
)
from jaxsdm.data.patches.batch import BatchMaker
from jaxsdm.data.patches.batches import Batches
from jaxsdm.parallel import DATA
from jaxsdm.training.member_order import MemberOrder
from jaxsdm.training.network_stage import Stage, chunk, compile_stage
from jaxsdm.training.patch_input import on_device
from jaxsdm.training.problem import Problem
from jaxsdm.training.step import Hyper, TrainState, make_table

_IN_FLIGHT = 2
"""Steps that may wait for the device; each holds its patches."""

Allowed = dict[str, np.ndarray]
"""`sites` and `background` of `batch_rows`: what a member may use."""


class Ran(NamedTuple):
    """What some steps gave.

    Attributes:
      state: after them.
      losses: `[steps, members]`.
      waited: seconds in which no batch was ready when it was asked for, with up to
        two steps still at work; None where there is nothing to wait for.
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
        feeds = []
        for seed, own in zip(stage.hyper.seed, allowed, strict=True):
            order = MemberOrder(stage.plan, seed, own)
            maker = _maker(problem, config, sources, order, mesh)
            batches = Batches(maker, stage.steps, threads=2, ahead=4, workers=0)
            batches.set_state(batches.get_state() | {"step": first})
            feed = device_prefetch(batches, ahead=_IN_FLIGHT, sharding=sharding)
            feeds.append(stack.enter_context(feed))
        rasters = on_device(sources)
        shapes = _global_shapes(_needed(maker(first)), stage.plan.rows, sharding)
        step = _compiled(stage, (state, table, hyper), shapes, rasters)

        def run_with_patches(state: TrainState, first: int, number: int) -> Ran:
            if any(feed.step != first for feed in feeds):
                raise ValueError(f"steps follow each other; step {first} does not.")
            losses: list[jax.Array] = []
            waited = sum(feed.seconds_waited for feed in feeds)
            for end in stage.plan.epoch_ends(first, first + number):
                batches = tuple(_needed(next(feed)) for feed in feeds)
                state, loss = step(state, table, hyper, batches, end, rasters)
                losses.append(loss)
                if len(losses) > _IN_FLIGHT:
                    losses[-1 - _IN_FLIGHT].block_until_ready()
            waited = sum(feed.seconds_waited for feed in feeds) - waited
            return Ran(state, np.stack([np.asarray(one) for one in losses]), waited)

        yield run_with_patches


def _maker(
    problem: Problem,
    config: ConfigDict,
    sources: dict[str, Any],
    order: MemberOrder,
    mesh: Mesh,
) -> BatchMaker:
    inputs = {
        one.name: Input(sources[one.name], one.window) for one in problem.patches.inputs
    }
    return BatchMaker(
        {"sites": Samples(dict(problem.places))},
        inputs,
        order,
        Augmentation(**config.augmentation.to_dict()),
        parallel.share_of_data(mesh),
    )


def _needed(batch: dict[str, Any]) -> dict[str, Any]:
    """What a step reads: targets and weights come from the table."""
    return {"inputs": batch["inputs"], "id": batch["id"]}


def _global_shapes(batch: dict[str, Any], rows: int, sharding: NamedSharding) -> Any:
    """A batch of all processes, of the part that this one makes."""
    return jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(
            (rows, *x.shape[1:]), x.dtype, sharding=sharding
        ),
        batch,
    )


def _compiled(
    stage: Stage, arguments: tuple[Any, ...], batch: Any, rasters: dict[str, Any]
) -> Any:
    """The step ahead of time, so that the pace of steps is that of steps."""
    members, features = len(stage.hyper.seed), arguments[1].features.shape[1]
    jitted = stage.program.compile_with_patches(members, features)
    end = jax.ShapeDtypeStruct((), bool)
    return jitted.lower(*arguments, (batch,) * members, end, rasters).compile()
