"""Figures of skill: ROC curves of all species, and AUC against their records."""

import math
import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm import metrics
from jaxsdm.data import Task
from jaxsdm.evaluation import canvas
from jaxsdm.evaluation.tables import Scores, survey_scores

_PANEL_INCHES = 3.0
_STEPS = 201


def roc_curves(
    tasks: Sequence[Task], scores: Scores, path: str | os.PathLike[str]
) -> None:
    """ROC curves as an image: a panel a survey, a thin line a species, a thick mean.

    The mean is of the true-positive rates at equal false-positive rates: the area under
    it is the mean AUC of the panel, but for the steps it is drawn with. A species
    without both classes in the survey, without records in training, or with NaN scores,
    has no curve, as it has no AUC in the tables.

    Args:
      tasks: what was fitted.
      scores: task name -> survey name -> `[sites, species of that survey]`.
      path: the image file; the suffix tells the format.

    Raises:
      ValueError: if the scores do not fit the tasks.
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    panels = list(survey_scores(tasks, scores))
    across = min(4, math.ceil(math.sqrt(len(panels))))
    down = math.ceil(len(panels) / across)
    figure = canvas.new_figure(_PANEL_INCHES * across + 0.8, _PANEL_INCHES * down + 1.4)
    axes = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
    at = np.linspace(0, 1, _STEPS)
    for ax, (task, name, survey, table) in zip(axes.flat, panels, strict=False):
        means = []
        areas = metrics.roc_auc(table, survey.counts)
        names = task.records.species
        trained = dict(zip(names, np.nansum(task.records.counts, 0) > 0, strict=True))
        areas[[not trained[name] for name in survey.species]] = np.nan
        for j in np.flatnonzero(~np.isnan(areas)):
            looked = ~np.isnan(survey.counts[:, j])
            false_rate, true_rate = _roc(
                table[looked, j], survey.counts[looked, j] == 1
            )
            ax.plot(false_rate, true_rate, color=canvas.COLOURS[5], lw=0.6, alpha=0.7)
            means.append(np.interp(at, false_rate, true_rate))
        ax.plot([], [], color=canvas.COLOURS[5], lw=0.6, label="one species")
        if means:
            mean = np.mean(means, axis=0)
            ax.plot(at, mean, color=canvas.COLOURS[1], lw=2.2, label="mean of species")
        ax.plot([0, 1], [0, 1], color="#555555", lw=1, ls="--", label="chance")
        heading = " ".join(dict.fromkeys((task.region, task.group, name)))
        found = f"mean AUC {np.mean(areas[~np.isnan(areas)]):.3f}, " if means else ""
        ax.set_title(f"{heading}\n{found}{len(means)} species", fontsize=9)
        ax.set_aspect("equal")
        ax.tick_params(labelsize=8)
    for number, ax in enumerate(axes.flat):
        ax.set_visible(number < len(panels))
        ax.tick_params(labelbottom=number + across >= len(panels))
    axes[0, 0].legend(loc="lower right", frameon=False, fontsize=7)
    figure.suptitle("ROC curves on the survey sites", fontsize=12)
    figure.supxlabel("share of absences predicted present", fontsize=10)
    figure.supylabel("share of presences predicted present", fontsize=10)
    canvas.save(figure, path)


def auc_against_records(
    species_table: pd.DataFrame, path: str | os.PathLike[str]
) -> None:
    """AUC over the number of presence-only records as an image: a dot a species.

    Args:
      species_table: from `species_table`; species without an AUC have no dot.
      path: the image file; the suffix tells the format.

    Raises:
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    scored = species_table[species_table["auc"].notna()]
    figure = canvas.new_figure(7.5, 4.8)
    ax = figure.subplots()
    for number, (region, part) in enumerate(scored.groupby("region", sort=False)):
        mean = part["auc"].mean()
        ax.scatter(
            part["records"],
            part["auc"],
            s=26,
            alpha=0.85,
            edgecolors="white",
            linewidths=0.5,
            label=f"{region} (mean {mean:.3f}, {len(part)} species)",
            **canvas.style(number),
        )
    ax.axhline(0.5, color="#555555", lw=1, ls="--", label="chance")
    ax.set_xscale("log")
    ax.set_xlabel("presence-only records of the species (log scale)")
    ax.set_ylabel("ROC AUC on the survey sites")
    ax.set_ylim(min(0.4, *scored["auc"]) - 0.02 if len(scored) else 0.38, 1.01)
    ax.grid(alpha=0.25, lw=0.5)
    ax.set_title("Skill against sampling: one dot a species", fontsize=12)
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    canvas.save(figure, path)


def _roc(scores: np.ndarray, present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False- and true-positive rates at every cut, from (0, 0) to (1, 1)."""
    cut = metrics.cuts(scores.astype(np.float64), present)
    true_rate = np.append(0, cut.true_presences) / present.sum()
    return np.append(0, cut.false_presences) / (~present).sum(), true_rate
