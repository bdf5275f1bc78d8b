"""Tests for jaxsdm.mapping.area."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jaxsdm import datasets
from jaxsdm.data import RasterGrid, open_stack
from jaxsdm.data.prepared import open_prepared, prepare
from jaxsdm.mapping.area import TILE, Area, Window, raster_opener, windows_of


def grid(height, width):
    return RasterGrid("EPSG:3035", (10.0, 0.0, 0.0, 0.0, -10.0, 0.0), height, width)


@pytest.mark.parametrize("size", [None, (1, 5), (7, 7), (40, 40)])
def test_windows_cover_each_cell_once(size):
    seen = np.zeros((23, 31), int)
    for row, column, height, width in windows_of(grid(23, 31), 5, size):
        seen[row : row + height, column : column + width] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("values", [1, 40, 5000, 10**9])
def test_windows_are_whole_tiles_that_memory_holds(values):
    found = windows_of(grid(5000, 3000), values)
    assert len(found) < 5000
    for row, column, height, width in found:
        assert row % TILE == column % TILE == 0
        assert height * width * values <= max(2**25, TILE * TILE * values)


def test_the_cells_of_all_windows_are_the_grid_of_the_task(world):
    with Area.open(world) as area:
        cells = area.read(Window(0, 0, 24, 24))
        parts = [area.read(one) for one in windows_of(area.stack.grid, 1, (5, 24))]
    want = world.grid.sites
    assert cells.known.all()
    assert cells.table.crs == want.crs
    np.testing.assert_array_equal(cells.table.x, want.x)
    np.testing.assert_array_equal(cells.table.y, want.y)
    pd.testing.assert_frame_equal(
        cells.table.predictors[list(want.predictors)], want.predictors
    )
    together = pd.concat([part.table.predictors for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(together, cells.table.predictors)
    layer = cells.laid(want.x.astype(np.float32), cells.has_data)
    np.testing.assert_array_equal(layer, world.grid.raster(want.x))


def test_a_window_of_sea_has_no_cells(write_raster):
    path = write_raster("a.tif", np.full((4, 5), np.nan, np.float32))
    with open_stack(path) as stack:
        cells = Area(stack, _task_of("a"), False).read(Window(0, 0, 4, 5))
    assert len(cells.table) == 0
    assert not cells.has_data.any()


def test_places_as_predictors_are_those_of_the_task(tmp_path):
    (task,) = datasets.load(
        "virtual_files",
        folder=str(tmp_path / "world"),
        size=24,
        species=3,
        surveys=0,
        seed=1,
        predictors="location",
    )
    with Area.open(task) as area:
        cells = area.read(Window(0, 0, 24, 24))
    pd.testing.assert_frame_equal(cells.table.predictors, task.grid.sites.predictors)


def test_rasters_that_cannot_be_mapped_are_refused(world, tmp_path):
    none = dataclasses.replace(world, rasters={})
    with pytest.raises(ValueError, match=r"virtual: .* its dataset has none"):
        raster_opener(none)
    (opener,) = world.rasters.values()
    two = dataclasses.replace(world, rasters={"a": opener, "b": opener})
    with pytest.raises(ValueError, match=r"has several: a, b\."):
        raster_opener(two)
    other = dataclasses.replace(world, continuous=("rain",))
    with pytest.raises(ValueError, match=r"predictors rain are no bands .* elevation"):
        Area.open(other)
    with opener() as stack:
        prepare(stack, tmp_path / "prepared")
    prepared = dataclasses.replace(
        world, rasters={"raster": lambda: open_prepared(tmp_path / "prepared")}
    )
    with pytest.raises(ValueError, match=r"prepared for patches; give the task the"):
        Area.open(prepared)


def _task_of(*names):
    """What an area asks of a task: predictors and species."""
    from jaxsdm.data import SiteTable, Task

    empty = np.zeros(0)
    table = SiteTable(
        empty,
        empty,
        pd.DataFrame(columns=list(names)),
        np.zeros((0, 1), np.float32),
        ("x",),
    )
    return Task("t", "t", "t", table, table, {}, names, ())
