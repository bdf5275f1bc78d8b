"""The report of an evaluation in Markdown: what a person reads first."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from jaxsdm.data.files import write_text
from jaxsdm.evaluation.tables import METRICS
from jaxsdm.markdown import markdown_table

_EXTREMES = 5  # Species shown at either end of the AUC list.
HEADINGS = {
    "auc": "ROC AUC",
    "auc_pr": "AUC-PR",
    "auc_prg": "AUC-PRG",
    "cor": "COR",
    "tss": "max TSS",
    "boyce": "Boyce",
}


def write_report(
    path: str | os.PathLike[str],
    species_table: pd.DataFrame,
    summary: Mapping[str, Any],
    *,
    title: str = "Evaluation",
    command: str = "",
    config: Mapping[str, Any] | None = None,
    truth_table: pd.DataFrame | None = None,
    figures: Mapping[str, str] | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Write the report.

    Args:
      path: the Markdown file; it appears whole.
      species_table: from `species_table`.
      summary: from `summarise`.
      title: heading.
      command: what was typed, shown as code.
      config: settings worth reading, name -> value; nested mappings are flattened.
      truth_table: from `truth_table`, where the truth is known.
      figures: caption -> address of the image relative to the report.
      notes: what limits the numbers, told right below the summary.
    """
    parts = [f"# {title}", *_run(command, config), *_headline(summary), *notes]
    parts += ["## Regions", _means_table("region", summary["regions"])]
    parts += ["## Groups", _means_table("group", summary["groups"])]
    for name, rows in summary.get("lists", {}).items():
        parts += _lists(name, rows)
    if truth_table is not None and len(truth_table):
        parts += _truth(truth_table)
    parts += _extremes(species_table)
    parts += ["## Species not scored", *_not_scored(species_table)]
    if figures:
        parts.append("## Figures")
        parts += [
            f"![{caption}]({address})\n\n{caption}"
            for caption, address in figures.items()
        ]
    parts += ["## How to read the numbers", _NOTES]
    write_text(path, "\n\n".join(parts) + "\n")


_NOTES = """\
Each species is scored on the sites of the surveys that looked for it. Means are over
species, each counting once; the mean of regions is the mean of the regions' means.

* **ROC AUC**: chance that a presence scores above an absence; ties count one half.
* **AUC-PR**: average precision; without skill it equals the species' prevalence.
* **AUC-PRG**: area under the precision-recall-gain curve; 0 is predicting presence
  everywhere, 1 is perfect, negative is worse.
* **COR**: correlation of the score (log relative suitability) with presence.
* **max TSS**: sensitivity + specificity - 1 at the best threshold, chosen on these same
  sites.
* **Boyce**: continuous Boyce index, presences against all sites of the survey, on the
  log scale.

An empty cell is undefined, not zero. `species.csv` holds every value, and
`predictions.parquet` the scores they were computed from."""


def _run(command: str, config: Mapping[str, Any] | None) -> list[str]:
    parts = []
    if command:
        parts.append(f"```sh\n{command}\n```")
    if config:
        rows = [[f"`{name}`", f"`{value}`"] for name, value in _flat(config)]
        parts.append(markdown_table(["setting", "value"], rows))
    return parts


def _lists(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    columns = ["micro_top_k", "macro_top_k", "micro_average_k", "macro_average_k"]
    table = [[row["k"], *(row[column] for column in columns)] for row in rows]
    return [
        f"## Lists of K species: {name}",
        markdown_table(["K", "top-K", "macro", "average-K", "macro"], table),
        f"Share of {rows[0]['records']:g} held-out records whose species is on the "
        "list of its place, and the mean of that share over "
        f"{rows[0]['species']:g} species (macro); the K best of every place, or all "
        "above one cut that lets K through on average. Means over seeds; `lists.csv` "
        "has each of them.",
    ]


def _headline(summary: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            HEADINGS[metric],
            summary[f"mean_{metric}_regions"],
            summary[f"mean_{metric}_species"],
            summary["undefined"][metric],
        ]
        for metric in METRICS
    ]
    counts = (
        f"{summary['species_scored']} of {summary['species']} species scored, "
        f"{summary['species_not_scored']} not."
    )
    head = ["metric", "mean of regions", "mean of species", "scored but undefined"]
    return ["## Summary", counts, markdown_table(head, rows)]


def _means_table(what: str, means: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        [
            name,
            f"{row['species_scored']} / {row['species']}",
            *(row[f"mean_{metric}"] for metric in METRICS),
        ]
        for name, row in means.items()
    ]
    return markdown_table(
        [what, "species scored", *(HEADINGS[m] for m in METRICS)], rows
    )


def _truth(table: pd.DataFrame) -> list[str]:
    rows = []
    for column, meaning in (
        ("spearman", "rank correlation with the true probability, all cells"),
        ("pearson", "correlation of the scaled prediction with it, all cells"),
        ("mean_absolute_error", "mean absolute error of the scaled prediction"),
        ("auc", "ROC AUC on the surveys"),
        ("auc_of_truth", "ROC AUC that the truth itself reaches there"),
    ):
        rows.append([meaning, table[column].mean(), int(table[column].count())])
    return [
        "## Against the truth",
        markdown_table(["mean over species", "value", "species"], rows),
    ]


def _extremes(table: pd.DataFrame) -> list[str]:
    columns = [
        "species",
        "region",
        "group",
        "survey",
        "records",
        "presences",
        "absences",
        "auc",
    ]
    ranked = table[table["auc"].notna()].sort_values("auc", ascending=False)
    parts = []
    for heading, part in (
        ("## Best species", ranked.head(_EXTREMES)),
        ("## Worst species", ranked.tail(_EXTREMES)[::-1]),
    ):
        rows = part[columns].to_numpy(object).tolist()
        parts += [heading, markdown_table([*columns[:-1], "ROC AUC"], rows)]
    return parts


def _not_scored(table: pd.DataFrame) -> list[str]:
    columns = [
        "species",
        "region",
        "group",
        "survey",
        "records",
        "presences",
        "absences",
        "not_scored",
    ]
    left_out = table[table["not_scored"] != ""]
    if left_out.empty:
        return ["None: every species of every survey was scored."]
    rows = left_out[columns].to_numpy(object).tolist()
    return [markdown_table([*columns[:-1], "why"], rows)]


def _flat(config: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    flat: list[tuple[str, Any]] = []
    for name, value in config.items():
        if isinstance(value, Mapping):
            flat += _flat(value, f"{prefix}{name}.")
        else:
            flat.append((f"{prefix}{name}", value))
    return flat
