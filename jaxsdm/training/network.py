"""Fitting a network by gradient descent: stages, chunks of steps, checkpoints."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxsdm import parallel
from jaxsdm.training import objectives, running
from jaxsdm.training.batches import Plan, bootstrap_sites
from jaxsdm.training.checkpoints import open_checkpoints
from jaxsdm.training.context import Context, MemberScores, Predictor
from jaxsdm.training.interruption import Interrupted
from jaxsdm.training.network_outputs import member_outputs
from jaxsdm.training.network_stage import CAPACITY, Stage
from jaxsdm.training.problem import Problem
from jaxsdm.training.step import TrainState


def check(problem: Problem, config: ConfigDict, mesh: Mesh) -> None:
    """Refuses what would fail when training starts, without compiling anything.

    Raises:
      ValueError: an unknown name or option; lists the known ones.
    """
    for name in config.stages:
        stage = Stage(problem, config, name, mesh)
        stage.program.shapes(len(config.seeds), problem.features.shape[1])


def fit(problem: Problem, config: ConfigDict, context: Context) -> None:
    """Trains the members of one task to the end, from its last checkpoint if any.

    Raises:
      FloatingPointError: a loss is not finite; names the step and the member.
      Interrupted: a signal came; the state was saved.
      ValueError: the checkpoint belongs to another model.
    """
    task = problem.task.name
    stages = [Stage(problem, config, name, context.mesh) for name in config.stages]
    total = sum(stage.steps for stage in stages)
    about = _about(problem, config, stages[0].columns)
    with open_checkpoints(context.checkpoints(task)) as checkpoints:
        step = checkpoints.latest_step()
        state = None
        if step is not None:
            first = _stage_of(stages, step)
            shapes = stages[first].program.shapes(
                len(config.seeds), problem.features.shape[1]
            )
            problem.check_bands(checkpoints.about())
            state = checkpoints.restore(shapes, about)
            context.log.rewind(task, step)
        if step is not None and step > total:
            raise ValueError(
                f"{task}: the checkpoint is of step {step}, and with these tables "
                f"training ends at step {total}: they have changed. Use another "
                "--workdir."
            )
        if step == total:
            context.progress.say(f"{task}: trained already ({total} steps)")
            return
        context.progress.start(task, total, step or 0)
        begin = 0
        for stage in stages:
            end = begin + stage.steps
            if (step or 0) < end:
                state = _enter(stage, problem, state, fresh=(step or 0) == begin)
                state = _run_stage(
                    stage, problem, config, context, checkpoints, state, begin, about
                )
                step = end
            begin = end
        checkpoints.save(total, state, about)


def load(problem: Problem, config: ConfigDict, context: Context) -> Predictor:
    """The fitted members as a function of encoded places: log suitability.

    Log intensities are normalised over the training sites, member by member, and
    averaged over members; the logits of an objective that compares species are left as
    they are (`objectives.OVER_SPECIES`). A model that was stopped is loaded as far as
    it came, with a warning.

    Raises:
      FileNotFoundError: not trained. ValueError: the checkpoint is another model's.
    """
    apply = _restored(problem, config, context)
    species = problem.counts.shape[1]
    if _compares_species(config):
        # A constant per species leaves each species' map as it is, and says which one
        # of two species is likelier.
        return lambda inputs: np.mean(apply(inputs)["logits"], 0)[:, :species]
    normaliser = jax.nn.logsumexp(apply(problem.sites)["logits"], axis=1)

    def log_suitability(inputs: Mapping[str, Any]) -> np.ndarray:
        logits = apply(inputs)["logits"]
        centred = np.mean(logits - np.asarray(normaliser)[:, None], axis=0)
        return centred[:, :species]

    return log_suitability


def load_members(
    problem: Problem, config: ConfigDict, context: Context
) -> Callable[[Mapping[str, Any]], MemberScores]:
    """The fitted members one by one, with scores that compare the species of a place.

    The logits of an objective that compares species are taken as they are. Log
    intensities are normalised over the training sites and multiplied by the species'
    records: what is likely to be recorded here.

    Raises:
      FileNotFoundError: not trained. ValueError: the checkpoint is another model's.
    """
    apply = _restored(problem, config, context)
    species = problem.counts.shape[1]
    shift = np.zeros((1, 1, 1), np.float32)
    if not _compares_species(config):
        total = jax.nn.logsumexp(apply(problem.sites)["logits"], axis=1)
        records = np.log(np.maximum(problem.counts.sum(0), 1))
        shift = (records - np.asarray(total)[:, :species])[:, None]

    def scores(inputs: Mapping[str, Any]) -> MemberScores:
        found = apply(inputs)
        sets = found.get("set_logits")
        return MemberScores(
            found["logits"][..., :species] + shift,
            None if sets is None else sets[..., :species],
        )

    return scores


def _restored(problem: Problem, config: ConfigDict, context: Context):
    """`member_outputs` of the last checkpoint."""
    task, species = problem.task.name, problem.counts.shape[1]
    with open_checkpoints(context.checkpoints(task), create=False) as checkpoints:
        saved = checkpoints.about()
        problem.check_bands(saved)
        columns = saved.get("columns") or species
        stages = [
            Stage(problem, config, name, context.mesh, columns=columns)
            for name in config.stages
        ]
        step, total = checkpoints.latest_step(), sum(stage.steps for stage in stages)
        program = stages[_stage_of(stages, step or 0)].program
        shapes = program.shapes(len(config.seeds), problem.features.shape[1])
        state = checkpoints.restore(shapes, _about(problem, config, columns))
    if step != total:
        warnings.warn(
            f"{task}: training was stopped at step {step} of {total}; this is the "
            "model of that step. Start scripts/train.py again to finish it.",
            stacklevel=3,
        )
    parameters = kept_parameters(state, config.keep)
    return member_outputs(program.module, parameters, problem.patches)


def _compares_species(config: ConfigDict) -> bool:
    last = config.stage[config.stages[-1]]
    objective = config.objective.to_dict() | last.objective.to_dict()
    return objective["name"] in objectives.OVER_SPECIES


def _about(problem: Problem, config: ConfigDict, columns: int) -> dict[str, Any]:
    """What a network belongs to; its columns where the species are padded."""
    padded = columns != problem.counts.shape[1]
    return problem.about(config) | ({"columns": columns} if padded else {})


def kept_parameters(state: TrainState, keep: str) -> Any:
    """The parameters a config asks for: last, best epoch, or moving average."""
    return {"last": state.params, "best_epoch": state.best, "average": state.average}[
        keep
    ]


def _stage_of(stages: Sequence[Stage], step: int) -> int:
    """The stage that a checkpoint of this step was written in."""
    ends = np.cumsum([stage.steps for stage in stages])
    return min(int(np.searchsorted(ends, step)), len(stages) - 1)


def _enter(
    stage: Stage, problem: Problem, state: TrainState | None, *, fresh: bool
) -> TrainState:
    """The state a stage starts from: new, as restored, or with a new optimiser."""
    if state is not None and not fresh:
        return state
    begun = stage.program.init(stage.hyper, problem.features.shape[1])
    if state is None:
        return begun
    return begun._replace(
        step=state.step,
        params=state.params,
        average=state.average,
        best=state.params if stage.program.keep_best else (),
    )


def _run_stage(stage, problem, config, context, checkpoints, state, begin, about):
    """Runs a stage from `state.step` to its end."""
    task, first = problem.task.name, int(state.step) - begin
    sites = _member_sites(stage.plan, config)
    context.progress.say(f"{task}: compiling")
    arguments = (stage, problem, config, context.mesh, state, sites, first)
    with running.open_steps(*arguments) as run:
        saved, pace, waited, spent = time.monotonic(), 8, 0.0, 0.0
        while first < stage.steps:
            number = min(pace, CAPACITY, stage.steps - first)
            every = config.checkpoint.every_steps
            if every:
                number = min(number, every - (begin + first) % every)
            started = time.monotonic()
            ran = run(state, first, number)
            state, seconds = ran.state, time.monotonic() - started
            step = begin + first + number
            _require_finite(ran.losses, task, begin + first)
            context.progress.update(step, float(ran.losses[-1].mean()))
            line = {"loss": float(ran.losses.mean()), "seconds": round(seconds, 4)}
            if ran.waited is not None:
                line["seconds_waited"] = round(ran.waited, 4)
                waited, spent = waited + ran.waited, spent + seconds
            context.log.append(task=task, stage=stage.name, step=step, **line)
            first += number
            pace = int(np.clip(number / max(seconds, 1e-3), 1, CAPACITY))
            due = time.monotonic() - saved > config.checkpoint.every_seconds
            due = due or bool(every and step % every == 0)
            # Clocks differ between processes: the first one's counts.
            pace, due = (int(value) for value in parallel.gather([pace, due])[0])
            stop = context.stop_signal()
            if first < stage.steps and (due or stop is not None):
                checkpoints.save(step, state, about)
                saved = time.monotonic()
            if stop is not None:
                if first == stage.steps:
                    checkpoints.save(step, state, about)
                raise Interrupted(
                    stop,
                    f"{task}: stopped by a signal; step {step} is saved. Start the "
                    "same command again to go on.",
                )
        if spent:
            context.progress.say(
                f"{task}: {waited / spent:.1%} of {spent:.0f} s waiting for patches"
            )
    return state


def _member_sites(plan: Plan, config: ConfigDict) -> list[dict[str, np.ndarray]]:
    if not config.bootstrap:
        return [{}] * len(config.seeds)
    every = np.arange(plan.records)
    return [{"sites": bootstrap_sites(every, seed)} for seed in config.seeds]


def _require_finite(losses: np.ndarray, task: str, first: int) -> None:
    bad = np.argwhere(~np.isfinite(losses))
    if len(bad):
        step, member = bad[0]
        raise FloatingPointError(
            f"{task}: the loss of member {member} is {losses[step, member]} at step "
            f"{first + step}. Lower the learning rate (config.stage.<name>.optimizer."
            "learning_rate) or clip the gradient (clip_norm)."
        )
