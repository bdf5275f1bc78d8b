"""Tests for jaxsdm.datasets.files."""

import numpy as np
import pytest

from jaxsdm import datasets

pytest.importorskip("rasterio")

HEADER = "species\tdecimalLongitude\tdecimalLatitude"


@pytest.fixture
def rasters(write_raster, tmp_path):
    (tmp_path / "rasters").mkdir()
    rain = np.arange(12, dtype=np.float32).reshape(3, 4)
    rain[0, 0] = -9
    write_raster("rasters/rain.tif", rain, nodata=-9)
    write_raster("rasters/soil.tif", np.tile(np.array([1, 2], np.uint8), (3, 2)))
    return tmp_path / "rasters"


@pytest.fixture
def occurrences(write_table):
    return write_table(
        "occurrences.txt",
        HEADER,
        "Viola odorata\t3.6\t59.9",
        "Viola odorata\t3.7\t59.8",
        "Viola hirta\t3.6\t59.9",
        "Viola hirta\t4.9\t58.6",
    )


def test_records_a_survey_and_categories(rasters, occurrences, write_table):
    surveys = write_table(
        "surveys.csv",
        "decimalLatitude,decimalLongitude,scientificName,occurrenceStatus",
        "58.9,3.1,Viola odorata,absent",
        "58.9,3.1,Viola hirta,present",
        "59.1,4.9,Viola odorata,present",
    )
    (task,) = datasets.load(
        "files",
        occurrences=occurrences,
        rasters=rasters,
        surveys=surveys,
        categorical=("soil",),
        region="violets",
    )
    assert (task.name, task.region) == ("violets", "violets")
    assert task.records.species == ("Viola hirta", "Viola odorata")
    np.testing.assert_array_equal(task.records.x, [3.75, 4.75])
    np.testing.assert_array_equal(task.records.y, [59.75, 58.75])
    np.testing.assert_array_equal(task.records.counts, [[1, 2], [1, 0]])
    assert task.records.predictors["rain"].tolist() == [1, 11]
    assert task.records.predictors["soil"].tolist() == [2, 2]
    assert (task.continuous, task.categorical) == (("rain",), ("soil",))
    assert list(task.surveys) == ["surveys"]
    np.testing.assert_array_equal(task.surveys["surveys"].counts, [[np.nan, 1], [1, 0]])
    assert len(task.background) == len(task.grid.sites) == 11
    assert list(task.rasters) == ["raster"]
    with task.rasters["raster"]() as stack:
        assert [band.categorical for band in stack.bands] == [False, True]


def test_the_place_alone_one_file_and_a_fold(rasters, occurrences):
    (task,) = datasets.load(
        "files",
        occurrences=occurrences,
        rasters=rasters / "rain.tif",
        predictors="location",
        split="random",
        folds=2,
    )
    assert task.continuous == ("sin_x", "cos_x", "sin_y", "cos_y")
    assert len(task.records) == len(task.held_out) == 1
    assert list(task.surveys) == ["held_out"]


def test_rows_that_cannot_be_used_are_counted(rasters, write_table):
    occurrences = write_table(
        "occurrences.txt",
        HEADER + "\toccurrenceStatus",
        "Viola hirta\t3.6\t59.9\tPRESENT",
        "Viola hirta\t4.9\t58.6\tABSENT",
        "Viola hirta\t3.1\t59.9\tPRESENT",
        "Viola hirta\t9\t58.6\tPRESENT",
        "\t4.9\t58.6\tPRESENT",
    )
    (task,) = load(occurrences, rasters, split="none")
    assert task.records.counts.tolist() == [[1]]
    taken = {s.reason: s.dropped for s in task.design.cleaning["records"].steps}
    assert {reason: n for reason, n in taken.items() if n} == {
        "missing species": 1,
        "absences": 1,
        "outside the rasters": 1,
        "without data in the rasters (in the sea)": 1,
    }


def load(occurrences, rasters, **options):
    files = {"occurrences": occurrences, "rasters": rasters}
    return datasets.load("files", **files | options)


@pytest.fixture
def dated(write_table):
    """The same species thrice in one cell, and once elsewhere."""
    return write_table(
        "dated.csv",
        "taxon,lon,lat,coordinateUncertaintyInMeters,year",
        "Viola hirta,3.6,59.9,10,2001",
        "Viola hirta,3.61,59.9,5000,2002",
        "Viola hirta,3.6,59.9,20,2001",
        "Viola odorata,4.9,58.6,,2003",
    )


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({}, [[2, 0], [0, 1]]),
        ({"duplicates": "keep"}, [[3, 0], [0, 1]]),
        ({"duplicates": "keep", "max_uncertainty": 100}, [[2, 0], [0, 1]]),
        ({"duplicates": "keep", "first_year": 2002}, [[1, 0], [0, 1]]),
        ({"duplicates": "keep", "last_year": 2002}, [[3]]),
        ({"duplicates": "keep", "fewest_records": 2}, [[3]]),
        ({"duplicates": "keep", "thin": 5000}, [[1, 0], [0, 1]]),
    ],
)
def test_what_is_left_out(rasters, dated, options, counts):
    named = {"columns": "species=taxon", "split": "none"}
    (task,) = load(dated, rasters, **named | options)
    assert task.records.counts.tolist() == counts


def test_rasters_on_other_grids(rasters, occurrences, write_raster):
    finer = np.repeat(np.repeat(np.arange(12).reshape(3, 4), 2, 0), 2, 1)
    write_raster(
        "rasters/tree.tif",
        finer.astype(np.float32),
        transform=(0.25, 0.0, 3.0, 0.0, -0.25, 60.0),
    )
    with pytest.raises(ValueError, match="template"):
        load(occurrences, rasters, split="none")
    (task,) = load(occurrences, rasters, split="none", template="rain")
    assert task.records.predictors["tree"].tolist() == [1, 11]


def test_background_within_reach(rasters, occurrences):
    (task,) = load(occurrences, rasters, split="none", reach=40_000)
    assert 0 < len(task.background) < 11
    (few,) = load(occurrences, rasters, split="none", background=4, seed=1)
    assert len(few.background) == 4
    (again,) = load(occurrences, rasters, split="none", background=4, seed=1)
    np.testing.assert_array_equal(few.background.x, again.background.x)


def test_surveys_to_be_fitted_to(rasters, write_table):
    table = write_table(
        "surveys.csv",
        "plot,x,y,hirta,odorata",
        "1,3.6,59.9,1,0",
        "2,4.9,58.6,0,",
        "3,4.1,59.1,1,1",
        "4,4.6,59.4,0,1",
    )
    (task,) = load(
        table,
        rasters,
        kind="presence_absence",
        crs="EPSG:4326",
        wide="rest",
        columns="survey=plot",
        split="random",
        folds=2,
    )
    both = np.concatenate([task.records.counts, task.surveys["held_out"].counts])
    assert len(both) == 4
    assert np.isnan(both).sum() == 1
    assert np.nansum(both, axis=0).tolist() == [2, 2]
    assert task.design.kind == "presence_absence"


def test_what_is_wrong_is_said(rasters, occurrences, write_table, tmp_path):
    with pytest.raises(ValueError, match=r"Which files\? Give --config\.dataset\.occ"):
        datasets.load("files")
    with pytest.raises(FileNotFoundError, match=r"none\.txt: no such file"):
        load(tmp_path / "none.txt", rasters)
    with pytest.raises(FileNotFoundError, match=r"none\.tif: no such raster"):
        load(occurrences, tmp_path / "none.tif")
    with pytest.raises(ValueError, match=r"occurrences\.txt: .*presence_absence"):
        load(occurrences, rasters, surveys=occurrences)
    with pytest.raises(ValueError, match=r"categorical names no band .*: lithology"):
        load(occurrences, rasters, categorical="lithology")
    with pytest.raises(ValueError, match=r"want PART=NAME,\.\.\., .* got 'taxon'"):
        load(occurrences, rasters, columns="taxon")
    with pytest.raises(ValueError, match="duplicates: 'drop' or 'keep', got 'no'"):
        load(occurrences, rasters, duplicates="no")
    swapped = write_table("swapped.txt", HEADER, "Viola hirta\t59.9\t3.6")
    with pytest.raises(ValueError, match=r"(?s)No row is left.*swapped"):
        load(swapped, rasters)
    np.savez(tmp_path / "truth.npz", truth=np.ones((3, 1)), species=["Viola hirta"])
    with pytest.raises(ValueError, match=r"truth\.npz: the truth of 3 cells and 1 sp"):
        load(occurrences, rasters, truth=tmp_path / "truth.npz")
