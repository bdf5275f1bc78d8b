"""The comparison of rules for a reader: Markdown and a figure."""

import os

import numpy as np
import pandas as pd

from jaxsdm.evaluation import canvas
from jaxsdm.markdown import markdown_table

HEADINGS = {"f1": "F1", "f2": "F2", "jaccard": "Jaccard", "tss": "TSS"}


def rules_markdown(table: pd.DataFrame) -> str:
    """A Markdown table: a row a rule; score realised, expected, and size of sets.

    Args:
      table: from `compare_rules` or `mean_of_parts`.
    """
    scores = list(dict.fromkeys(table["score"]))
    head = ["rule"]
    for score in scores:
        head += [f"{HEADINGS.get(score, score)} (expected)", "size"]
    lines = [[*head, "undefined"]]
    best = {
        score: table.loc[table["score"] == score, "realised"].max() for score in scores
    }
    for rule in dict.fromkeys(table["rule"]):
        own = table[table["rule"] == rule].set_index("score")
        line = [f"`{rule}`"]
        for score in scores:
            row = own.loc[score]
            if row["not_fitted"]:
                line += ["–", "–"]
                continue
            value = f"{row['realised']:.3f}"
            if row["realised"] >= best[score] - 5e-4:
                value = f"**{value}**"
            line += [f"{value} ({row['expected']:.3f})", f"{row['size']:.1f}"]
        undefined = own["undefined"].max()
        lines.append([*line, "–" if np.isnan(undefined) else f"{int(undefined)}"])
    text = markdown_table(lines[0], lines[1:])
    richness, places = table["richness"].mean(), table["places"].max()
    notes = [
        f"{int(places)} places, {richness:.1f} species found at a place on average. "
        "Means over places of the realised score and, in brackets, of what the "
        "probabilities promise for the same sets; mean size of the sets; species "
        "without a threshold of their own. Best in bold."
    ]
    failed = table[table["not_fitted"] != ""].drop_duplicates("rule")
    notes += [f"Not fitted: `{r.rule}`: {r.not_fitted}" for r in failed.itertuples()]
    return "\n\n".join([text, *notes])


def rules_figure(
    table: pd.DataFrame, path: str | os.PathLike[str], *, title: str = ""
) -> None:
    """Realised scores of all rules with intervals, and expected against realised.

    Args:
      table: from `compare_rules`.
      path: the image file; the suffix tells the format.
      title: over both panels.

    Raises:
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    table = table[table["not_fitted"] == ""]
    scores = list(dict.fromkeys(table["score"]))
    first = table[table["score"] == scores[0]].sort_values("realised")
    order = list(first["rule"])
    figure = canvas.new_figure(12, 0.24 * len(order) + 2)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    for number, score in enumerate(scores):
        rows = table[table["score"] == score].set_index("rule").loc[order]
        height = np.arange(len(order)) + 0.16 * (number - (len(scores) - 1) / 2)
        look = canvas.style(number)
        name = HEADINGS.get(score, score)
        if "low" in rows:
            ends = np.abs(rows[["low", "high"]].to_numpy().T - [rows["realised"]])
            left.errorbar(
                rows["realised"],
                height,
                xerr=ends,
                fmt="none",
                lw=1,
                ecolor=look["color"],
            )
        left.scatter(rows["realised"], height, s=16, label=name, **look)
        right.scatter(
            rows["expected"], rows["realised"], s=26, alpha=0.85, label=name, **look
        )
    left.set_yticks(np.arange(len(order)), order, fontsize=8)
    left.set_xlabel("realised score, mean over places (95 % bootstrap interval)")
    left.grid(axis="x", alpha=0.25, lw=0.5)
    left.legend(loc="lower right", fontsize=8, frameon=False)
    for rule, marker in (("maxexp", "o"), ("sse", "s")):
        rows = table[table["rule"] == rule]
        right.scatter(
            rows["expected"],
            rows["realised"],
            s=90,
            marker=marker,
            facecolors="none",
            edgecolors="black",
            label=rule,
        )
    right.legend(loc="lower right", fontsize=8, frameon=False)
    ends = table[["expected", "realised"]].to_numpy(float)
    low, high = min(0.0, ends.min()), max(ends.max(), 0.1)
    right.plot([low, high], [low, high], color="#555555", lw=1, ls="--")
    right.set_aspect("equal", "box")
    right.set_xlabel("expected score, mean over places")
    right.set_ylabel("realised score, mean over places")
    right.grid(alpha=0.25, lw=0.5)
    right.set_title("one dot a rule; below the line: promised too much", fontsize=9)
    if title:
        figure.suptitle(title, fontsize=12)
    canvas.save(figure, path)
