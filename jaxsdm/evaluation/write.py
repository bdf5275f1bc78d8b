"""An evaluation written into a run folder: tables, predictions, figures, report."""

import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jaxsdm.data import Task
from jaxsdm.data.files import write_csv, write_text, written_aside
from jaxsdm.evaluation import canvas
from jaxsdm.evaluation.curves import auc_against_records, roc_curves
from jaxsdm.evaluation.lists import member_lists
from jaxsdm.evaluation.maps import suitability_page
from jaxsdm.evaluation.report import write_report
from jaxsdm.evaluation.summary import summarise
from jaxsdm.evaluation.tables import Scores, predictions_table, species_table
from jaxsdm.evaluation.truth import truth_table
from jaxsdm.training import MemberScores

_MAPS_A_PAGE = 6


def write_evaluation(
    folder: str | os.PathLike[str],
    tasks: Sequence[Task],
    scores: Scores,
    *,
    log_suitability: Mapping[str, np.ndarray] | None = None,
    figures: bool = True,
    title: str = "Evaluation",
    command: str = "",
    config: Mapping[str, Any] | None = None,
    lists: Mapping[str, MemberScores] | None = None,
) -> dict[str, Any]:
    """Evaluate and write `evaluation/` and `figures/` into a run folder.

    Written are `evaluation/species.csv`, `predictions.parquet`, `summary.json` and
    `report.md`, where the truth is known `evaluation/truth.csv`, and `figures/roc.png`,
    `auc_against_records.png` and `map_<task>.png`. Each file appears whole and takes
    the place of an older one; nothing is written if the scores do not fit the tasks.

    Args:
      folder: the run folder.
      tasks: what was fitted.
      scores: task name -> survey name -> `[sites, species of that survey]`, log
        relative suitability.
      log_suitability: task name -> `[cells of the grid, species of the records]`, or
        over the background for a task without a grid; needed for maps and for the
        comparison with the truth. Tasks without an entry have neither.
      figures: whether to draw.
      title: heading of the report.
      command: what was typed, for the report.
      config: settings worth reading in the report.
      lists: task name -> scores at the held-out records' sites, of tasks that have
        some; the accuracy of each member goes to `evaluation/lists.csv`.

    Returns:
      What is in `summary.json`: see `summarise`; with a known truth also `truth`, the
      means over species of the columns of `truth_table`; with lists also `lists`, the
      means over members of `list_accuracy` by task.

    Raises:
      ValueError: if the scores do not fit the tasks; says which task and survey.
      ModuleNotFoundError: if figures are wanted and matplotlib is not installed.
    """
    if figures:
        canvas.new_figure(1, 1)  # Says what is missing before anything is written.
    log_suitability = log_suitability or {}
    mapped = [task for task in tasks if task.name in log_suitability]
    species = species_table(tasks, scores)
    truth = truth_table(mapped, scores, log_suitability)
    summary = summarise(species)
    if len(truth):
        means = truth.select_dtypes("number").mean()
        summary["truth"] = {
            str(name): None if np.isnan(mean) else float(mean)
            for name, mean in means.items()
        }

    accuracy = _list_tables(tasks, lists or {})
    if len(accuracy):
        summary["lists"] = {
            str(name): part.groupby("k", as_index=False)
            .mean(numeric_only=True)
            .drop(columns="member")
            .to_dict("records")
            for name, part in accuracy.groupby("task")
        }

    evaluation = pathlib.Path(folder) / "evaluation"
    write_csv(evaluation / "species.csv", species)
    if len(truth):
        write_csv(evaluation / "truth.csv", truth)
    if len(accuracy):
        write_csv(evaluation / "lists.csv", accuracy)
    with written_aside(evaluation / "predictions.parquet") as temporary:
        predictions_table(tasks, scores).to_parquet(
            temporary, index=False, compression="zstd"
        )
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(evaluation / "summary.json", text + "\n")
    drawn = {}
    if figures:
        drawn = _draw(pathlib.Path(folder), tasks, scores, species, log_suitability)
    write_report(
        evaluation / "report.md",
        species,
        summary,
        title=title,
        command=command,
        config=config,
        truth_table=truth,
        figures=drawn,
        notes=[note for task in tasks for note in _notes(task)],
    )
    return summary


def _notes(task: Task) -> list[str]:
    """That absences of records held out are nothing that anybody looked for."""
    presence_only = task.design is not None and task.design.kind == "presence_only"
    if not presence_only or "held_out" not in task.surveys:
        return []
    others = "sites where other species were recorded"
    if len(task.records.species) == 1:
        others = "cells of the held-out part without a record"
    return [
        f"**{task.name}, survey `held_out`: absences are {others}.** Nobody looked for "
        "the species there. The numbers compare models on the same sites; they are not "
        "those of a survey, and means over species with few held-out presences, the "
        "precision-recall ones above all, are rough."
    ]


def species_for_maps(
    species: pd.DataFrame, task: Task, number: int = _MAPS_A_PAGE
) -> list[str]:
    """Species that show the range of a task: evenly from the best AUC to the worst.

    Args:
      species: from `species_table`.
      task: whose species.
      number: how many at most.

    Returns:
      Names, best first; those with most records where no species has an AUC.
    """
    own = species[(species["region"] == task.region) & (species["group"] == task.group)]
    scored = own[own["auc"].notna()]
    column, table = ("auc", scored) if len(scored) else ("records", own)
    table = table[table["species"].isin(task.records.species)]
    ranked = table.sort_values(column, ascending=False)["species"].drop_duplicates()
    picked = np.linspace(0, len(ranked) - 1, min(number, len(ranked))).round()
    return ranked.iloc[picked.astype(int)].tolist()


def _draw(
    folder: pathlib.Path,
    tasks: Sequence[Task],
    scores: Scores,
    species: pd.DataFrame,
    log_suitability: Mapping[str, np.ndarray],
) -> dict[str, str]:
    """Draw what there is; caption -> address relative to the report."""
    drawn = {
        "AUC of each species against its number of records": "auc_against_records.png",
        "ROC curves on the survey sites": "roc.png",
    }
    auc_against_records(species, folder / "figures" / "auc_against_records.png")
    roc_curves(tasks, scores, folder / "figures" / "roc.png")
    for task in tasks:
        names = species_for_maps(species, task)
        if task.name in log_suitability and names:
            file = f"map_{task.name}.png"
            suitability_page(
                task, log_suitability[task.name], names, folder / "figures" / file
            )
            drawn[f"{task.name}: records and suitability, best AUC first"] = file
    return {caption: f"../figures/{file}" for caption, file in drawn.items()}


def _list_tables(
    tasks: Sequence[Task], lists: Mapping[str, MemberScores]
) -> pd.DataFrame:
    tables = []
    for task in tasks:
        if task.held_out is not None and task.name in lists:
            table = member_lists(lists[task.name], task.held_out.counts)
            table.insert(0, "task", task.name)
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()
