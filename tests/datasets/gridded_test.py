"""Tests for jaxsdm.datasets.gridded."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import open_stack
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
    return pd.DataFrame(
        {
            "longitude": WEST + (column[at] + rng.uniform(0.01, 0.99, number)) * SIZE,
            "latitude": NORTH - (row[at] + rng.uniform(0.01, 0.99, number)) * SIZE,
            "species": rng.choice(["c", "a", "b"], number),
            "records": rng.integers(1, 4, number).astype(float),
            "present": True,
        }
        | columns
    )


def made(records, opener, **options):
    return gridded_task(
        records,
        opener,
        **{
            "name": "X",
            "region": "here",
            "group": "plant",
            "raster": "climate",
            "surveys": {},
            "predictors": "raster",
            "block_size": None,
            "folds": 3,
            "fold": None,
            "background": 20,
            "seed": 0,
        }
        | options,
    )


def by_centre(table):
    """`(x, y, species) -> counts` of a site table."""
    frame = pd.DataFrame(table.counts, columns=list(table.species))
    frame.index = pd.MultiIndex.from_arrays([table.x, table.y])
    return frame.stack().sort_index()


def centres(table):
    column = np.floor((table["longitude"] - WEST) / SIZE)
    row = np.floor((NORTH - table["latitude"]) / SIZE)
    return [WEST + (column + 0.5) * SIZE, NORTH - (row + 0.5) * SIZE]


def test_records_are_counted_in_their_cells(opener, values):
    records = points(200, 0, values)
    task = made(records, opener)
    assert (task.name, task.region, task.group) == ("X", "here", "plant")
    assert task.records.species == ("a", "b", "c")
    want = records.groupby([*centres(records), "species"])["records"].sum()
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


def test_the_background_are_distinct_cells_with_data(opener, values):
    records = points(50, 0, values)
    task = made(records, opener)
    assert len({*zip(task.background.x, task.background.y, strict=True)}) == 20
    assert not task.background.counts.any()
    again, other = (made(records, opener, seed=seed).background for seed in (0, 1))
    np.testing.assert_array_equal(again.x, task.background.x)
    assert (other.x != task.background.x).any()
    order = np.lexsort((task.background.x, -task.background.y))
    np.testing.assert_array_equal(order, np.arange(20))  # from the north-west on
    everything = made(records, opener, background=1000).background
    assert len(everything) == (values >= 0).sum() == ROWS * COLUMNS - 2


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
    plots = points(60, 1, values, present=rng.random(60) < 0.4, records=1.0)
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
    said = r"X survey plots: 2 of 5 species have no record \(d, e\) and are left out"
    with pytest.warns(UserWarning, match=said):
        task = made(records, opener, surveys={"plots": plots})
    assert task.surveys["plots"].species == ("a", "b", "c")
    plots["species"] = "Quercus"
    with pytest.raises(
        ValueError, match=r"1 of 1 .* \(Quercus\); are they named alike"
    ):
        made(records, opener, surveys={"plots": plots})


def test_a_fold_is_held_out_in_blocks(opener, values):
    records = points(200, 0, values)
    whole = made(records, opener).records
    plots = points(30, 1, values)
    parts = []
    for fold in range(3):
        task = made(
            records, opener, block_size=1.0, fold=fold, surveys={"plots": plots}
        )
        assert list(task.surveys) == ["plots", "held_out"]
        np.testing.assert_array_equal(
            task.surveys["held_out"].counts, task.held_out.counts > 0
        )
        together = pd.concat([by_centre(task.records), by_centre(task.held_out)])
        pd.testing.assert_series_equal(together.sort_index(), by_centre(whole))
        corner = whole.x.min(), whole.y.min()
        blocks = [
            {*zip((t.x - corner[0]) // 1.0, (t.y - corner[1]) // 1.0, strict=True)}
            for t in (task.records, task.held_out)
        ]
        assert not blocks[0] & blocks[1]
        parts.append(by_centre(task.held_out))
    pd.testing.assert_series_equal(pd.concat(parts).sort_index(), by_centre(whole))


def test_folds_are_balanced_in_records(opener, values):
    """Not in cells: a block with most records is a fold of its own."""
    records = points(200, 0, values)
    records.loc[0, "records"] = 1e4
    held = [
        made(records, opener, block_size=1.0, fold=fold).held_out for fold in range(3)
    ]
    most = np.argmax([table.counts.sum() for table in held])
    assert len(held[most]) <= 4  # the cells of a block


def test_the_rasters_can_be_opened_again_elsewhere(opener, values):
    task = pickle.loads(pickle.dumps(made(points(50, 0, values), opener)))
    assert list(task.rasters) == ["climate"]
    with task.rasters["climate"]() as stack:
        sampled, valid = stack.sample(x=task.records.x, y=task.records.y)
        assert stack.names == ("rain", "cover")
    assert valid.all()
    np.testing.assert_array_equal(sampled, task.records.predictors)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"predictors": "cells"}, "X: no predictors 'cells'; there are raster, locat"),
        ({"fold": 3, "block_size": 1.0}, "X: fold from 0 to 2, got 3"),
        ({"fold": -1, "block_size": 1.0}, "X: fold from 0 to 2, got -1"),
        ({"fold": 0}, "X: a fold of what blocks"),
    ],
)
def test_impossible_options_are_refused(opener, values, options, said):
    with pytest.raises(ValueError, match=said):
        made(points(5, 0, values), opener, **options)
