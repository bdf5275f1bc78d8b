"""The report: every section, and Markdown that holds together."""

import numpy as np

from jaxsdm import evaluation


def _report(tmp_path, tasks, scores, **options):
    table = evaluation.species_table(tasks, scores)
    summary = evaluation.summarise(table)
    evaluation.write_report(tmp_path / "report.md", table, summary, **options)
    return (tmp_path / "report.md").read_text(encoding="utf-8"), table


def test_the_best_and_the_worst_come_first(tasks, scores, tmp_path):
    report, table = _report(tmp_path, tasks, scores)
    best = report.split("## Best species")[1].split("\n## ")[0]
    worst = report.split("## Worst species")[1].split("\n## ")[0]
    ranked = table[table["auc"].notna()].sort_values("auc")
    assert best.split("\n| ")[3].startswith(ranked["species"].iloc[-1])
    assert worst.split("\n| ")[3].startswith(ranked["species"].iloc[0])
    assert f"{ranked['auc'].iloc[0]:.3f} |" in worst


def test_undefined_is_an_empty_cell(tasks, scores, tmp_path):
    scores["north-bird"]["dawn"][:] = np.nan
    scores["north-bird"]["dusk"][:] = np.nan
    report, _ = _report(tmp_path, tasks, scores)
    assert "| north | 0 / 4 |  |  |  |  |  |  |" in report
    assert "nan" not in report.lower().replace("nan scores", "")


def test_bars_and_line_breaks_do_not_break_tables(tasks, scores, tmp_path):
    report, _ = _report(tmp_path, tasks, scores, config={"note": "a|b\nc"})
    assert "| `note` | `a\\|b c` |" in report


def test_nothing_left_out_is_said(tasks, scores, tmp_path):
    report, _ = _report(tmp_path, tasks[:1], {"north-bird": scores["north-bird"]})
    assert "None: every species of every survey was scored." in report
