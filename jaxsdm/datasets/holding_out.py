"""Holding out a part of a task's sites, so that it is judged where it did not learn."""

import dataclasses
from collections.abc import Callable

import numpy as np
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
from jaxsdm.data.splits import BlockSize
from jaxsdm.data.surface import EARTH_RADIUS
from jaxsdm.markdown import significant
from jaxsdm.registry import choose

HELD_OUT = "held_out"
"""The survey of the sites that were held out."""

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
      absent in the other cells with records.

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
    train, test = list(split)[fold]
    kept = _trained(task.background, sites, train, test)
    assert held.design is not None
    return dataclasses.replace(
        held,
        background=task.background.take(kept),
        design=dataclasses.replace(held.design, block_size=derived),
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
    design = task.design or Design({}, task.records)
    survey = held.counts
    if design.kind == "presence_only":
        survey = (held.counts > 0).astype(np.float32)
    return dataclasses.replace(
        task,
        records=task.records.take(train),
        surveys={**task.surveys, HELD_OUT: dataclasses.replace(held, counts=survey)},
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


def _trained(
    background: SiteTable, sites: SiteTable, train: np.ndarray, test: np.ndarray
) -> Bool[np.ndarray, " cells"]:
    """Cells that are not nearer to a site held out than to one trained on."""
    surface = Surface(sites.crs)
    points = surface.points(sites.x, sites.y)
    at = surface.points(background.x, background.y)
    distances = [cKDTree(points[rows]).query(at)[0] for rows in (train, test)]
    return np.asarray(distances[0] <= distances[1])
