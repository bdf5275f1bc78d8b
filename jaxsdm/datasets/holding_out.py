"""Holding out a part of a task's sites, so that it is judged where it did not learn."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Bool
from scipy.spatial import cKDTree

from jaxsdm.data import (
    Design,
    SiteTable,
    Split,
    Surface,
    Task,
    buffered,
    checkerboard,
    distance_matched_folds,
    environmental_clusters,
    random_folds,
    spatial_blocks,
    suggest_block_size,
)
from jaxsdm.data.splits import BlockSize, block_numbers
from jaxsdm.data.surface import EARTH_RADIUS
from jaxsdm.markdown import significant
from jaxsdm.registry import choose

HELD_OUT = "held_out"
"""The survey of the sites that were held out."""

_BLOCKS_A_FOLD, _HALVINGS = 4, 12

_AREA = 2000
"""Places of the area whose distances to the sites are matched."""


def hold_out(
    task: Task,
    method: str,
    *,
    folds: int,
    fold: int,
    block_size: float | int = 0.0,
    buffer: float | int = 0.0,
    seed: int = 0,
) -> Task:
    """The task with one fold of its sites held out and a survey of these.

    Background cells that are nearer to a held-out site than to any that is trained on
    go too: what is fitted on them would know the held-out part of the area.

    Args:
      task: whose `records` are split.
      method: a name of `BY_NAME`.
      folds: how many; checkerboards have 2.
      fold: the one that is held out, from 0.
      block_size: of blocks and checkerboards, in metres where the CRS is of degrees,
        else in units of it; 0 takes the range of spatial autocorrelation of the
        predictors (`suggest_block_size`).
      buffer: sites this near to a held-out site are not trained on, in the same unit.
      seed: of the folds.

    Returns:
      The task with `held_out`, the survey `"held_out"`, and its `design` telling how.
      Presence-only, a species is present in the survey where it was recorded and
      absent in the other cells with records; a single species, in the held-out
      background cells without one.

    Raises:
      ValueError: no such method or fold, or too few sites to split.
    """
    make = choose(BY_NAME, method, "split")
    sites = task.records
    asked = _Asked(task, folds, float(block_size), seed)
    number, said, derived = make(asked)
    split = Split.of(number)
    if buffer:
        split = buffered(number, sites.x, sites.y, distance=buffer, crs=sites.crs)
        said += f", sites within {buffer:g} {Surface(sites.crs).unit} left out"
    held = hold_out_fold(task, split, fold, said)
    design = held.design
    assert design is not None
    assert held.held_out is not None
    kept = _nearer(task.background, held.records, held.held_out)
    if not kept.any():
        raise ValueError(
            f"{task.name}: no background cell is left beside what is held out; take "
            "more background, or another split."
        )
    if len(sites.species) == 1 and design.kind == "presence_only":
        # There is no other species whose sites could stand for absences.
        survey = _beside(held.surveys[HELD_OUT], task.background.take(~kept))
        held = dataclasses.replace(held, surveys={**held.surveys, HELD_OUT: survey})
    return dataclasses.replace(
        held,
        background=task.background.take(kept),
        design=dataclasses.replace(design, block_size=derived),
    )


def hold_out_fold(task: Task, split: Split, fold: int, method: str) -> Task:
    """The task with one fold of a split held out and a survey of it.

    Args:
      task: whose `records` are split.
      split: of them.
      fold: the one that is held out, from 0.
      method: how they were split, in words.

    Raises:
      ValueError: no such fold, or it leaves nothing to train on.
    """
    if not 0 <= fold < split.folds:
        raise ValueError(
            f"{task.name}: fold from 0 to {split.folds - 1} of {method}, got {fold}."
        )
    train, test = list(split)[fold]
    if not len(train):
        raise ValueError(f"{task.name}: {method} leave no site to train on.")
    held = task.records.take(test)
    design = task.design or Design({}, task.records, task.background)
    survey = held
    if design.kind == "presence_only":
        present = (held.counts > 0).astype(np.float32)
        survey = dataclasses.replace(held, counts=present)
    return dataclasses.replace(
        task,
        records=task.records.take(train),
        surveys={**task.surveys, HELD_OUT: survey},
        held_out=dataclasses.replace(held, counts=np.nan_to_num(held.counts)),
        design=dataclasses.replace(design, split=split, method=method, tested=fold),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Asked:
    task: Task
    folds: int
    block_size: float
    seed: int

    @property
    def sites(self) -> SiteTable:
        return self.task.records

    def size(self) -> tuple[float, BlockSize | None]:
        """The side of a block, and how it was derived."""
        if self.block_size:
            return self.block_size, None
        area = self.task.background
        values = area.predictors[list(self.task.continuous)]
        derived = suggest_block_size(
            area.x, area.y, values, crs=area.crs, seed=self.seed
        )
        return derived.size, derived


_Made = tuple[np.ndarray, str, BlockSize | None]


def _random(asked: _Asked) -> _Made:
    folds = random_folds(len(asked.sites), folds=asked.folds, seed=asked.seed)
    return folds, f"{asked.folds} folds at random", None


def _blocks(asked: _Asked) -> _Made:
    size, derived = asked.size()
    sites = asked.sites
    if derived is not None:
        derived = _smaller(derived, sites, asked.folds)
        size = derived.size
    else:
        _check_blocks(asked.task.name, sites, size, asked.folds)
    folds = spatial_blocks(
        sites.x,
        sites.y,
        folds=asked.folds,
        block_size=size,
        counts=np.nan_to_num(sites.counts),
        crs=sites.crs,
        seed=asked.seed,
    )
    unit = Surface(sites.crs).unit
    return (
        folds,
        f"{asked.folds} folds of spatial blocks of {significant(size)} {unit}",
        derived,
    )


def _checkerboard(asked: _Asked) -> _Made:
    size, derived = asked.size()
    sites = asked.sites
    surface = Surface(sites.crs)
    angle = float(np.rad2deg(size / EARTH_RADIUS)) if surface.is_sphere else size
    folds = checkerboard(sites.x, sites.y, size=angle)
    unit = surface.unit
    return folds, f"a checkerboard of squares of {significant(size)} {unit}", derived


def _environment(asked: _Asked) -> _Made:
    values = asked.sites.predictors[list(asked.task.continuous)]
    folds = environmental_clusters(values, asked.folds, seed=asked.seed)
    return folds, f"{asked.folds} clusters of environments", None


def _distance(asked: _Asked) -> _Made:
    area = asked.task.background
    rng = np.random.default_rng(asked.seed)
    drawn = np.sort(rng.permutation(len(area))[:_AREA])
    sites = asked.sites
    matched = distance_matched_folds(
        sites.x,
        sites.y,
        area.x[drawn],
        area.y[drawn],
        folds=asked.folds,
        crs=sites.crs,
        seed=asked.seed,
    )
    said = f"{asked.folds} folds as far apart as the area is from the sites (kNNDM)"
    return matched.split.fold, said, None


BY_NAME: dict[str, Callable[[_Asked], _Made]] = {
    "blocks": _blocks,
    "checkerboard": _checkerboard,
    "distance": _distance,
    "environment": _environment,
    "random": _random,
}
"""How sites can be split: spatial blocks, squares of a checkerboard, clusters matched
to the distances of prediction (kNNDM), clusters of environments, at random."""


def _occupied(sites: SiteTable, size: float) -> int:
    numbers = block_numbers(sites.x, sites.y, block_size=size, crs=sites.crs)
    return int(numbers.max()) + 1


def _smaller(derived: BlockSize, sites: SiteTable, folds: int) -> BlockSize:
    """Blocks of a size at which every fold can have several with sites.

    With few blocks a fold, folds differ much in size and rare species are lost.
    """
    wanted = min(_BLOCKS_A_FOLD * folds, len(sites))
    size = derived.size
    for _ in range(_HALVINGS):
        occupied = _occupied(sites, size)
        if occupied >= wanted:
            break
        size /= 2
    if size == derived.size:
        return derived
    bounded = (
        f"halved to {significant(size)} {derived.autocorrelation.unit}, so that sites "
        f"lie in {occupied} blocks; neighbours across edges are more alike than at the "
        "range: a buffer leaves them out"
    )
    return dataclasses.replace(derived, size=size, bounded=bounded)


def _check_blocks(name: str, sites: SiteTable, size: float, folds: int) -> None:
    occupied = _occupied(sites, size)
    if occupied < folds:
        raise ValueError(
            f"{name}: sites lie in {occupied} blocks of {significant(size)} "
            f"{Surface(sites.crs).unit}, too few for {folds} folds; give a smaller "
            "block_size, fewer folds, or another split."
        )


def _beside(survey: SiteTable, cells: SiteTable) -> SiteTable:
    """A survey of presences and of cells that count as absences."""
    places = pd.MultiIndex.from_arrays([survey.x, survey.y])
    others = pd.MultiIndex.from_arrays([cells.x, cells.y])
    cells = cells.take(~others.isin(places))
    return dataclasses.replace(
        survey,
        x=np.concatenate([survey.x, cells.x]),
        y=np.concatenate([survey.y, cells.y]),
        predictors=pd.concat([survey.predictors, cells.predictors]),
        counts=np.concatenate([survey.counts, np.zeros_like(cells.counts)]),
    )


def _nearer(
    cells: SiteTable, trained: SiteTable, held: SiteTable
) -> Bool[np.ndarray, " cells"]:
    """Cells that are not nearer to a site held out than to one trained on."""
    surface = Surface(cells.crs)
    at = surface.points(cells.x, cells.y)
    to_trained, to_held = (
        cKDTree(surface.points(table.x, table.y)).query(at)[0]
        for table in (trained, held)
    )
    return np.asarray(to_trained <= to_held)
