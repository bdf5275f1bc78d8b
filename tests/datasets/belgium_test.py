"""Tests for jaxsdm.datasets.belgium, on the files themselves."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.datasets import belgium

pytest.importorskip("rasterio")


@pytest.fixture(scope="module")
def folder(shared):
    return shared / "data" / "belgium_bcubed"


@pytest.fixture(scope="module")
def task(folder):
    (task,) = belgium.load(folder)
    return task


def test_all_records_inside_are_there(task):
    """3,645 rows, of which two lie outside; some count two or three."""
    assert len(task.records.species) == 415
    report = task.design.cleaning["records"]
    assert report.rows == 3645
    assert {s.reason: s.dropped for s in report.steps if s.dropped} == {
        "outside the rasters": 2
    }
    total = task.records.counts.sum() + task.held_out.counts.sum()
    assert 3643 + 204 <= total <= 3403 + 2 * 204 + 3 * 38
    assert len(task.continuous) == 14


def test_the_climate_is_that_of_the_raster(task, folder):
    import rasterio

    for table in (task.records, task.held_out, task.background):
        points = list(zip(table.x[:50], table.y[:50], strict=True))
        for name in ("bio1", "bio3", "bio16"):
            with rasterio.open(folder / f"{name}.tif") as raster:
                want = [value[0] for value in raster.sample(points)]
            np.testing.assert_allclose(table.predictors[name][:50], want)


def test_a_fifth_is_held_out_in_blocks(task):
    total = task.records.counts.sum() + task.held_out.counts.sum()
    assert 0.15 < task.held_out.counts.sum() / total < 0.25
    one, other = ({*zip(t.x, t.y, strict=True)} for t in (task.records, task.held_out))
    assert not one & other
    corner = min(task.records.x.min(), task.held_out.x.min())
    south = min(task.records.y.min(), task.held_out.y.min())

    def blocks(table):
        return {
            (int(a), int(b))
            for a, b in zip(
                (table.x - corner) // 0.25, (table.y - south) // 0.25, strict=True
            )
        }

    assert not blocks(task.records) & blocks(task.held_out)


def test_the_survey_is_the_held_out_records_as_presence(task):
    survey = task.surveys["held_out"]
    np.testing.assert_array_equal(survey.counts, task.held_out.counts > 0)


def test_the_grid_and_the_rasters_are_the_climate(task, folder):
    import rasterio

    layers = []
    for number in (1, 12):
        with rasterio.open(folder / f"bio{number}.tif") as raster:
            layers.append(raster.read(1, masked=True))
            scale, offset = raster.scales[0], raster.offsets[0]
        layers[-1] = layers[-1] * scale + offset
    assert task.grid.shape == layers[0].shape
    assert len(task.grid.sites) == layers[0].count()
    for number, layer in zip((1, 12), layers, strict=True):
        laid = task.grid.raster(task.grid.sites.predictors[f"bio{number}"].to_numpy())
        np.testing.assert_allclose(laid, layer.filled(np.nan), rtol=1e-6)
    (opener,) = task.rasters.values()
    assert list(task.rasters) == ["climate"]
    with opener() as stack:
        assert stack.names == task.continuous
        values, _ = stack.sample(x=task.records.x, y=task.records.y)
    np.testing.assert_array_equal(values, task.records.predictors)


def test_the_place_alone_has_the_same_sites(task, folder):
    (place,) = belgium.load(folder, predictors="location")
    assert place.continuous == ("sin_x", "cos_x", "sin_y", "cos_y")
    for one, other in (
        (place.records, task.records),
        (place.background, task.background),
        (place.surveys["held_out"], task.surveys["held_out"]),
    ):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_array_equal(one.counts, other.counts)
    with pytest.raises(
        ValueError, match="no predictors 'climate'; there are raster, l"
    ):
        belgium.load(folder, predictors="climate")


def test_what_is_wrong_is_said(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("JAXSDM_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="set JAXSDM_DATA"):
        belgium.load()
    with pytest.raises(FileNotFoundError, match=r"no belgium_2010\.csv"):
        belgium.load(tmp_path)
    with pytest.raises(
        ValueError,
        match=r"fold from 0 to 4 of 5 folds of spatial blocks of 0\.25 degrees, got 5",
    ):
        belgium.load(folder, fold=5)
    pd.DataFrame({"species": ["a"]}).to_csv(
        tmp_path / "belgium_2010.csv", sep="\t", index=False
    )
    with pytest.raises(FileNotFoundError, match=r"no bio\*\.tif"):
        belgium.load(tmp_path)
    (tmp_path / "bio1.tif").touch()
    with pytest.raises(ValueError, match="the columns are species"):
        belgium.load(tmp_path)
