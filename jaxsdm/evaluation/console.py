"""A summary as a table for the terminal."""

from collections.abc import Mapping
from typing import Any

from jaxsdm.evaluation.report import HEADINGS
from jaxsdm.evaluation.tables import METRICS


def summary_table(summary: Mapping[str, Any]) -> str:
    """Regions, groups and overall means, one line each; `–` where undefined.

    Args:
      summary: as `summarise` gives it, with or without `truth`.
    """
    rows = [["", "species", *(HEADINGS[metric] for metric in METRICS)]]
    places = dict(summary["groups"])
    if len(summary["regions"]) > 1:
        places |= summary["regions"]
    for name, means in places.items():
        values = [means[f"mean_{metric}"] for metric in METRICS]
        rows.append([name, str(means["species_scored"]), *map(_number, values)])
    for over in ("regions", "species"):
        values = [summary[f"mean_{metric}_{over}"] for metric in METRICS]
        count = str(summary["species_scored"]) if over == "species" else ""
        rows.append([f"mean of {over}", count, *map(_number, values)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    truth = summary.get("truth")
    if truth:
        lines += [
            f"rank correlation with the truth, all cells: {_number(truth['spearman'])}",
            f"the truth itself reaches ROC AUC {_number(truth['auc_of_truth'])} on the "
            "surveys",
        ]
    if summary["species_not_scored"]:
        reasons = ", ".join(
            f"{len(names)} {reason}" for reason, names in summary["not_scored"].items()
        )
        lines.append(f"not scored: {reasons}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.3f}"
