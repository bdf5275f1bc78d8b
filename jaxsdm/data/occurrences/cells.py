"""Occurrences on the cells of a raster: which cell a record is in, and counts of them.

Cells are half-open, as everywhere (`jaxsdm.data.rasters.grid`): a record on the left or
upper edge of the raster is inside, one on the right or lower edge is outside.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from jaxsdm.data.occurrences.occurrences import Occurrences
from jaxsdm.data.occurrences.places import is_on_earth
from jaxsdm.data.occurrences.tally import Tally, tally
from jaxsdm.data.rasters import RasterGrid

_CHUNK = 2**18
"""Rows located at once: intermediate arrays stay small, in the cache of a CPU."""


@dataclasses.dataclass(frozen=True, eq=False)
class CellCounts:
    """Records of each species in each cell, for the pairs that occur.

    Attributes:
      grid: the raster.
      cell: `[pairs]` `row * grid.width + column`, ascending.
      species: `[pairs]` position in `names`, ascending within a cell.
      records: `[pairs]` sum of `count` of presence-only records and of abundances; 1
        or 0 of surveys, 1 where any survey of the cell found the species.
      names: the species with a record, sorted.
      kind: of the occurrences, one of `KINDS`.
    """

    grid: RasterGrid
    cell: Int64[np.ndarray, " pairs"]
    species: Int32[np.ndarray, " pairs"]
    records: Float32[np.ndarray, " pairs"]
    names: tuple[str, ...]
    kind: str

    @property
    def cells(self) -> Int64[np.ndarray, " cells"]:
        """The cells with a record, ascending."""
        return self.cell[np.diff(self.cell, prepend=-1) > 0]

    def dense(
        self,
        cells: Int64[np.ndarray, " cells"] | None = None,
        names: Sequence[str] | None = None,
    ) -> Float32[np.ndarray, "cells species"]:
        """The counts as a matrix, as `SiteTable.counts` wants them.

        Args:
          cells: numbers of cells in any order; None is those with a record.
          names: of species in any order, also such without a record; None is `names`.

        Returns:
          Where a species has no record: 0 in presence-only tables, and in survey lists
          at cells that have a survey; otherwise NaN, since nobody looked for it.

        Raises:
          ValueError: a species is asked for twice, or none of them has a record.
        """
        counts = Tally(self.cell, self.species, self.records, self.names, self.kind)
        return counts.dense(
            self.cells if cells is None else cells,
            self.names if names is None else names,
        )


def count_in_cells(occurrences: Occurrences, grid: RasterGrid) -> CellCounts:
    """Counts the records of each species in each cell of a raster.

    Args:
      occurrences: each row with a species, and inside the raster.
      grid: of the raster, such as `open_stack(...).grid`, in any CRS.

    Raises:
      ValueError: rows without a species or coordinates, or outside the raster; the
        message has their number and the first of them.
    """
    table = occurrences.table
    cell, inside = locate(
        grid,
        table["decimalLongitude"].to_numpy(),
        table["decimalLatitude"].to_numpy(),
    )
    nameless = table["species"].cat.codes.to_numpy() < 0
    for lost, what in (
        (nameless, "without a species"),
        (~inside, f"outside the raster or without coordinates ({grid})"),
    ):
        if lost.any():
            row = int(np.argmax(lost))
            at = table[["decimalLongitude", "decimalLatitude"]].iloc[row]
            raise ValueError(
                f"{occurrences.source}: {int(lost.sum())} of {len(table)} rows are "
                f"{what}, the first is row {row} at longitude {at.iloc[0]:g}, latitude "
                f"{at.iloc[1]:g}; clean(occurrences, rasters=grid) leaves them out."
            )
    counts = tally(occurrences, cell)
    return CellCounts(grid, *counts)


def locate(
    grid: RasterGrid,
    longitude: Float64[np.ndarray, " points"],
    latitude: Float64[np.ndarray, " points"],
) -> tuple[Int64[np.ndarray, " points"], Bool[np.ndarray, " points"]]:
    """The cell of each point, and whether there is one.

    Args:
      grid: of the raster.
      longitude: degrees, WGS 84; 190 and -170 are one meridian.
      latitude: degrees, WGS 84.

    Returns:
      `row * grid.width + column`, and True inside the raster. Points outside, also such
      as are nowhere on earth or have no coordinates, are in cell -1.
    """
    cell = np.full(len(longitude), -1, np.int64)
    on_earth = is_on_earth(longitude, latitude)
    for start in range(0, len(cell), _CHUNK):
        rows = slice(start, start + _CHUNK)
        known = on_earth[rows]
        x, y = grid.reproject_points(
            np.where(known, longitude[rows], np.nan),
            np.where(known, latitude[rows], np.nan),
        )
        row, column, inside = grid.row_column(x, y)
        cell[rows] = np.where(inside, row * grid.width + column, -1)
    return cell, cell >= 0
