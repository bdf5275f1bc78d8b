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
        block_size=0.5,
        folds=2,
        fold=0,
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
    said = (
        "own records: 4 of 5 rows are left out: 1 without coordinates, species or "
        "number, 1 absences, 1 outside the rasters, 1 in cells without data"
    )
    with pytest.warns(UserWarning, match=said):
        (task,) = datasets.load("files", occurrences=occurrences, rasters=rasters)
    assert task.records.counts.tolist() == [[1]]


def test_what_is_wrong_is_said(rasters, occurrences, write_table, tmp_path):
    def load(**options):
        datasets.load(
            "files", **{"occurrences": occurrences, "rasters": rasters} | options
        )

    with pytest.raises(FileNotFoundError, match=r"none\.txt: no such table"):
        load(occurrences=tmp_path / "none.txt")
    with pytest.raises(FileNotFoundError, match=r"none\.tif: no such raster"):
        load(rasters=tmp_path / "none.tif")
    with pytest.raises(ValueError, match=r"occurrences\.txt: no column occurrenceStat"):
        load(surveys=occurrences)
    with pytest.raises(ValueError, match=r"categorical names no band .*: lithology"):
        load(categorical=("lithology",))
    swapped = write_table("swapped.txt", HEADER, "Viola hirta\t59.9\t3.6")
    with pytest.raises(
        ValueError, match=r"own records: 1 of 1 .* Longitudes are 59\.9"
    ):
        load(occurrences=swapped)
