"""Tables of an evaluation: one row a species, and one row a prediction.

A species is judged on the sites of the surveys that looked for it and nowhere else: at
the plots of another survey it is not absent, it is unknown. What cannot be judged stays
in the table with the reason, so that no mean hides it.

Scores are rounded to float32 first, the precision of `predictions.parquet`: every value
of the species table can be recomputed from that file to the last bit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from jaxsdm import metrics
from jaxsdm.data import SiteTable, Task

Scores = Mapping[str, Mapping[str, np.ndarray]]

# Column of the species table -> metric. COR and Boyce are on the scale of the scores
# (log relative suitability), the others depend on the order of the sites alone.
METRICS: dict[str, Callable[..., Any]] = {
    "auc": metrics.roc_auc,
    "auc_pr": metrics.average_precision,
    "auc_prg": metrics.prg_auc,
    "cor": metrics.correlation,
    "tss": metrics.max_tss,
    "boyce": metrics.boyce,
}


def species_table(tasks: Sequence[Task], scores: Scores) -> pd.DataFrame:
    """One row for each species of each survey.

    Args:
      tasks: what was fitted.
      scores: task name -> survey name -> `[sites, species of that survey]`, higher
        means more suitable (log relative suitability).

    Returns:
      Columns `region`, `group`, `survey`, `species`; `records` (presence-only records
      it was fitted to); `presences` and `absences` in the survey; the columns of
      `METRICS`; `not_scored`, the reason why all of them are NaN, or empty. Boyce
      compares presences with all sites of the survey.

    Raises:
      ValueError: if the scores do not fit the tasks; says which task and survey.
    """
    rows = []
    for task, name, survey, table in survey_scores(tasks, scores):
        count = np.nan_to_num(task.records.counts).sum(axis=0, dtype=np.float64)
        records = dict(zip(task.records.species, count.tolist(), strict=True))
        values = {column: f(table, survey.counts) for column, f in METRICS.items()}
        for j, species in enumerate(survey.species):
            labels = survey.counts[:, j]
            row = {
                "region": task.region,
                "group": task.group,
                "survey": name,
                "species": species,
                "records": int(records.get(species, 0)),
                "presences": int((labels == 1).sum()),
                "absences": int((labels == 0).sum()),
            }
            unknown = np.isnan(table[:, j]) & ~np.isnan(labels)
            reason = _not_scored(row, int(unknown.sum()))
            for column in METRICS:
                row[column] = float("nan") if reason else float(values[column][j])
            rows.append({**row, "not_scored": reason})
    return pd.DataFrame(rows)


def predictions_table(tasks: Sequence[Task], scores: Scores) -> pd.DataFrame:
    """One row for each site and species that a survey looked for.

    Args:
      tasks: what was fitted.
      scores: as for `species_table`.

    Returns:
      Columns `region`, `group`, `survey`, `species` (categories), `site` (int32, row of
      the survey's table), `presence` (int8, 0 or 1) and `score` (float32).

    Raises:
      ValueError: if the scores do not fit the tasks; says which task and survey.
    """
    parts = []
    for task, name, survey, table in survey_scores(tasks, scores):
        species, site = np.nonzero(~np.isnan(survey.counts.T))
        of_task = {"region": task.region, "group": task.group, "survey": name}
        zeros = np.zeros(len(site), np.int8)
        part: dict[str, Any] = {
            column: pd.Categorical.from_codes(zeros, pd.Index([value]))
            for column, value in of_task.items()
        }
        part["species"] = pd.Categorical.from_codes(species, pd.Index(survey.species))
        part["site"] = site.astype(np.int32)
        part["presence"] = survey.counts[site, species].astype(np.int8)
        part["score"] = table[site, species]
        parts.append(part)
    return pd.DataFrame(
        {
            column: (
                pd.api.types.union_categoricals([part[column] for part in parts])
                if isinstance(parts[0][column], pd.Categorical)
                else np.concatenate([part[column] for part in parts])
            )
            for column in parts[0]
        }
    )


def survey_scores(
    tasks: Sequence[Task], scores: Scores
) -> Iterator[tuple[Task, str, SiteTable, np.ndarray]]:
    """Task, survey name, survey and its float32 scores, one survey after the other.

    Raises:
      ValueError: if there is no survey, a task or survey lacks scores, scores are of
        another shape than the survey, or belong to no task or survey.
    """
    if not any(task.surveys for task in tasks):
        raise ValueError("evaluation: no task has a survey to evaluate on.")
    _check_names("tasks", {task.name for task in tasks if task.surveys}, set(scores))
    for task in tasks:
        if not task.surveys:
            continue
        given = scores[task.name]
        _check_names(f"surveys of {task.name}", set(task.surveys), set(given))
        for name, survey in task.surveys.items():
            table = np.asarray(given[name], np.float32)
            if table.shape != survey.counts.shape:
                raise ValueError(
                    f"scores of {task.name}, survey {name}: want [sites, species] = "
                    f"{survey.counts.shape}, got {table.shape}."
                )
            yield task, name, survey, table


def _check_names(what: str, wanted: set[str], got: set[str]) -> None:
    if wanted != got:
        raise ValueError(
            f"scores: want the {what}: {', '.join(sorted(wanted))}; missing: "
            f"{', '.join(sorted(wanted - got)) or 'none'}; not among them: "
            f"{', '.join(sorted(got - wanted)) or 'none'}."
        )


def _not_scored(row: Mapping[str, object], unknown_scores: int) -> str:
    if row["records"] == 0:
        return "no records in training"
    if row["presences"] == 0 and row["absences"] == 0:
        return "no survey sites"
    if row["presences"] == 0:
        return "no presences"
    if row["absences"] == 0:
        return "no absences"
    return "NaN scores" if unknown_scores else ""
