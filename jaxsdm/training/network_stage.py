"""A stage of gradient training: its batches, its program and what its members vary."""

import functools
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jax.sharding import Mesh, PartitionSpec
from ml_collections import ConfigDict

from jaxsdm import models, parallel
from jaxsdm.parallel import DATA, SPECIES
from jaxsdm.registry import check_options, choose
from jaxsdm.training import objectives, optimizers
from jaxsdm.training.batches import Plan, batch_rows
from jaxsdm.training.problem import Problem
from jaxsdm.training.step import Program, make_hyper

CAPACITY = 128
"""Most steps of one call: what is lost at most when a process is killed between
checkpoints is set by their interval; this bounds how long a signal waits."""


class Stage:
    """One stage of a config on one problem: its plan, program and hyper-parameters.

    Args:
      problem: the encoded task.
      config: of this task.
      name: a name in `config.stages`.
      mesh: the device mesh.
      used: record sites a member sees, where that is a part of them; 0 for all.
      columns: species with their padding, where a checkpoint settled it; 0 pads them
        to the species axis of the mesh.
    """

    def __init__(
        self,
        problem: Problem,
        config: ConfigDict,
        name: str,
        mesh: Mesh,
        used: int = 0,
        columns: int = 0,
    ):
        fields = choose(config.stage, name, "stage")
        masses = np.atleast_1d(np.asarray(config.background.mass, float))
        self.background = problem.background if masses.any() else problem.background[:0]
        extra = config.background.batch_size or fields.batch_size
        self.plan = Plan(
            records=len(problem.features),
            background=len(self.background),
            batch_size=fields.batch_size,
            background_batch_size=extra if masses.any() else 0,
            remainder=fields.remainder,
            multiple=mesh.shape[DATA],
            used=used,
        )
        self.name = name
        self.columns = columns or parallel.round_up(
            problem.counts.shape[1], mesh.shape[SPECIES]
        )
        self.steps = fields.epochs * self.plan.steps_per_epoch
        self.hyper = make_hyper(
            config.seeds,
            learning_rate=fields.optimizer.learning_rate,
            weight_decay=fields.optimizer.weight_decay,
            dropout=config.model.get("dropout", 0.0),
            background_mass=config.background.mass,
        )
        self.program = self._program(problem, config, fields, mesh)

    def _program(self, problem, config, fields, mesh) -> Program:
        species = problem.counts.shape[1]
        options = fields.optimizer.to_dict()
        optimizer = functools.partial(
            _optimizer, options, self.steps, tuple(fields.frozen)
        )
        objective = config.objective.to_dict() | fields.objective.to_dict()
        if config.keep not in ("last", "best_epoch", "average"):
            raise ValueError(
                f"unknown config.keep {config.keep!r}; known: last, best_epoch, "
                "average."
            )
        if config.keep == "average" and not config.average_decay:
            raise ValueError('config.keep="average" needs config.average_decay > 0.')
        return Program(
            module=build_module(problem, config, self.columns),
            objective=objectives.build(
                objective.pop("name"),
                species=species,
                mesh=mesh,
                class_counts=tuple(np.nansum(problem.counts, 0).tolist()),
                prevalence=tuple(_prevalence(problem.counts).tolist()),
                background=len(self.background) > 0,
                **objective,
            ),
            optimizer=optimizer,
            mesh=mesh,
            steps_per_epoch=self.plan.steps_per_epoch,
            dropout=bool(np.any(self.hyper.dropout)),
            keep_best=config.keep == "best_epoch",
            average_decay=config.average_decay if config.keep == "average" else 0.0,
            patches=problem.patches.inputs,
        )


def build_module(problem: Problem, config: ConfigDict, columns: int) -> nn.Module:
    """The network of a config, its species padded to a number of columns."""
    options = config.model.to_dict()
    options.pop("dropout", None)  # a hyper-parameter of the member, given at each call
    return models.build(
        options.pop("name"),
        species=columns,
        features=problem.features.shape[1],
        patches=tuple(one.name for one in problem.patches.inputs),
        **options,
    )


def compile_stage(stage: Stage, mesh: Mesh, arguments: tuple[Any, ...]) -> Any:
    """The program ahead of time, so that the pace of steps is that of steps.

    Args:
      stage: what to compile.
      mesh: the device mesh.
      arguments: `(state, table, hyper)` on the mesh.
    """
    features = arguments[1].features.shape[1]
    members = len(stage.hyper.seed)
    rows, ends = chunk(stage, 0, 0, [{}] * members)
    rows = parallel.put(rows, mesh, PartitionSpec(None, None, DATA))
    jitted = stage.program.compile(members, features)
    return jitted.lower(*arguments, rows, ends, jnp.int32(0)).compile()


def chunk(
    stage: Stage, first: int, number: int, sites: Sequence[dict[str, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Rows `[members, capacity, batch]` and epoch ends of the next steps, padded.

    Args:
      stage: whose batches.
      first: step of the stage.
      number: of steps, at most the capacity.
      sites: a member each, `sites` and `background` of `batch_rows`.
    """
    plan, seeds = stage.plan, stage.hyper.seed
    rows = np.full((len(seeds), CAPACITY, plan.rows), -1, np.int32)
    for member, (seed, allowed) in enumerate(zip(seeds, sites, strict=True)):
        rows[member, :number] = batch_rows(
            plan, int(seed), first, first + number, **allowed
        )
    ends = np.zeros(CAPACITY, bool)
    ends[:number] = plan.epoch_ends(first, first + number)
    return rows, ends


def _prevalence(counts: np.ndarray) -> np.ndarray:
    """Share of the sites with a species, of those where it was looked for."""
    looked_for = np.maximum(np.sum(~np.isnan(counts), axis=0), 1)
    return np.sum(counts > 0, axis=0) / looked_for


def _optimizer(options, total_steps, frozen, learning_rate, weight_decay):
    named = {
        key: value
        for key, value in options.items()
        if key not in ("learning_rate", "weight_decay")
    }
    hidden = ("total_steps", "frozen")
    check_options(optimizers.build, named, "the optimizer of a stage", hidden)
    return optimizers.build(
        total_steps=total_steps,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        frozen=frozen,
        **named,
    )
