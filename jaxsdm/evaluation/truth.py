"""Against a known truth: how far a model of a virtual world is from it.

Surveys are a sample and AUC sees ranks only. Where the true probability of occurrence
is known in every cell, a model can be compared with it directly, and the truth itself
can be scored on the surveys: no model can be expected to do better than that AUC.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from jaxsdm import metrics
from jaxsdm.data import Grid, SiteTable, Task
from jaxsdm.evaluation.tables import Scores, survey_scores

# Where exp(-exp(x)) has long been 0 in float64; keeps exp from overflowing.
_SURE = 50.0


def truth_table(
    tasks: Sequence[Task], scores: Scores, log_suitability: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """One row for each species of each survey of a task whose truth is known.

    A presence-only model gives relative intensities. To be compared with probabilities
    they get the one number they lack from the survey, its prevalence
    (`shift_to_prevalence`), and become `1 - exp(-intensity)`.

    Args:
      tasks: those without a grid or without truth are left out.
      scores: task name -> survey name -> `[sites, species of that survey]`, log
        relative suitability.
      log_suitability: task name -> `[cells of the grid, species of the records]`.

    Returns:
      Columns `region`, `group`, `survey`, `species`; over all cells of the grid
      `spearman` and `pearson` of the scaled prediction and the true probability and
      `mean_absolute_error` between them; on the survey's sites `auc` and
      `auc_of_truth`. NaN where undefined, such as scaling to a prevalence of 0 or 1.
      No rows if no task has a truth.

    Raises:
      ValueError: if arrays do not fit the tasks, or the truth lacks a species.
    """
    known = [task for task in tasks if task.grid and task.grid.truth is not None]
    if not known:
        return pd.DataFrame()
    of_known = {task.name: scores.get(task.name, {}) for task in known}
    return pd.DataFrame(
        [
            {"region": task.region, "group": task.group, "survey": name, **row}
            for task, name, survey, table in survey_scores(known, of_known)
            for row in _against_truth(task, survey, table, log_suitability)
        ]
    )


def _against_truth(
    task: Task,
    survey: SiteTable,
    scores: np.ndarray,
    log_suitability: Mapping[str, np.ndarray],
) -> Iterator[dict[str, object]]:
    grid = task.grid
    assert grid is not None
    assert grid.truth is not None
    if task.name not in log_suitability:
        raise ValueError(
            f"log_suitability: no predictions for the grid of {task.name}."
        )
    everywhere = np.asarray(log_suitability[task.name], np.float64)
    wanted = (len(grid.sites), len(task.records.species))
    if everywhere.shape != wanted:
        raise ValueError(
            f"log_suitability of {task.name}: want [cells, species] = {wanted}, got "
            f"{everywhere.shape}."
        )
    covered = set(grid.sites.species) & set(task.records.species)
    lost = sorted(set(survey.species) - covered)
    if lost:
        raise ValueError(
            f"{task.name}: no truth or no prediction for {', '.join(lost)}."
        )

    columns = [grid.sites.species.index(species) for species in survey.species]
    cell = cells_at(grid, survey.x, survey.y)
    truth_at_sites = grid.truth[cell][:, columns]
    in_grid = np.broadcast_to(cell[:, None] >= 0, survey.counts.shape)
    auc = metrics.roc_auc(scores, survey.counts)
    auc_of_truth = metrics.roc_auc(truth_at_sites, survey.counts, where=in_grid)
    for j, species in enumerate(survey.species):
        looked = ~np.isnan(survey.counts[:, j])
        prevalence = survey.counts[looked, j].mean() if looked.any() else np.nan
        shift = shift_to_prevalence(
            scores[looked, j].astype(np.float64), float(prevalence)
        )
        predicted = everywhere[:, task.records.species.index(species)]
        true = grid.truth[:, columns[j]].astype(np.float64)
        probability = cloglog(predicted + shift)
        yield {
            "species": species,
            "spearman": metrics.spearman(predicted, true),
            "pearson": metrics.pearson(probability, true),
            "mean_absolute_error": float(np.abs(probability - true).mean()),
            "auc": float(auc[j]),
            "auc_of_truth": float(auc_of_truth[j]),
        }


def cloglog(log_intensity: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """Probability of at least one, `1 - exp(-exp(log_intensity))`."""
    return -np.expm1(-np.exp(np.minimum(log_intensity, _SURE)))


def shift_to_prevalence(
    log_suitability: Float[np.ndarray, " sites"], prevalence: float
) -> float:
    """Number to add so that the mean of `cloglog` over the sites is the prevalence.

    Returns:
      Found by bisection to the precision of float64; NaN if the prevalence is not
      strictly between 0 and 1 or a score is not finite.
    """
    if not 0 < prevalence < 1 or not np.isfinite(log_suitability).all():
        return float("nan")
    lowest = -log_suitability.max() - _SURE
    highest = -log_suitability.min() + _SURE
    while True:
        middle = (lowest + highest) / 2
        if not lowest < middle < highest:
            return float(middle)
        if cloglog(log_suitability + middle).mean() < prevalence:
            lowest = middle
        else:
            highest = middle


def cells_at(
    grid: Grid, x: Float[np.ndarray, " sites"], y: Float[np.ndarray, " sites"]
) -> np.ndarray:
    """Number of the grid's cell in which each site lies, -1 outside its valid cells."""
    number = np.full(grid.shape, -1)
    number[grid.row, grid.column] = np.arange(len(grid.sites))
    row = _position(grid.sites.y, grid.row, y)
    column = _position(grid.sites.x, grid.column, x)
    inside = (row >= 0) & (row < grid.shape[0])
    inside &= (column >= 0) & (column < grid.shape[1])
    found = np.full(len(x), -1)
    found[inside] = number[row[inside], column[inside]]
    return found


def _position(centres: np.ndarray, index: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Raster index of coordinates, from the cell centres, which are affine in it."""
    low, high = np.argmin(index), np.argmax(index)
    span = int(index[high] - index[low])
    size = (centres[high] - centres[low]) / span if span else 1.0
    return np.floor((at - centres[low]) / size + 0.5).astype(int) + index[low]
