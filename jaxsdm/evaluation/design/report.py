"""The study design of a task as a report: tables, figures and what to be wary of."""

import dataclasses
import os
import pathlib
from typing import Any

import numpy as np
import pandas as pd

from jaxsdm.data import (
    Design,
    Task,
    collinearity_report,
    describe_predictors,
    describe_split,
    levels_missing,
)
from jaxsdm.data.files import write_csv, write_text
from jaxsdm.data.splits import SplitDescription
from jaxsdm.evaluation.design.bias import (
    environmental_coverage,
    novel_share,
    sampling_bias,
)
from jaxsdm.evaluation.design.figures import coverage_figure, records_map, split_map
from jaxsdm.markdown import markdown_table, significant

_FEW = 20
"""Records under which a species is called rare in the report."""

_SHOWN = 20


def write_design(
    folder: str | os.PathLike[str], task: Task, *, command: str = ""
) -> pathlib.Path:
    """Writes `design.md` with its tables and figures.

    Written are also `cleaning.csv`, `species.csv`, `predictors.csv`, `coverage.csv`,
    and, where sites were held out, `folds.csv`; `records.png`, `coverage.png`,
    `folds.png`, `split.png`. Each file appears whole.

    Args:
      folder: made if missing.
      task: with its `design`.
      command: what was typed, for the report.

    Returns:
      Where the report is.

    Raises:
      ValueError: the task has no design: its dataset comes as tables, not as records.
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    design = task.design
    if design is None:
        raise ValueError(
            f"{task.name}: this dataset comes as finished tables; a design is "
            "described of occurrences and rasters (dataset 'files')."
        )
    folder = pathlib.Path(folder)
    task = dataclasses.replace(task, background=design.area)
    split = _described(task, design)
    species = _species(task, design, split)
    coverage = environmental_coverage(task, design.sites)
    records_map(task, design.sites, folder / "records.png")
    parts = [f"# Study design: {task.name}"]
    parts += [f"```sh\n{command}\n```"] if command else []
    parts += _occurrences(design, folder)
    parts += _where(task, design)
    parts += _of_species(species, folder)
    parts += _environment(task, design, coverage, folder)
    parts += _split(task, design, split, folder)
    write_text(folder / "design.md", "\n\n".join(parts) + "\n")
    return folder / "design.md"


def _occurrences(design: Design, folder: pathlib.Path) -> list[str]:
    parts, tables = ["## Occurrences: what was left out"], []
    for name, report in design.cleaning.items():
        parts += [f"### {name}", report.to_markdown().strip()]
        tables.append(report.table.assign(table=name))
    if tables:
        write_csv(folder / "cleaning.csv", pd.concat(tables, ignore_index=True))
    return parts


def _where(task: Task, design: Design) -> list[str]:
    bias = sampling_bias(design.sites, task.background)
    unit = bias["unit"]
    rows = [
        ["records", f"{bias['records']:,.0f}"],
        ["sites (cells)", f"{bias['sites']:,}"],
        ["species", bias["species"]],
        [
            "share of the records in the tenth of the sites with most",
            bias["records_in_tenth"],
        ],
        ["Gini coefficient of records among sites", bias["gini"]],
        [f"mean distance to the next site ({unit})", f"{bias['nearest_site']:,.0f}"],
        [
            f"the same for as many cells at random ({unit})",
            f"{bias['nearest_site_expected']:,.0f}",
        ],
        ["their ratio: 1 is no clumping", bias["clumping"]],
    ]
    return [
        "## Where records lie",
        "![records](records.png)",
        markdown_table(["sampling", "value"], rows),
        "Sites that are clumped tell where people went. A background at random then "
        "learns accessibility; the other species' sites (target group) do not.",
    ]


def _species(
    task: Task, design: Design, split: SplitDescription | None
) -> pd.DataFrame:
    counts = np.nan_to_num(design.sites.counts)
    table = pd.DataFrame(
        {
            "species": design.sites.species,
            "records": counts.sum(0, dtype=np.float64),
            "sites": (counts > 0).sum(0),
            "trained_sites": (np.nan_to_num(task.records.counts) > 0).sum(0),
        }
    )
    for name, survey in task.surveys.items():
        found = pd.Series((survey.counts == 1).sum(0), survey.species)
        table[f"presences_{name}"] = table["species"].map(found).fillna(0).astype(int)
    if split is not None and split.species is not None:
        table["folds_tested"] = split.species["folds_tested"].to_numpy()
    return table


def _of_species(table: pd.DataFrame, folder: pathlib.Path) -> list[str]:
    write_csv(folder / "species.csv", table)
    rare = int((table["records"] < _FEW).sum())
    lost = table.loc[table["trained_sites"] == 0, "species"].tolist()
    quantiles = table["records"].quantile([0, 0.25, 0.5, 0.75, 1]).tolist()
    parts = [
        "## Species",
        f"{len(table)} species, with {quantiles[0]:.0f} to {quantiles[4]:,.0f} records "
        f"(quartiles {quantiles[1]:.0f}, {quantiles[2]:.0f}, {quantiles[3]:.0f}); "
        f"{rare} have fewer than {_FEW}. All are in `species.csv`.",
    ]
    if lost:
        parts.append(
            f"Not scored, without a site left to be trained on ({len(lost)}): "
            f"{_list(lost)}."
        )
    shown = table.sort_values("records", kind="stable").head(_SHOWN)
    parts.append(
        markdown_table(
            [name.replace("_", " ") for name in shown.columns],
            shown.astype({"records": int}).to_numpy(object).tolist(),
        )
    )
    if len(table) > _SHOWN:
        parts.append(f"The {_SHOWN} rarest are shown.")
    return parts


def _environment(
    task: Task, design: Design, coverage: pd.DataFrame, folder: pathlib.Path
) -> list[str]:
    area = task.background.predictors
    predictors = describe_predictors(area, task.categorical)
    write_csv(folder / "predictors.csv", predictors.reset_index())
    parts = ["## Environment: what was reached"]
    if len(coverage):
        write_csv(folder / "coverage.csv", coverage)
        coverage_figure(task, design.sites, folder / "coverage.png")
        share = novel_share(task, design.sites)
        parts += [
            "![coverage](coverage.png)",
            markdown_table(
                [
                    "predictor",
                    "mean of sites",
                    "mean of area",
                    "Kolmogorov-Smirnov distance",
                    "Schoener's D",
                    "share of area reached",
                ],
                coverage.to_numpy(object).tolist(),
            ),
            f"{share:.1%} of the area has a value of some predictor outside the range "
            "of the sites (MESS below 0): maps extrapolate there.",
        ]
    missing = levels_missing(design.sites.predictors, area, task.categorical)
    for name, rows in missing.groupby("predictor"):
        levels = ", ".join(
            f"{level} ({number} cells)"
            for level, number in zip(rows["level"], rows["rows"], strict=True)
        )
        parts.append(f"Levels of `{name}` without a site: {levels}.")
    parts.append("## Predictors")
    parts.append(_predictor_table(predictors))
    if len(task.continuous) > 1:
        report = collinearity_report(area, list(task.continuous))
        parts += ["### Collinearity", report.to_markdown().strip()]
    return parts


def _predictor_table(predictors: pd.DataFrame) -> str:
    columns = ["kind", "missing", "minimum", "mean", "maximum", "distinct"]
    rows: list[list[Any]] = [
        [name, *row, "almost constant" if flat else ""]
        for name, row, flat in zip(
            predictors.index,
            predictors[columns].to_numpy(object).tolist(),
            predictors["near_constant"],
            strict=True,
        )
    ]
    return markdown_table(["predictor", *columns, "note"], rows)


def _described(task: Task, design: Design) -> SplitDescription | None:
    if design.split is None:
        return None
    return describe_split(
        design.split,
        design.sites.x,
        design.sites.y,
        counts=np.nan_to_num(design.sites.counts),
        species=design.sites.species,
        predictors=design.sites.predictors,
        categorical=task.categorical,
        crs=design.sites.crs,
    )


def _split(
    task: Task,
    design: Design,
    described: SplitDescription | None,
    folder: pathlib.Path,
) -> list[str]:
    if described is None or design.split is None:
        judged = "surveys alone" if task.surveys else "nothing: there are no surveys"
        return ["## Split", f"Nothing was held out; the model is judged on {judged}."]
    sites = design.sites
    write_csv(folder / "folds.csv", described.folds.reset_index(names="fold"))
    split_map(
        design.split,
        sites.x,
        sites.y,
        folder / "folds.png",
        crs=sites.crs,
        title=design.method,
    )
    split_map(
        design.split,
        sites.x,
        sites.y,
        folder / "split.png",
        crs=sites.crs,
        tested=design.tested,
    )
    parts = [
        "## Split",
        f"Sites were split into {design.method}; fold {design.tested} judges the model "
        "and takes no part in its training, nor do the background cells next to it.",
    ]
    if design.block_size is not None:
        parts += _derived(design)
    return [
        *parts,
        "![folds](folds.png)",
        "![split](split.png)",
        described.to_markdown().strip(),
    ]


def _derived(design: Design) -> list[str]:
    derived = design.block_size
    assert derived is not None
    table = derived.autocorrelation.table
    rows = [
        [name, f"{'> ' if row['at_least'] else ''}{significant(row['range'])}"]
        for name, row in table.iterrows()
    ]
    unit = derived.autocorrelation.unit
    said = (
        f"The side of the blocks is the median range of spatial autocorrelation of the "
        f"predictors, {significant(derived.range)} {unit}"
    )
    said += f"; bounded: {derived.bounded}." if derived.bounded else "."
    return [said, markdown_table(["predictor", f"range ({unit})"], rows)]


def _list(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
