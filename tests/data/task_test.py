"""Tests for jaxsdm.data.task."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import Grid, SiteTable, Task


def sites(rain, species=("a",)):
    number = len(rain)
    return SiteTable(
        x=np.arange(number, dtype=float),
        y=np.zeros(number),
        predictors=pd.DataFrame(
            {"rain": rain, "soil": ["loam"] * number, "note": None}
        ),
        counts=np.zeros((number, len(species)), np.float32),
        species=species,
    )


def grid(rain=(1.0, 2.0, 3.0), row=(0, 1, 1), column=(2, 0, 1)):
    truth = np.linspace(0, 1, len(rain), dtype=np.float32)[:, None]
    return Grid(sites(list(rain)), np.array(row), np.array(column), (2, 3), truth)


def task(**changes):
    parts = {
        "name": "here-moss",
        "region": "here",
        "group": "moss",
        "records": sites([1.0, 2.0]),
        "background": sites([3.0, 4.0, 5.0]),
        "surveys": {"plots": sites([6.0])},
        "continuous": ("rain",),
        "categorical": ("soil",),
        "grid": grid(),
    }
    return Task(**(parts | changes))


def test_raster_puts_values_where_the_cells_lie():
    got = grid().raster(np.array([5, 6, 7]))
    np.testing.assert_array_equal(got, [[np.nan, np.nan, 5], [6, 7, np.nan]])


def test_raster_keeps_further_axes():
    assert grid().raster(np.zeros((3, 4))).shape == (2, 3, 4)


def test_grid_take_keeps_the_place_of_a_cell():
    part = grid().take(np.array([True, False, True]))
    np.testing.assert_array_equal(
        part.raster(part.truth[:, 0]), [[np.nan, np.nan, 0], [np.nan, 1, np.nan]]
    )
    without = dataclasses.replace(grid(), truth=None).take(
        np.array([True, True, False])
    )
    assert without.truth is None
    assert len(without.sites) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"row": (0, 1, 2)}, r"row runs from 0 to 2, outside .*\(2, 3\)"),
        ({"column": (-1, 0, 1)}, "column runs from -1 to 1, outside"),
        ({"row": (0, 1)}, "2 values of row for 3 cells"),
    ],
)
@pytest.mark.usefixtures("as_a_user")
def test_cells_outside_the_raster_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        grid(**changes)


def test_checked_leaves_a_complete_task_alone():
    got = task().checked()
    assert [len(got.records), len(got.background), len(got.grid.sites)] == [2, 3, 3]
    assert task(grid=None).checked().grid is None


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"records": sites([np.nan, 2.0])}, "here-moss records: predictor 'rain'"),
        (
            {"background": sites([3.0, np.inf])},
            "here-moss background: predictor 'rain'",
        ),
        ({"surveys": {"plots": sites([None, 1.0])}}, "here-moss survey plots: pred"),
        ({"grid": grid((1.0, np.nan, 1.0))}, "here-moss grid: predictor 'rain'"),
    ],
)
def test_checked_names_the_table_and_can_drop(changes, where):
    with pytest.raises(ValueError, match=where):
        task(**changes).checked()
    with pytest.warns(UserWarning, match=f"{where[:14]}.* rows dropped"):
        got = task(**changes).checked("drop")
    tables = [got.records, got.background, *got.surveys.values(), got.grid.sites]
    assert all(np.isfinite(table.predictors.rain).all() for table in tables)
    assert sum(map(len, tables)) == sum(
        int(np.isfinite(t.predictors.rain.astype(float)).sum())
        for t in [
            task(**changes).records,
            task(**changes).background,
            task(**changes).surveys["plots"],
            task(**changes).grid.sites,
        ]
    )
