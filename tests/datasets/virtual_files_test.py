"""Tests for jaxsdm.datasets.virtual_files."""

import json

import numpy as np
import pandas as pd
import pytest

from jaxsdm import datasets
from jaxsdm.datasets import virtual, virtual_files

rasterio = pytest.importorskip("rasterio")

SETTINGS = {"size": 40, "species": 6, "surveys": 120, "seed": 3}


@pytest.fixture(scope="module")
def world():
    (task,) = virtual.load(**SETTINGS)
    return task


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("virtual") / "world"
    virtual_files.write(folder, **SETTINGS)
    return folder


@pytest.fixture(scope="module")
def task(folder):
    (read,) = datasets.load(
        "files",
        occurrences=folder / "occurrences.txt",
        rasters=folder / "rasters",
        surveys=folder / "surveys.txt",
        categorical=("land_cover",),
    )
    return read


def same_sites(read, world):
    """In the same order: both go from north to south and west to east."""
    np.testing.assert_array_equal(read.x - 500_000, world.x)
    np.testing.assert_array_equal(read.y - 5_600_000, world.y)
    assert read.crs == "EPSG:32631"
    covers = ["cropland", "forest", "grassland", "shrubland", "wetland"]
    want = world.predictors.copy()
    want["land_cover"] = [covers.index(cover) + 1 for cover in want["land_cover"]]
    quantities = want.columns.drop("land_cover")
    want = want.astype(dict.fromkeys(quantities, np.float32))
    pd.testing.assert_frame_equal(read.predictors[list(want)], want, check_exact=True)


def test_records_come_back(task, world):
    assert task.records.species == world.records.species
    np.testing.assert_array_equal(task.records.counts, world.records.counts)
    same_sites(task.records, world.records)


def test_surveys_come_back(task, world):
    survey, plots = task.surveys["surveys"], world.surveys["plots"]
    assert survey.species == plots.species
    np.testing.assert_array_equal(survey.counts, plots.counts)
    same_sites(survey, plots)


def test_predictors_of_all_cells_come_back(task, world):
    assert set(task.continuous) == set(world.continuous)
    assert task.categorical == world.categorical
    same_sites(task.grid.sites, world.grid.sites)
    np.testing.assert_array_equal(task.grid.row, world.grid.row)
    np.testing.assert_array_equal(task.grid.column, world.grid.column)
    assert task.grid.shape == world.grid.shape


def test_the_files_are_what_others_read(folder, world):
    with rasterio.open(folder / "rasters" / "elevation.tif") as raster:
        assert raster.crs.to_epsg() == 32631
        assert tuple(raster.bounds) == (500_000, 5_600_000, 540_000, 5_640_000)
        elevation = raster.read(1, masked=True)
    want = world.grid.raster(world.grid.sites.predictors["elevation"].to_numpy())
    np.testing.assert_array_equal(elevation.filled(np.nan), want)
    with rasterio.open(folder / "rasters" / "land_cover.tif") as raster:
        assert (raster.dtypes[0], raster.nodata) == ("uint8", 0)
        codes = raster.read(1)
    meaning = json.loads((folder / "world.json").read_text())["land_cover"]
    cover = np.vectorize({code: name for name, code in meaning.items()}.get)
    at = world.grid.row, world.grid.column
    np.testing.assert_array_equal(
        cover(codes[at]), world.grid.sites.predictors["land_cover"]
    )
    assert np.count_nonzero(codes) == len(world.grid.sites)
    records = pd.read_csv(folder / "occurrences.txt", sep="\t")
    faults = json.loads((folder / "world.json").read_text())["faults"]
    assert len(records) == world.records.counts.sum() + sum(faults.values())
    assert records["occurrenceID"].is_unique
    found = pd.read_csv(folder / "surveys.txt", sep="\t")
    assert len(found) == 120 * 6
    assert found["occurrenceStatus"].eq("present").sum() == (
        world.surveys["plots"].counts.sum()
    )


def test_it_is_written_and_read_by_its_name_with_the_truth(tmp_path, world):
    (task,) = datasets.load("virtual_files", folder=tmp_path / "new", **SETTINGS)
    same_sites(task.grid.sites, world.grid.sites)
    np.testing.assert_array_equal(task.grid.truth, world.grid.truth)
    np.testing.assert_array_equal(task.records.counts, world.records.counts)
    assert task.name == "virtual"
    assert not [*(tmp_path / "new").rglob(".*")]


def test_the_truth_is_that_of_the_species_with_records(tmp_path, world):
    """Also in another order, or if a species has no record left."""
    folder = tmp_path / "world"
    virtual_files.write(folder, **SETTINGS)
    records = pd.read_csv(folder / "occurrences.txt", sep="\t")
    records = records[records["scientificName"] != "species_02"]
    records.to_csv(folder / "occurrences.txt", sep="\t", index=False)
    (task,) = virtual_files.load(folder, **SETTINGS)
    (said,) = task.design.cleaning["surveys"].notes
    assert said == "1 of 6 species have no record to be fitted to (species_02)"
    np.testing.assert_array_equal(task.grid.truth, world.grid.truth[:, [0, 2, 3, 4, 5]])


def test_cleaning_finds_the_faults(task, folder):
    faults = json.loads((folder / "world.json").read_text())["faults"]
    report = task.design.cleaning["records"]
    taken = [step.dropped for step in report.steps if step.dropped]
    assert taken == list(faults.values())
    assert report.rows - sum(taken) == task.records.counts.sum()


def test_a_world_of_an_earlier_version_is_refused(tmp_path):
    virtual_files.write(tmp_path, size=16, species=1, surveys=0)
    world = json.loads((tmp_path / "world.json").read_text())
    del world["faults"]
    (tmp_path / "world.json").write_text(json.dumps(world))
    with pytest.raises(ValueError, match="earlier version, without faults; remove"):
        virtual_files.load(tmp_path, size=16, species=1, surveys=0)


def test_a_folder_is_written_once(folder):
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    virtual_files.load(folder, **SETTINGS)
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == before


def test_a_folder_of_other_settings_is_refused(folder):
    with pytest.raises(
        ValueError,
        match="of size 40, species 6, surveys 120, seed 3, not of size 40, sp",
    ):
        virtual_files.load(folder, **SETTINGS | {"seed": 4})


def test_an_interrupted_writing_is_done_again(tmp_path, world):
    virtual_files.write(tmp_path, **SETTINGS | {"seed": 9})
    (tmp_path / "world.json").unlink()  # it is written last
    leftover = tmp_path / "rasters" / ".elevation.123.tif"
    leftover.write_bytes(b"half")
    (task,) = virtual_files.load(tmp_path, **SETTINGS)
    np.testing.assert_array_equal(task.records.counts, world.records.counts)
    assert task.continuous == tuple(sorted(world.continuous))


def test_impossible_worlds_leave_nothing(tmp_path):
    with pytest.raises(ValueError, match="size from 16"):
        virtual_files.write(tmp_path / "world", size=3)
    assert not (tmp_path / "world").exists()


def test_no_survey_and_the_place_alone(tmp_path):
    (task,) = virtual_files.load(
        tmp_path, size=16, species=1, surveys=0, predictors="location"
    )
    assert not task.surveys
    assert task.continuous == ("sin_x", "cos_x", "sin_y", "cos_y")
    assert task.grid.truth.shape == (len(task.grid.sites), 1)
