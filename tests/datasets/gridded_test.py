"""Tests for jaxsdm.datasets.gridded."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import CleaningReport, Occurrences, open_stack
from jaxsdm.data.raster_sites import RasterSites
from jaxsdm.datasets import gridded
from jaxsdm.datasets.gridded import gridded_task

pytest.importorskip("rasterio")

ROWS, COLUMNS = 8, 12
WEST, NORTH, SIZE = 3.0, 60.0, 0.5


@pytest.fixture
def values():
    made = np.random.default_rng(1).random((ROWS, COLUMNS)).astype(np.float32)
    made[2:4, 5] = -1
    return made


@pytest.fixture
def opener(write_raster, values):
    cover = np.arange(values.size, dtype=np.uint8).reshape(values.shape) % 4
    files = [
        write_raster("rain.tif", values, nodata=-1),
        write_raster("cover.tif", cover + 1, nodata=0),
    ]
    return functools.partial(open_stack, files, categorical=["cover"])


def points(number, seed, values, **columns):
    """Rows at random places of the raster that have data."""
    rng = np.random.default_rng(seed)
    row, column = np.nonzero(values >= 0)
    at = rng.integers(len(row), size=number)
    east, south = rng.uniform(0.01, 0.99, (2, number))
    return pd.DataFrame(
        {
            "decimalLongitude": WEST + (column[at] + east) * SIZE,
            "decimalLatitude": NORTH - (row[at] + south) * SIZE,
            "species": rng.choice(["c", "a", "b"], number),
            "count": rng.integers(1, 4, number).astype(float),
            "present": True,
        }
        | columns
    )


def as_occurrences(table, kind="presence_only"):
    table = table.astype({"species": "category"})
    report = CleaningReport("table", len(table), table["species"].nunique())
    return Occurrences(table, kind, "table", report)


def made(records, opener, surveys=(), predictors="raster", number=20):
    with opener() as stack:
        area = RasterSites(stack, predictors)
        return gridded_task(
            as_occurrences(records),
            area,
            opener,
            name="X",
            region="here",
            group="plant",
            raster="climate",
            background=area.valid[:number],
            surveys={
                name: as_occurrences(table, "presence_absence")
                for name, table in dict(surveys).items()
            },
        )


def by_centre(table):
    """`(x, y, species) -> counts` of a site table."""
    frame = pd.DataFrame(table.counts, columns=list(table.species))
    frame.index = pd.MultiIndex.from_arrays([table.x, table.y])
    return frame.stack().sort_index()


def centres(table):
    column = np.floor((table["decimalLongitude"] - WEST) / SIZE)
    row = np.floor((NORTH - table["decimalLatitude"]) / SIZE)
    return [WEST + (column + 0.5) * SIZE, NORTH - (row + 0.5) * SIZE]


def test_records_are_counted_in_their_cells(opener, values):
    records = points(200, 0, values)
    task = made(records, opener)
    assert (task.name, task.region, task.group) == ("X", "here", "plant")
    assert task.records.species == ("a", "b", "c")
    want = records.groupby([*centres(records), "species"])["count"].sum()
    got = by_centre(task.records)
    got = got[got > 0]
    assert got.index.tolist() == want.index.tolist()
    np.testing.assert_array_equal(got, want)
    assert task.held_out is None
    assert not task.surveys
    task.checked()


def test_predictors_are_those_of_the_cells(opener, values):
    task = made(points(50, 0, values), opener)
    assert (task.continuous, task.categorical) == (("rain",), ("cover",))
    for table in (task.records, task.background, task.grid.sites):
        row = ((NORTH - table.y) // SIZE).astype(int)
        column = ((table.x - WEST) // SIZE).astype(int)
        np.testing.assert_array_equal(table.predictors["rain"], values[row, column])
        code = (row * COLUMNS + column) % 4 + 1
        np.testing.assert_array_equal(table.predictors["cover"], code)


def test_the_grid_lays_the_raster_out(opener, values, monkeypatch):
    records = points(50, 0, values)
    task = made(records, opener)
    laid = task.grid.raster(task.grid.sites.predictors["rain"].to_numpy())
    np.testing.assert_array_equal(laid, np.where(values < 0, np.nan, values))
    assert task.grid.sites.species == task.records.species
    assert not task.grid.sites.counts.any()
    monkeypatch.setattr(gridded, "LARGEST_GRID", values.size)
    assert made(records, opener).grid is not None
    monkeypatch.setattr(gridded, "LARGEST_GRID", values.size - 1)
    assert made(records, opener).grid is None


def test_the_grid_of_a_south_up_raster_has_the_north_on_top(write_raster, values):
    south_up = (SIZE, 0.0, WEST, 0.0, SIZE, NORTH - ROWS * SIZE)
    file = write_raster("rain.tif", values[::-1], transform=south_up, nodata=-1)
    grid = made(points(50, 0, values), functools.partial(open_stack, file)).grid
    laid = grid.raster(grid.sites.predictors["rain"].to_numpy())
    np.testing.assert_array_equal(laid, np.where(values < 0, np.nan, values))
    np.testing.assert_allclose(grid.sites.y, NORTH - (grid.row + 0.5) * SIZE)


def test_a_survey_knows_present_absent_and_not_looked_for(opener, values):
    records = points(200, 0, values)
    rng = np.random.default_rng(5)
    plots = points(60, 1, values, present=rng.random(60) < 0.4, count=1.0)
    survey = made(records, opener, surveys={"plots": plots}).surveys["plots"]
    want = plots.groupby([*centres(plots), "species"])["present"].max()
    got = by_centre(survey).dropna()
    assert got.index.tolist() == want.index.tolist()
    np.testing.assert_array_equal(got, want)
    assert np.isnan(survey.counts).any()
    assert len(survey) == len(set(zip(*centres(plots), strict=True)))


def test_species_of_a_survey_without_records_are_left_out(opener, values):
    records = points(200, 0, values)
    plots = points(30, 1, values, present=False)
    plots.loc[:3, "species"] = ["b", "d", "a", "e"]
    task = made(records, opener, surveys={"plots": plots})
    assert task.surveys["plots"].species == ("a", "b", "c")
    report = task.design.cleaning["plots"]
    assert report.steps[-1][:3] == (
        "of species without a record to be fitted to",
        2,
        28,
    )
    said = "2 of 5 species have no record to be fitted to (d, e)"
    assert report.notes == (said,)
    plots["species"] = "Quercus"
    with pytest.raises(
        ValueError, match=r"1 of 1 .* \(Quercus\); are they named alike"
    ):
        made(records, opener, surveys={"plots": plots})


def test_a_list_of_other_species_says_that_ours_were_absent(opener, values):
    records = points(50, 0, values, species="a")
    lists = points(6, 1, values, count=1.0)
    lists["species"] = ["a", "d", "d", "a", "d", "d"]
    with opener() as stack:
        area = RasterSites(stack, "raster")
        task = gridded_task(
            as_occurrences(records),
            area,
            opener,
            name="X",
            region="here",
            group="plant",
            raster="climate",
            background=area.valid,
            surveys={"lists": as_occurrences(lists, "survey_lists")},
        )
    survey = task.surveys["lists"]
    assert survey.species == ("a",)
    assert len(survey) == len(set(zip(*centres(lists), strict=True)))
    assert sorted(np.unique(survey.counts)) == [0, 1]


def test_the_rasters_can_be_opened_again_elsewhere(opener, values):
    task = pickle.loads(pickle.dumps(made(points(50, 0, values), opener)))
    assert list(task.rasters) == ["climate"]
    with task.rasters["climate"]() as stack:
        sampled, valid = stack.sample(x=task.records.x, y=task.records.y)
        assert stack.names == ("rain", "cover")
    assert valid.all()
    np.testing.assert_array_equal(sampled, task.records.predictors)
