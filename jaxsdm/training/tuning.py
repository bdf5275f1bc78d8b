"""Choices between candidates by their cross-validated AUC on the records alone."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from ml_collections import ConfigDict

from jaxsdm.data import Task
from jaxsdm.registry import choose
from jaxsdm.training.config import for_task
from jaxsdm.training.cross_validation import (
    fold_scores,
    held_out_auc,
    make_folds,
    network_scores,
)
from jaxsdm.training.fits import BY_NAME as FITS
from jaxsdm.training.fits import open_context
from jaxsdm.training.interruption import Interrupted
from jaxsdm.training.problem import make_problem
from jaxsdm.training.run import Run, blend_weights, member_runs

CRITERION = "target_group"
"""Held-out records against held-out sites of other species: both carry the bias of
the survey effort, so what is rewarded is the species' own niche."""


def best(auc: Float[np.ndarray, "candidates species"]) -> int:
    """The candidate of the highest mean AUC over species; the first among equals."""
    return int(np.argmax(np.nanmean(auc, axis=1)))


def last_within_one_se(auc: Float[np.ndarray, "candidates species"]) -> int:
    """The last candidate that is not worse than the best by more than chance.

    Candidates come in the order of a prior preference, the preferred last. Worse is
    a mean difference from the best, paired over species, of more than its standard
    error (the one-standard-error rule of Breiman et al. 1984, Classification and
    Regression Trees, section 3.4.3, with paired differences).
    """
    top = best(auc)
    chosen = top
    for candidate in range(top + 1, len(auc)):
        difference = auc[candidate] - auc[top]
        difference = difference[np.isfinite(difference)]
        error = difference.std(ddof=1) / np.sqrt(len(difference))
        if difference.mean() >= -error:
            chosen = candidate
    return chosen


RULES = {"best": best, "last_within_one_se": last_within_one_se}


def candidates_of(config: ConfigDict) -> list[dict[str, float]]:
    """What a config chooses between, in order.

    Points of `config.tuning.grid` for a single model, `config.tuning.candidates`
    (weights of members) for a blend.

    Raises:
      ValueError: there is nothing to choose between.
    """
    if len(config.members):
        candidates = [dict(weights) for weights in config.tuning.candidates]
        unknown = sorted({name for c in candidates for name in c} - set(config.members))
        if unknown:
            raise ValueError(
                f"config.tuning.candidates: {', '.join(unknown)} are not members; "
                f"there are {', '.join(config.members)}."
            )
    else:
        grid = config.tuning.grid.to_dict()
        values = [
            value if isinstance(value, tuple | list) else (value,)
            for value in grid.values()
        ]
        candidates = [
            dict(zip(grid, point, strict=True)) for point in itertools.product(*values)
        ]
    if len(candidates) < 2:
        raise ValueError(
            "nothing to choose between: give config.tuning.grid (a network) or "
            "config.tuning.candidates (a blend) two values or more."
        )
    return candidates


def tune(run: Run, tasks: Sequence[Task]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Cross-validates every candidate of a run's config on every task and chooses.

    Args:
      run: whose config says what to choose between, and by which rule.
      tasks: of its dataset; only records and background are looked at.

    Returns:
      A table, one row a task, candidate, criterion and species, and the choice of
      each task: weights for a blend, else fields to lay over the config.

    Raises:
      Interrupted: a signal came, after the task that was under way.
    """
    candidates = candidates_of(run.config)
    rule = choose(RULES, run.config.tuning.rule, "tuning rule")
    auc: dict[str, dict[str, np.ndarray]] = {}
    chosen: dict[str, int] = {}
    with open_context(run, quiet=False) as context:
        for task in tasks:
            context.progress.say(f"{task.name}: cross-validation")
            auc[task.name] = _candidate_auc(run, task, candidates, context)
            chosen[task.name] = rule(auc[task.name][CRITERION])
            stop = context.stop_signal()
            if stop is not None:
                raise Interrupted(stop, f"stopped by a signal after {task.name}.")
            means = np.nanmean(auc[task.name][CRITERION], axis=1)
            context.progress.say(
                f"{task.name}: {candidates[chosen[task.name]]}, AUC "
                f"{means[chosen[task.name]]:.4f} ({means.min():.4f} to "
                f"{means.max():.4f})"
            )
    if run.config.tuning.pooled:
        pooled = [values[CRITERION] for values in auc.values()]
        chosen = dict.fromkeys(chosen, rule(np.concatenate(pooled, axis=1)))
    choices = {
        name: _as_fields(run.config, candidates[number])
        for name, number in chosen.items()
    }
    return _table(tasks, candidates, auc, chosen), choices


def _table(tasks: Sequence[Task], candidates, auc, chosen) -> pd.DataFrame:
    """One row a task, criterion, candidate and species."""
    parts = [
        pd.DataFrame(
            {
                "task": task.name,
                "candidate": number,
                "values": str(candidate),
                "chosen": number == chosen[task.name],
                "criterion": criterion,
                "species": task.records.species,
                "auc": values[number],
            }
        )
        for task in tasks
        for criterion, values in auc[task.name].items()
        for number, candidate in enumerate(candidates)
    ]
    return pd.concat(parts, ignore_index=True)


def _candidate_auc(run: Run, task: Task, candidates, context):
    """Criterion -> `[candidates, species]`, the mean over divisions."""
    config = for_task(run.config, task.name)
    tuning = run.config.tuning
    problem = make_problem(task, config)
    divisions = [make_folds(problem, tuning.folds, size) for size in tuning.blocks]
    if len(config.members):
        parts = {
            name: _out_of_fold(problem, member, tuning, divisions, context)
            for name, member in member_runs(run).items()
        }
        scores = [
            sum(weight * parts[name] for name, weight in weights.items())
            / sum(weights.values())
            for weights in candidates
        ]
    else:
        scores = list(
            network_scores(problem, config, divisions, candidates, context.mesh)
        )
    auc: dict[str, list[np.ndarray]] = {}
    for candidate in scores:
        by_division = [
            held_out_auc(problem, candidate[d], division)
            for d, division in enumerate(divisions)
        ]
        for name in by_division[0]:
            mean = np.mean([values[name] for values in by_division], axis=0)
            auc.setdefault(name, []).append(mean)
    return {name: np.stack(values) for name, values in auc.items()}


def _out_of_fold(problem, run: Run, tuning, divisions, context) -> np.ndarray:
    """`[divisions, rows, species]` of a member, which may be a blend itself."""
    members = member_runs(run)
    if members:
        weights = blend_weights(run.config, problem.task.name)
        parts = [
            weights[name] * _out_of_fold(problem, member, tuning, divisions, context)
            for name, member in members.items()
            if weights[name]
        ]
        return np.sum(parts, axis=0)
    config = for_task(run.config, problem.task.name)
    context.progress.say(f"{problem.task.name}: folds of {run.folder.name}")
    if config.fit == "network":
        config.tuning = tuning
        return network_scores(problem, config, divisions, [{}], context.mesh)[0]
    fit = choose(FITS, config.fit, "fit")
    return np.stack(
        [fold_scores(problem, config, one, fit, context) for one in divisions]
    )


def _as_fields(config: ConfigDict, candidate: Mapping[str, float]) -> dict[str, Any]:
    """A chosen candidate as weights, or as fields of the config."""
    if len(config.members):
        return {name: weight for name, weight in candidate.items() if weight}
    fields: dict[str, Any] = {}
    for name, value in candidate.items():
        if name == "dropout":
            fields["model"] = {name: value}
        elif name == "background_mass":
            fields["background"] = {"mass": value}
        else:
            stage = fields.setdefault("stage", {}).setdefault(config.stages[0], {})
            stage.setdefault("optimizer", {})[name] = value
    return fields
