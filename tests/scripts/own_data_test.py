"""A user's own files from one command line to design, report and maps."""

import json

import numpy as np
import pandas as pd
import pytest

from jaxsdm.datasets import virtual_files

rasterio = pytest.importorskip("rasterio")

SMALL = (
    "--config.seeds=1,2",
    "--config.model.hidden=8",
    "--config.stage.main.epochs=2",
    "--config.dataset.categorical=land_cover",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    virtual_files.write(folder, size=32, species=4, surveys=60, seed=1)
    return folder


@pytest.mark.parametrize(
    ("kind", "table", "output"),
    [
        ("presence_only", "occurrences.txt", "cloglog"),
        ("presence_absence", "surveys.txt", "probability"),
    ],
)
def test_one_command(programs, world, tmp_path, kind, table, output):
    folder = tmp_path / "run"
    done = programs.run(
        "train",
        f"--config=configs/own_data.py:{kind}",
        f"--config.dataset.occurrences={world / table}",
        f"--config.dataset.rasters={world / 'rasters'}",
        *SMALL,
        f"--workdir={folder}",
        "--describe",
        "--evaluate",
        "--maps",
    )
    assert done.returncode == 0, done.stderr
    assert "folds of spatial blocks of" in done.stdout
    assert "rows read" in done.stdout
    assert (folder / "design" / "design.md").is_file()
    species = pd.read_csv(folder / "evaluation" / "species.csv")
    assert species["survey"].unique().tolist() == ["held_out"]
    maps = pd.read_csv(folder / "maps" / "maps.csv")
    assert set(maps["output"]) == {output}
    for file in maps["file"]:
        with rasterio.open(folder / "maps" / file) as raster:
            assert raster.shape == (32, 32)
            values = raster.read(1)
        assert np.nanmin(values) >= 0
        assert np.nanmax(values) <= 1
    saved = json.loads((folder / "config.json").read_text())["config"]["dataset"]
    assert saved["kind"] == kind


def test_the_design_alone(programs, world, tmp_path):
    done = programs.run(
        "describe",
        "--config=configs/own_data.py",
        f"--config.dataset.occurrences={world / 'occurrences.txt'}",
        f"--config.dataset.rasters={world / 'rasters'}",
        "--config.dataset.split=environment",
        f"--output={tmp_path / 'design'}",
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "design" / "design.md").read_text()
    assert "python scripts/describe.py" in text or "describe.py --config" in text
    assert "clusters of environments" in text


def test_without_files(programs, tmp_path):
    done = programs.run(
        "train", "--config=configs/own_data.py", f"--workdir={tmp_path / 'run'}"
    )
    assert done.returncode == 1
    assert "error: Which files? Give --config.dataset.occurrences=FILE" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_world_is_written(programs, tmp_path):
    done = programs.run(
        "virtual_world",
        f"--folder={tmp_path}",
        "--size=16",
        "--species=1",
        "--surveys=0",
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "world.json").is_file()
