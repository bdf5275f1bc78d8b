"""Tests for jaxsdm.evaluation.design: the report and its figures."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from jaxsdm.data import Split
from jaxsdm.datasets import files, virtual_files
from jaxsdm.evaluation.design import coverage_figure, split_map, write_design

pytest.importorskip("rasterio")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    virtual_files.write(folder, size=40, species=5, surveys=30, seed=2)
    return folder


def own(world, **options):
    (task,) = files.load(
        world / "occurrences.txt",
        world / "rasters",
        categorical="land_cover",
        background=500,
        **options,
    )
    return task


@pytest.fixture(scope="module")
def task(world):
    return own(world)


@pytest.fixture(scope="module")
def report(task, tmp_path_factory):
    folder = tmp_path_factory.mktemp("design")
    return write_design(folder, task, command="python scripts/describe.py")


def test_what_is_promised_is_there(report):
    names = {path.name for path in report.parent.iterdir()}
    assert names == {
        "design.md",
        *("cleaning.csv", "species.csv", "predictors.csv", "coverage.csv"),
        *("folds.csv", "records.png", "coverage.png", "folds.png", "split.png"),
    }
    text = report.read_text()
    for name in names:
        if name.endswith(".png"):
            assert f"({name})" in text
            image = imread(report.parent / name)
            assert image.std() > 0.01  # not blank
    assert "python scripts/describe.py" in text


def test_tables_are_those_of_the_task(report, task):
    cleaning = pd.read_csv(report.parent / "cleaning.csv")
    sites = task.design.sites
    assert cleaning["rows"].iloc[-1] == sites.counts.sum()
    species = pd.read_csv(report.parent / "species.csv").set_index("species")
    np.testing.assert_array_equal(species["records"], sites.counts.sum(0))
    np.testing.assert_array_equal(
        species["trained_sites"], (task.records.counts > 0).sum(0)
    )
    np.testing.assert_array_equal(
        species["presences_held_out"], (task.held_out.counts > 0).sum(0)
    )
    folds = pd.read_csv(report.parent / "folds.csv")
    assert folds["test_sites"].tolist() == [len(t) for _, t in task.design.split]
    text = report.read_text()
    assert f"{len(sites):,}" in text
    coverage = pd.read_csv(report.parent / "coverage.csv").set_index("predictor")
    np.testing.assert_allclose(  # of the whole area, not what was left to train on
        coverage["area_mean"]["elevation"],
        task.design.area.predictors["elevation"].mean(),
    )
    assert len(task.design.area) > len(task.background)
    assert task.design.method in text


def test_species_without_training_and_levels_without_sites_are_told(task, tmp_path):
    counts = task.records.counts.copy()
    counts[:, 1] = 0
    sites = task.design.sites
    land = sites.predictors["land_cover"]
    kept = sites.take((land != land.iloc[0]).to_numpy())
    split = Split.of(np.arange(len(kept)) % 5)
    design = dataclasses.replace(task.design, sites=kept, split=split, block_size=None)
    changed = dataclasses.replace(
        task,
        records=dataclasses.replace(task.records, counts=counts),
        design=design,
    )
    text = write_design(tmp_path, changed).read_text()
    lost = task.records.species[1]
    assert "Not scored, without a site left to be trained on (1): " in text
    assert lost in text.split("without a site left")[1].splitlines()[0]
    assert f"Levels of `land_cover` without a site: {land.iloc[0]} (" in text


def test_nothing_held_out(world, tmp_path):
    task = own(world, split="none", predictors="location")
    text = write_design(tmp_path, task).read_text()
    assert "Nothing was held out; the model is judged on nothing" in text
    assert not (tmp_path / "split.png").exists()


def test_surveys_are_described(world, tmp_path):
    (task,) = files.load(
        world / "surveys.txt", world / "rasters", kind="presence_absence", folds=3
    )
    text = write_design(tmp_path, task).read_text()
    assert "presences held out" in text


def test_tables_of_a_benchmark_have_no_design(task, tmp_path):
    with pytest.raises(ValueError, match="comes as finished tables; a design is"):
        write_design(tmp_path / "new", dataclasses.replace(task, design=None))
    assert not (tmp_path / "new").exists()


def test_a_map_of_many_folds_and_of_sites_in_none(tmp_path):
    x = np.arange(20.0)
    fold = np.arange(20) % 10
    fold[3] = -1
    split_map(Split.of(fold), x, x, tmp_path / "folds.png")
    assert imread(tmp_path / "folds.png").std() > 0.01


def test_coverage_needs_quantities(task, tmp_path):
    bare = dataclasses.replace(task, continuous=())
    with pytest.raises(ValueError, match="has no continuous predictor"):
        coverage_figure(bare, task.records, tmp_path / "c.png")
