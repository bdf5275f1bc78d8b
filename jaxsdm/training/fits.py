"""The kinds of fit a config may name, and runs over all tasks with them."""

import contextlib
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxsdm import parallel
from jaxsdm.data import SiteTable, Task
from jaxsdm.registry import choose
from jaxsdm.training import maxent, network, random_forest
from jaxsdm.training.config import check_values, for_task
from jaxsdm.training.context import Context, MemberScores, Predictor
from jaxsdm.training.interruption import Interrupted, Interruption, catch_signals
from jaxsdm.training.log import Progress, TrainLog
from jaxsdm.training.objectives import OF_SURVEYS
from jaxsdm.training.problem import Problem, make_problem
from jaxsdm.training.run import (
    Run,
    blend_weights,
    check_fields,
    member_runs,
    open_run,
)


class Fit(NamedTuple):
    """A kind of model: how it is refused, fitted into a run folder and loaded."""

    check: Callable[[Problem, ConfigDict, Mesh], None]
    fit: Callable[[Problem, ConfigDict, Context], None]
    load: Callable[[Problem, ConfigDict, Context], Predictor]


BY_NAME = {
    "network": Fit(network.check, network.fit, network.load),
    "maxent": Fit(maxent.check, maxent.fit, maxent.load),
    "forest": Fit(random_forest.check, random_forest.fit, random_forest.load),
}


def check(config: ConfigDict, tasks: Sequence[Task]) -> None:
    """Refuses a config or tables that would fail later, before anything is written.

    Raises:
      ValueError: an unknown field, name or option, too few devices, a missing
        predictor; says which and lists the known ones.
    """
    check_fields(config)
    members = member_runs(Run(pathlib.Path(), config))
    for member in members.values():
        check(member.config, tasks)
    for task in tasks:
        if members:
            blend_weights(config, task.name)
            continue
        chosen = for_task(config, task.name)
        check_values(chosen)
        if len(chosen.patches) and chosen.fit != "network":
            raise ValueError(
                f"config.patches: fit {chosen.fit!r} reads tables alone; fit='network' "
                "reads patches of rasters."
            )
        kind = choose(BY_NAME, chosen.fit, "fit")
        problem = make_problem(task, chosen)
        _check_unknown(problem, chosen)
        kind.check(problem, chosen, make_mesh(chosen))


def _check_unknown(problem: Problem, config: ConfigDict) -> None:
    """Refuses species that were not looked for (NaN), where these have no meaning."""
    unknown = int(np.isnan(problem.counts).sum())
    names = {
        (config.objective.to_dict() | config.stage[stage].objective.to_dict())["name"]
        for stage in config.stages
    }
    if unknown and (config.fit != "network" or names - OF_SURVEYS):
        what = "fit " + repr(config.fit)
        if config.fit == "network":
            what = f"objective {', '.join(sorted(names - OF_SURVEYS))}"
        raise ValueError(
            f"{problem.task.name}: {unknown} of {problem.counts.size} times a species "
            f"was not looked for at a place, and {what} has no use for that. Take "
            "fit='network' and an objective of surveys: "
            f"{', '.join(sorted(OF_SURVEYS))}."
        )


def train(run: Run, tasks: Sequence[Task], *, quiet: bool = False) -> None:
    """Fits every task of a run, going on where it was.

    Of a blend, every member is fitted to the tasks in which it has a weight.

    Raises:
      Interrupted: a signal came; what was done is saved.
      ValueError: bad input, an unknown name, or a checkpoint of another model.
    """
    members = member_runs(run)
    if members:
        for name, member in members.items():
            used = [t for t in tasks if blend_weights(run.config, t.name)[name]]
            train(open_run(member.folder, member.config), used, quiet=quiet)
        return
    with open_context(run, quiet) as context:
        for task in tasks:
            config = for_task(run.config, task.name)
            kind = choose(BY_NAME, config.fit, "fit")
            kind.fit(make_problem(task, config), config, context)
            stop = context.stop_signal()
            if stop is not None:
                raise Interrupted(
                    stop,
                    f"stopped by a signal after {task.name}; what was done is saved. "
                    "Start the same command again to go on.",
                )


def load_predictor(run: Run, task: Task) -> Callable[[SiteTable, str], np.ndarray]:
    """A trained run as a function of a site table: its log suitability.

    For a blend it is the weighted mean of the members' log suitabilities.

    Args:
      run: trained.
      task: one of its tasks.

    Returns:
      `predict(table, name) -> [sites, species]`, species as in `task.records`.

    Raises:
      FileNotFoundError: the task was not trained.
    """
    members = member_runs(run)
    if members:
        weights = blend_weights(run.config, task.name)
        parts = [
            (weights[name], load_predictor(member, task))
            for name, member in members.items()
            if weights[name]
        ]

        def blend(table: SiteTable, name: str) -> np.ndarray:
            return np.sum([w * part(table, name) for w, part in parts], axis=0)

        return blend
    config = for_task(run.config, task.name)
    problem = make_problem(task, config)
    with open_context(run, quiet=True, prediction=True) as context:
        predictor = choose(BY_NAME, config.fit, "fit").load(problem, config, context)
    return lambda table, name: predictor(problem.encode(table, name))


def load_members(run: Run, task: Task) -> Callable[[SiteTable, str], MemberScores]:
    """A trained run as a function of a site table: what each of its members says.

    A blend, or a fit without members, is one member: its log suitability.

    Args:
      run: trained.
      task: one of its tasks.

    Raises:
      FileNotFoundError: the task was not trained.
    """
    config = for_task(run.config, task.name)
    if member_runs(run) or config.fit != "network":
        predict = load_predictor(run, task)
        return lambda table, name: MemberScores(predict(table, name)[None])
    problem = make_problem(task, config)
    with open_context(run, quiet=True, prediction=True) as context:
        members = network.load_members(problem, config, context)
    return lambda table, name: members(problem.encode(table, name))


def make_mesh(config: ConfigDict) -> Mesh:
    """The device mesh a config asks for."""
    return parallel.make_mesh(config.mesh.data, config.mesh.species)


@contextlib.contextmanager
def open_context(
    run: Run, quiet: bool, *, prediction: bool = False
) -> Iterator[Context]:
    """The surroundings of a fit: log, progress and signals, closed at the end.

    Args:
      run: the run folder.
      quiet: tell and log nothing.
      prediction: one device will do where there are fewer than the config wants,
        and signals stop it as they stop any program.
    """
    first = parallel.is_first()
    wanted = max(run.config.mesh.data, 1) * run.config.mesh.species
    fits = wanted <= jax.device_count()
    one_will_do = prediction and not fits
    mesh = parallel.make_mesh(1, 1) if one_will_do else make_mesh(run.config)
    signals = contextlib.nullcontext(Interruption()) if prediction else catch_signals()
    log = TrainLog(run.folder, write=first and not quiet)
    try:
        with signals as interruption, Progress(quiet or not first) as progress:
            yield Context(run.folder, mesh, log, progress, interruption)
    finally:
        log.close()


__all__ = ["BY_NAME", "Fit", "check", "load_predictor", "make_mesh", "train"]
