r"""Quadrature: points with weights, whose sum stands for an integral over an area.

The likelihood of a Poisson point process holds the integral of the intensity over the
area. With points :math:`i` that stand for areas :math:`w_i` it is
:math:`\sum_i w_i \lambda_i` (Berman and Turner 1992, doi:10.2307/2347614; Warton and
Shepherd 2010, doi:10.1214/10-AOAS331; Renner et al. 2015,
doi:10.1111/2041-210X.12352). The weights are the `site_weights` of
`jaxsdm.losses.poisson` and `normalized_poisson`; the intensity is then per unit of
their area. Presences may be rows of their own: with weight 0, or weighted together with
the other points by `quadrature_weights`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from jaxsdm.data.rasters import RasterGrid, RasterStack
from jaxsdm.data.rasters.coordinate_systems import in_degrees
from jaxsdm.data.sampling.area import Area, inside
from jaxsdm.data.sampling.cell_size import areas_of_rows, cell_areas
from jaxsdm.data.sampling.raster_background import (
    background_cells,
    parts_of,
    valid_stripes,
)

SCHEMES = ("regular", "random")
"""How `quadrature_points` chooses cells."""


class Quadrature(NamedTuple):
    """Cells that stand for an area.

    Attributes:
      cells: `[points]` their numbers, row times width plus column, ascending.
      weights: `[points]` the area that each stands for: square metres for a raster in
        degrees, else squared units of its CRS. Their sum is the area of all cells with
        data.
    """

    cells: Int64[np.ndarray, " points"]
    weights: Float64[np.ndarray, " points"]


def quadrature_points(
    stack: RasterStack,
    number: int,
    *,
    scheme: str = "regular",
    area: Area | None = None,
    seed: int = 0,
) -> Quadrature:
    """Cells with data and the areas they stand for.

    Args:
      stack: the predictors; read twice, in stripes.
      number: of points. The regular scheme gives at least so many, and more where the
        outline of the data cuts blocks: compare a fit with one of twice as many points
        to see whether they are enough (Renner et al. 2015).
      scheme: `"regular"`: one point in each square block of cells, the cell nearest to
        its middle, for the area of the cells with data in the block. `"random"`: cells
        drawn in proportion to their area, all of one weight.
      area: where cells may lie, by their centres.
      seed: of the random scheme.

    Raises:
      ValueError: if the scheme is unknown, `number` is below 1, or fewer cells than
        `number` have data (in the area).
    """
    if scheme not in SCHEMES:
        raise ValueError(
            f"quadrature_points: no scheme {scheme!r}; there are {', '.join(SCHEMES)}."
        )
    if number < 1:
        raise ValueError(f"quadrature_points: at least 1 point, got {number}.")
    if scheme == "random":
        cells = background_cells(stack, number, area=area, seed=seed)
        total = sum(float(size.sum()) for _, size in _cells_with_data(stack, area))
        return Quadrature(cells, np.full(number, total / number))
    possible = sum(len(cells) for cells, _ in _cells_with_data(stack, area))
    if possible < number:
        raise ValueError(
            f"quadrature_points: {number} points wanted, {possible} cells have data in "
            f"all of {', '.join(stack.names)}{' inside the area' if area else ''}; ask "
            "for fewer."
        )
    return _middles_of_blocks(stack, area, int(np.sqrt(possible / number)))


def quadrature_weights(
    x: Float64[np.ndarray, " points"],
    y: Float64[np.ndarray, " points"],
    tiles: RasterGrid,
) -> Float64[np.ndarray, " points"]:
    """Counting weights: each point has its share of the tile that it lies in.

    Presences and other points go in together, as Berman and Turner (1992) have it.

    Args:
      x: `[points]` in units of the CRS of the tiles.
      y: `[points]`
      tiles: each cell is a tile. The weights of the points in it sum to its area;
        tiles without points count nothing, so they should be large enough to hold some.

    Returns:
      `[points]` square metres for tiles in degrees, else squared units of the CRS.

    Raises:
      ValueError: if a point is in no tile.
    """
    row, column, within = tiles.row_column(x, y, wrap=in_degrees(tiles.crs))
    lost = np.flatnonzero(~within)
    if len(lost):
        raise ValueError(
            f"quadrature_weights: {len(lost)} of {len(x)} points are in no tile, the "
            f"first in row {lost[0]} at ({x[lost[0]]:g}, {y[lost[0]]:g}); the tiles "
            f"are {tiles}."
        )
    _, tile, points = np.unique(
        row * tiles.width + column, return_inverse=True, return_counts=True
    )
    return cell_areas(tiles, row, column) / points[tile]


def _cells_with_data(
    stack: RasterStack, area: Area | None
) -> Iterator[tuple[Int64[np.ndarray, " cells"], Float64[np.ndarray, " cells"]]]:
    """Numbers and areas of cells with data in the area, some rows at a time."""
    grid = stack.grid
    for top, valid in valid_stripes(stack):
        for part in parts_of(valid):
            here = valid[part]
            cells = np.flatnonzero(here) + (top + part.start) * grid.width
            size = areas_of_rows(grid, top + part.start, len(here))
            size = np.broadcast_to(size, here.shape)[here]
            if area is not None:
                x, y = grid.center(*np.divmod(cells, grid.width))
                within = inside(area, x, y, grid.crs)
                cells, size = cells[within], size[within]
            yield cells, size


def _middles_of_blocks(stack: RasterStack, area: Area | None, side: int) -> Quadrature:
    """The cell with data nearest to the middle of each block of side x side cells."""
    grid = stack.grid
    across, down = -(-grid.width // side), -(-grid.height // side)
    weights = np.zeros(across * down)
    none = np.iinfo(np.int64).max
    # The least distance and, of equals, the first cell: both in one number. Every other
    # block counts its cells from the far end, or else the points of blocks without a
    # middle cell would all lie half a cell to the same side.
    best = np.full(across * down, none)
    for cells, size in _cells_with_data(stack, area):
        row, column = np.divmod(cells, grid.width)
        down_block, across_block = row // side, column // side
        block = down_block * across + across_block
        np.add.at(weights, block, size)
        row, column = row % side, column % side
        squared = (2 * row - side + 1) ** 2 + (2 * column - side + 1) ** 2
        order = _turned(row * side + column, down_block + across_block, side)
        np.minimum.at(best, block, squared * side**2 + order)
    block = np.flatnonzero(best < none)
    down_block, across_block = np.divmod(block, across)
    order = _turned(best[block] % side**2, down_block + across_block, side)
    row, column = np.divmod(order, side)
    cells = (down_block * side + row) * grid.width + across_block * side + column
    ascending = np.argsort(cells)
    return Quadrature(cells[ascending], weights[block[ascending]])


def _turned(
    order: Int64[np.ndarray, " cells"], block: Int64[np.ndarray, " cells"], side: int
) -> Int64[np.ndarray, " cells"]:
    """The numbers of cells in their block, from the other end in every other block."""
    return np.where(block % 2 == 1, side**2 - 1 - order, order)
