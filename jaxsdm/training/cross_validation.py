"""Spatial cross-validation on records alone: scores where a model has not looked.

Every site with records and every background cell is scored by models that were
trained without its block. Presence-absence surveys take no part: what is chosen with
these scores can be judged on the surveys.
"""

import dataclasses
import pathlib
import tempfile
from collections.abc import Mapping, Sequence

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float, Int
from ml_collections import ConfigDict

from jaxsdm import metrics
from jaxsdm.data import spatial_blocks
from jaxsdm.training.network import kept_parameters
from jaxsdm.training.network_outputs import member_outputs
from jaxsdm.training.network_stage import CAPACITY, Stage
from jaxsdm.training.problem import Problem
from jaxsdm.training.running import open_steps

FEWEST_RECORDS = 5
"""Species with fewer records say nothing in cross-validation and are left out."""

GRID = ("learning_rate", "weight_decay", "dropout", "background_mass")
"""Hyper-parameters that members of one program may differ in."""


@dataclasses.dataclass(frozen=True, eq=False)
class Folds:
    """One division of a problem into folds of whole blocks.

    Attributes:
      records: `[sites]` fold of each site with records.
      background: `[cells]` fold of each background cell.
      number: how many folds.
    """

    records: Int[np.ndarray, " sites"]
    background: Int[np.ndarray, " cells"]
    number: int


def make_folds(problem: Problem, folds: int, blocks: int) -> Folds:
    """Folds of `blocks` x `blocks` blocks over the area, balanced in records."""
    records, background = problem.task.records, problem.task.background
    fold = spatial_blocks(
        np.concatenate([records.x, background.x]),
        np.concatenate([records.y, background.y]),
        folds=folds,
        blocks=(blocks, blocks),
        weights=np.concatenate(
            [np.nansum(records.counts, 1), np.zeros(len(background))]
        ),
    )
    return Folds(fold[: len(records)], fold[len(records) :], folds)


def network_scores(
    problem: Problem,
    config: ConfigDict,
    divisions: Sequence[Folds],
    grid: Sequence[Mapping[str, float]],
    mesh: Mesh,
) -> Float[np.ndarray, "grid divisions rows species"]:
    """Out-of-fold scores of networks: grid x divisions x folds x seeds in one program.

    Args:
      problem: the task.
      config: of the network; its one stage is trained.
      divisions: into folds.
      grid: hyper-parameters that replace those of the config, by name of `GRID`.
      mesh: the device mesh.

    Returns:
      Log suitability of the sites with records, then the background cells, each by
      the mean of the seeds that were trained without its fold.

    Raises:
      ValueError: a config of several stages, or an unknown hyper-parameter.
    """
    if len(config.stages) != 1:
        raise ValueError("cross-validation of networks: want one stage.")
    unknown = sorted({name for point in grid for name in point} - set(GRID))
    if unknown:
        raise ValueError(
            f"config.tuning.grid: unknown {', '.join(unknown)}; known: "
            f"{', '.join(GRID)}."
        )
    members = [
        (g, d, fold, seed)
        for g in range(len(grid))
        for d, division in enumerate(divisions)
        for fold in range(division.number)
        for seed in config.tuning.seeds
    ]
    sites = [
        {"sites": np.flatnonzero(divisions[d].records != fold)}
        for _, d, fold, _ in members
    ]
    used = max(len(part["sites"]) for part in sites)
    spread = _spread(config, [grid[g] for g, *_ in members], [m[3] for m in members])
    stage = Stage(problem, spread, spread.stages[0], mesh, used=used)
    if stage.plan.background:
        for part, (_, d, fold, _) in zip(sites, members, strict=True):
            part["background"] = np.flatnonzero(divisions[d].background != fold)
    state = _train(stage, problem, config, mesh, sites)
    parameters = kept_parameters(state, spread.keep)
    apply = member_outputs(stage.program.module, parameters, problem.patches)
    logits = apply(problem.sites_and_background)["logits"]
    rows = len(problem.features)
    species = problem.counts.shape[1]
    out = np.zeros((len(grid), len(divisions), logits.shape[1], species), np.float32)
    for member, (g, d, fold, _) in enumerate(members):
        trained = logits[member, :rows][divisions[d].records != fold]
        centred = logits[member] - np.asarray(jax.nn.logsumexp(trained, axis=0))
        division = divisions[d]
        held = np.concatenate([division.records, division.background]) == fold
        out[g, d, held] += centred[held, :species] / len(config.tuning.seeds)
    return out


def fold_scores(
    problem: Problem, config: ConfigDict, division: Folds, fit, context
) -> Float[np.ndarray, "rows species"]:
    """Out-of-fold scores of any kind of fit, one fold after the other.

    Args:
      problem: the task.
      config: of the member.
      division: into folds.
      fit: a `training.fits.Fit`.
      context: of the run; checkpoints of the folds go to a temporary folder.

    Returns:
      As `network_scores`, for one division.
    """
    where = np.concatenate([division.records, division.background])
    out = np.zeros((len(where), problem.counts.shape[1]), np.float32)
    for fold in range(division.number):
        part = problem.take(division.records != fold, division.background != fold)
        with tempfile.TemporaryDirectory() as folder:
            inside = dataclasses.replace(context, folder=pathlib.Path(folder))
            fit.fit(part, config, inside)
            predict = fit.load(part, config, inside)
            held = np.flatnonzero(where == fold)
            out[held] = predict(problem.rows(held))
    return out


def held_out_auc(
    problem: Problem, scores: Float[np.ndarray, "rows species"], division: Folds
) -> dict[str, Float[np.ndarray, " species"]]:
    """AUC of held-out records within each fold, averaged over folds by records.

    Args:
      problem: the task.
      scores: as `network_scores`, one division.
      division: into folds.

    Returns:
      `target_group`: against the held-out sites with records of other species only,
      which share the bias of the survey effort; `background`: against the held-out
      cells of the area. NaN for species with fewer than `FEWEST_RECORDS` records, or
      without a fold that can be scored.
    """
    present = problem.counts > 0
    rows, species = present.shape
    total = {"target_group": np.zeros(species), "background": np.zeros(species)}
    weight = {name: np.zeros(species) for name in total}
    for fold in range(division.number):
        here, cells = division.records == fold, division.background == fold
        held = present[here].sum(0)
        kinds = {
            "target_group": (scores[:rows][here], present[here]),
            "background": (
                np.concatenate([scores[:rows][here], scores[rows:][cells]]),
                np.concatenate([present[here], np.zeros((cells.sum(), species), bool)]),
            ),
        }
        for name, (score, label) in kinds.items():
            labels = label.astype(np.float32)
            if name == "background":  # other species' sites are neither
                labels[: here.sum()][~present[here]] = np.nan
            auc = np.asarray(metrics.roc_auc(score, labels))
            defined = np.isfinite(auc) & (present.sum(0) - held >= 2)
            total[name] += np.where(defined, np.nan_to_num(auc) * held, 0)
            weight[name] += np.where(defined, held, 0)
    enough = present.sum(0) >= FEWEST_RECORDS
    return {
        name: np.where(
            enough & (weight[name] > 0),
            total[name] / np.maximum(weight[name], 1),
            np.nan,
        )
        for name in total
    }


def _spread(config: ConfigDict, points, seeds) -> ConfigDict:
    """The config of a program whose members are those points and seeds."""
    spread = ConfigDict(config.to_dict())
    optimizer = spread.stage[spread.stages[0]].optimizer
    places = {
        "learning_rate": optimizer,
        "weight_decay": optimizer,
        "dropout": spread.model,
        "background_mass": spread.background,
    }
    with spread.ignore_type():
        spread.seeds = tuple(seeds)
        for name, place in places.items():
            field = "mass" if name == "background_mass" else name
            value = place.get(field, 0.0)
            place[field] = tuple(float(point.get(name, value)) for point in points)
    return spread


def _train(stage: Stage, problem: Problem, config: ConfigDict, mesh: Mesh, sites):
    state = stage.program.init(stage.hyper, problem.features.shape[1])
    with open_steps(stage, problem, config, mesh, state, sites) as run:
        for first in range(0, stage.steps, CAPACITY):
            state = run(state, first, min(CAPACITY, stage.steps - first)).state
    return state
