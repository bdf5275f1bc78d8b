"""A whole evaluation in a run folder, recomputed from its own files."""

import json
import re
import sys

import numpy as np
import pandas as pd
import pytest

from jaxsdm import evaluation


@pytest.fixture
def run(tasks, scores, tmp_path):
    return tmp_path, evaluation.write_evaluation(tmp_path, tasks, scores, figures=False)


def test_predictions_recompute_the_species_table_exactly(run):
    folder, _ = run
    species = pd.read_csv(
        folder / "evaluation" / "species.csv",
        engine="python",  # Reads floats to the last bit.
        keep_default_na=False,
        na_values={name: [""] for name in evaluation.METRICS},
    )
    predictions = pd.read_parquet(folder / "evaluation" / "predictions.parquet")
    keys = ["region", "group", "survey", "species"]
    scored = species[species["not_scored"] == ""]
    assert len(scored) == 5
    for _, row in scored.iterrows():
        part = predictions[(predictions[keys] == row[keys]).all(axis=1)]
        assert (part["presence"] == 1).sum() == row["presences"]
        assert (part["presence"] == 0).sum() == row["absences"]
        for name, metric in evaluation.METRICS.items():
            got = metric(part[["score"]].to_numpy(), part[["presence"]].to_numpy())
            assert got[0] == row[name], name


def test_the_summary_is_that_of_the_table(run, tasks, scores):
    folder, summary = run
    assert json.loads((folder / "evaluation" / "summary.json").read_text()) == summary
    assert summary == evaluation.summarise(evaluation.species_table(tasks, scores))


def test_predictions_are_compact(run):
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(run[0] / "evaluation" / "predictions.parquet")
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert types["score"] == "float"
    assert types["site"] == "int32"
    assert types["species"].startswith("dictionary")
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_the_report_names_what_was_run_and_every_species_left_out(
    tasks, scores, tmp_path
):
    folder = tmp_path
    summary = evaluation.write_evaluation(
        folder,
        tasks,
        scores,
        log_suitability={"north-bird": np.zeros((200, 4))},
        title="A trial",
        command="python scripts/train.py --config=a.py",
        config={"model": {"width": 250}, "seed": 3},
    )
    report = (folder / "evaluation" / "report.md").read_text()
    assert report.startswith("# A trial\n")
    assert "python scripts/train.py --config=a.py" in report
    assert "| `model.width` | `250` |" in report
    assert f"{summary['mean_auc_regions']:.3f}" in report
    left_out = report.split("## Species not scored")[1].split("\n## ")[0]
    for reason, names in summary["not_scored"].items():
        for name in names:
            assert re.search(rf"\| {name} \|.*\| {reason} \|", left_out)
    images = re.findall(r"!\[.*\]\((.*)\)", report)
    assert len(images) == 3
    for image in images:
        assert (folder / "evaluation" / image).stat().st_size > 1000


def test_a_known_truth_is_compared_and_mapped(world, tmp_path):
    model = np.log(world.grid.truth)
    scores = {world.name: {"plots": np.zeros((400, 2))}}
    summary = evaluation.write_evaluation(
        tmp_path, [world], scores, log_suitability={world.name: model}
    )
    table = pd.read_csv(tmp_path / "evaluation" / "truth.csv")
    assert summary["truth"]["auc_of_truth"] == pytest.approx(
        table["auc_of_truth"].mean()
    )
    assert summary["truth"]["auc"] == 0.5
    assert (tmp_path / "figures" / "map_isle-plant.png").is_file()
    assert "## Against the truth" in (tmp_path / "evaluation" / "report.md").read_text()


def test_scores_that_do_not_fit_leave_nothing_behind(tasks, tmp_path):
    with pytest.raises(ValueError, match="scores: want the tasks"):
        evaluation.write_evaluation(tmp_path / "run", tasks, {})
    assert not (tmp_path / "run").exists()


def test_without_matplotlib_nothing_is_written_unless_figures_are_not_wanted(
    tasks, scores, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ModuleNotFoundError, match=r"jaxsdm\[figures\]"):
        evaluation.write_evaluation(tmp_path / "run", tasks, scores)
    assert not (tmp_path / "run").exists()
    evaluation.write_evaluation(tmp_path / "run", tasks, scores, figures=False)
    assert not (tmp_path / "run" / "figures").exists()
    assert "## Figures" not in (tmp_path / "run/evaluation/report.md").read_text()


def test_maps_show_the_range_of_auc(tasks, scores):
    table = evaluation.species_table(tasks, scores)
    ranked = table[table["group"] == "bird"].sort_values("auc")["species"].tolist()
    assert evaluation.species_for_maps(table, tasks[0], 2) == [ranked[-1], ranked[0]]
    assert evaluation.species_for_maps(table, tasks[0]) == ranked[::-1]
