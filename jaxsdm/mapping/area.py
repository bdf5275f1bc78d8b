"""The cells of a stack of rasters as site tables, a window at a time.

A map is read, predicted and written in windows, so that memory does not grow with the
raster. A cell has a value on the map where every band has data and every category was
seen in training.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32

from jaxsdm.data import RasterGrid, RasterStack, SiteTable, Task
from jaxsdm.data.closing import Closing
from jaxsdm.data.prepared import Prepared
from jaxsdm.data.raster_sites import RasterSites, encode_location

TILE = 256
"""Rows and columns that are stored together while a map is written."""

_VALUES_AT_ONCE = 2**25


class Window(NamedTuple):
    """A part of a raster: its first cell and its size."""

    row: int
    column: int
    height: int
    width: int


class Cells(NamedTuple):
    """The cells of a window that have data in every band.

    Attributes:
      window: where.
      has_data: `[y, x]` which cells of the window they are.
      table: of these cells, row after row.
      known: `[cells]` False where a category was not seen in training.
    """

    window: Window
    has_data: Bool[np.ndarray, "y x"]
    table: SiteTable
    known: Bool[np.ndarray, " cells"]

    def laid(
        self, values: Float32[np.ndarray, " _"], where: Bool[np.ndarray, "y x"]
    ) -> Float32[np.ndarray, "y x"]:
        """Values laid out over the window, NaN elsewhere.

        Args:
          values: one for each cell that is True in `where`, row after row.
          where: such as `has_data`.
        """
        layer = np.full(where.shape, np.nan, np.float32)
        layer[where] = values
        return layer


@dataclasses.dataclass(frozen=True, eq=False)
class Area(Closing):
    """The rasters of a task, open, and what its models want of them.

    Attributes:
      stack: the rasters.
      task: whose predictors are asked for.
      by_location: whether these are the place alone (`encode_location`), not bands.
    """

    stack: RasterStack
    task: Task
    by_location: bool

    @classmethod
    def open(cls, task: Task) -> "Area":
        """Opens the rasters of a task, which have its predictors.

        Raises:
          ValueError: they have not, cannot be read in windows, or see `raster_opener`.
        """
        stack = raster_opener(task)()
        if isinstance(stack, Prepared):
            raise ValueError(
                f"{task.name}: maps are made from raster files, and {stack.folder} is "
                "prepared for patches; give the task the files it was prepared from."
            )
        wanted = (*task.continuous, *task.categorical)
        absent = [name for name in wanted if name not in stack.names]
        by_location = wanted == RasterSites(stack, "location").continuous
        if absent and not by_location:
            stack.close()
            raise ValueError(
                f"{task.name}: predictors {', '.join(absent)} are no bands of its "
                f"rasters, which are {', '.join(stack.names)}."
            )
        return cls(stack, task, by_location)

    def close(self) -> None:
        """Closes the rasters."""
        self.stack.close()

    def read(self, window: Window) -> Cells:
        """The cells of a window, their predictors raw."""
        grid = self.stack.grid
        values, valid = self.stack.read(*window)
        has_data = np.asarray(valid.all(axis=-1))
        row, column = np.nonzero(has_data)
        x, y = grid.center(row + window.row, column + window.column)
        if self.by_location:
            frame = encode_location(x, y, grid.bounds)
        else:
            frame = RasterSites(self.stack, "raster").frame(values[has_data])
        known = np.ones(len(frame), bool)
        for name in self.task.categorical:
            known &= frame[name].isin(self.task.background.predictors[name]).to_numpy()
        species = self.task.records.species
        # One zero for all: this table has as many numbers as cells times species.
        counts = np.broadcast_to(np.float32(0), (len(frame), len(species)))
        table = SiteTable(x, y, frame, counts, species, grid.crs)
        return Cells(window, has_data, table, known)


def raster_opener(task: Task) -> Callable[[], Any]:
    """The function that opens the rasters of a task.

    Raises:
      ValueError: it has none, or several, of which nobody knows which to map.
    """
    if len(task.rasters) != 1:
        which = f"several: {', '.join(task.rasters)}" if task.rasters else "none"
        raise ValueError(
            f"{task.name}: a map is made from the rasters of the task, and its dataset "
            f"has {which}. config.dataset.name='files' takes occurrences and a folder "
            "of rasters."
        )
    (opener,) = task.rasters.values()
    return opener


def windows_of(
    grid: RasterGrid, values_per_cell: int, size: tuple[int, int] | None = None
) -> list[Window]:
    """The windows that cover a raster, from the first row on.

    Args:
      grid: of the raster.
      values_per_cell: numbers that are in memory for a cell, which decide how large a
        window is: as wide as the raster if it can be, and whole tiles.
      size: rows and columns of a window, instead.
    """
    rows, columns = size or _size(grid, max(1, _VALUES_AT_ONCE // values_per_cell))
    return [
        Window(
            row, column, min(rows, grid.height - row), min(columns, grid.width - column)
        )
        for row in range(0, grid.height, rows)
        for column in range(0, grid.width, columns)
    ]


def _size(grid: RasterGrid, cells: int) -> tuple[int, int]:
    across = max(1, cells // TILE // TILE) * TILE
    if across < grid.width:
        return TILE, across
    return max(1, cells // grid.width // TILE) * TILE, grid.width
