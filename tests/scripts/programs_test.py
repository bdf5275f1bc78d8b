"""scripts/train.py and scripts/evaluate.py from the command line to the tables."""

import json
import shutil
import signal
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score


def predictions(folder):
    table = pd.read_parquet(folder / "evaluation" / "predictions.parquet")
    return table.sort_values(["survey", "species", "site"], ignore_index=True)


def test_the_run_folder_holds_what_is_promised(programs, trained):
    folder, done = trained
    files = {str(path.relative_to(folder)) for path in folder.rglob("*.*")}
    assert {
        "config.json",
        "train.jsonl",
        "evaluation/species.csv",
        "evaluation/summary.json",
        "evaluation/predictions.parquet",
        "evaluation/report.md",
        "figures/roc.png",
        "figures/auc_against_records.png",
        "figures/map_virtual-plants.png",
    } <= files
    assert (folder / "checkpoints" / "virtual-plants" / str(programs.steps)).is_dir()
    content = json.loads((folder / "config.json").read_text())
    assert content["config"]["dataset"] == {
        "name": "virtual", "seed": 0, "size": 32, "species": 5, "surveys": 80,
    }  # fmt: skip
    assert content["config"]["seeds"] == [1, 2]
    assert content["config"]["on_missing"] == "drop"
    assert content["versions"].keys() >= {"jaxsdm", "jax", "python"}
    assert "--config.model.hidden=8" in content["command"]
    lines = [
        json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()
    ]
    assert lines[-1]["step"] == programs.steps
    assert {"task", "stage", "step", "loss", "seconds"} <= lines[0].keys()
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert f"trained: {folder}" in done.stdout
    assert f"step {programs.steps}/{programs.steps}, loss " in done.stderr


def test_predictions_recompute_the_table(trained):
    folder, _ = trained
    species = pd.read_csv(folder / "evaluation" / "species.csv")
    saved = predictions(folder)
    scored = 0
    for row in species.itertuples():
        part = saved[(saved.survey == row.survey) & (saved.species == row.species)]
        assert len(part) == row.presences + row.absences == 80
        assert part.presence.sum() == row.presences
        if not (row.presences and row.absences):
            assert np.isnan(row.auc)
            continue
        scored += 1
        want = roc_auc_score(part.presence, part.score)
        np.testing.assert_allclose(row.auc, want, atol=1e-5)
    assert scored
    summary = json.loads((folder / "evaluation" / "summary.json").read_text())
    np.testing.assert_allclose(
        summary["mean_auc_species"], species.auc.mean(), atol=1e-6
    )
    np.testing.assert_allclose(
        summary["mean_auc_regions"],
        species.groupby("region").auc.mean().mean(),
        atol=1e-6,
    )
    assert summary["mean_auc_species"] > 0.6


def test_evaluating_needs_the_run_folder_alone(programs, trained, tmp_path):
    folder, _ = trained
    copy = tmp_path / "moved"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "evaluation")
    shutil.rmtree(copy / "figures")
    done = programs.run("evaluate", f"--workdir={copy}", "--nofigures", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(predictions(copy), predictions(folder))
    assert not list(copy.rglob("*.png"))


def test_a_second_run_trains_nothing(programs, trained, tmp_path):
    folder, _ = trained
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    before = (copy / "train.jsonl").read_text()
    done = programs.run(
        "train", *programs.small, "--on-missing=drop", f"--workdir={copy}"
    )
    assert done.returncode == 0, done.stderr
    assert f"virtual-plants: trained already ({programs.steps} steps)" in done.stderr
    assert (copy / "train.jsonl").read_text() == before


@pytest.mark.parametrize("number", [signal.SIGTERM])
def test_a_signal_saves_and_the_same_command_ends_with_the_same_bits(
    programs, trained, tmp_path, number
):
    whole, _ = trained
    folder = tmp_path / "run"
    command = (*programs.small, "--on-missing=drop", f"--workdir={folder}")
    process = programs.start("train", *command)
    deadline = time.monotonic() + 300
    while not (folder / "train.jsonl").exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 128 + number
    assert "stopped by a signal" in err.splitlines()[-1]
    assert "Start the same command again to go on." in err.splitlines()[-1]
    assert "Traceback" not in err
    (saved,) = (folder / "checkpoints" / "virtual-plants").iterdir()
    assert 0 < int(saved.name) < programs.steps

    unfinished = programs.run("evaluate", f"--workdir={folder}", "--nofigures")
    assert unfinished.returncode == 0
    told = f"training was stopped at step {saved.name} of {programs.steps}"
    assert told in unfinished.stderr

    done = programs.run("train", *command, "--evaluate")
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(
        predictions(folder), predictions(whole), check_exact=True
    )
    steps = [
        json.loads(line)["step"]
        for line in (folder / "train.jsonl").read_text().splitlines()
    ]
    assert steps == sorted(set(steps))
    assert int(saved.name) in steps
