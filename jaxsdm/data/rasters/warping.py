"""What resampling one tile takes: source cells, turns of longitude, GDAL's warp."""

import math

import numpy as np
from jaxtyping import Bool, Float32, Float64

from jaxsdm.data.rasters import coordinate_systems
from jaxsdm.data.rasters.grid import RasterGrid
from jaxsdm.data.rasters.optional import optional

_TOLERANCE = 1e-9
"""How far off coordinates may be, in source cells; rasterio 1.4 fails on 0."""


def cells_across(source: RasterGrid, target: RasterGrid) -> tuple[float, float]:
    """Source rows and columns across a target cell in the middle of the target."""
    row, column = target.height // 2, target.width // 2
    x, y = centres(source, target, row, column, 1, 1)
    return _steps(source, x, y)


def centres(
    source: RasterGrid, target: RasterGrid, row: int, column: int, h: int, w: int
) -> tuple[Float64[np.ndarray, "y1 x1"], Float64[np.ndarray, "y1 x1"]]:
    """Centres of target cells in the source's CRS, one row and column more than h, w.

    The further ones tell how large the cells are, and are not resampled.
    """
    rows, columns = np.indices((h + 1, w + 1)) + np.array([row, column])[:, None, None]
    x, y = target.center(rows, columns)
    return coordinate_systems.transform_points(x, y, target.crs, source.crs)


def _steps(
    grid: RasterGrid, x: Float64[np.ndarray, "y x"], y: Float64[np.ndarray, "y x"]
) -> tuple[float, float]:
    """Greatest distance between neighbours, in rows and columns of the grid."""
    row, column = grid.pixel_coordinates(x, y)
    around = float(grid.width) if grid.is_global else math.inf
    greatest = []
    with np.errstate(invalid="ignore"):
        for values, period in ((row, math.inf), (column, around)):
            steps = [np.abs(np.diff(values, axis=axis)).ravel() for axis in (0, 1)]
            step = np.concatenate(steps)
            step = step[np.isfinite(step)]
            step = np.minimum(step, np.abs(period - step))
            greatest.append(float(step.max(initial=0.0)))
    return greatest[0], greatest[1]


def turns(
    source: RasterGrid, x: Float64[np.ndarray, "y x"], y: Float64[np.ndarray, "y x"]
) -> list[tuple[float, Bool[np.ndarray, "y x"]]]:
    """Full turns to add to longitudes to meet the source, and which cells they serve.

    Without longitudes there is one turn of 0, for all cells that have coordinates.
    """
    finite = np.isfinite(x) & np.isfinite(y)
    if not coordinate_systems.in_degrees(source.crs):
        return [(0.0, finite)]
    moved = np.where(finite, x, 0.0)
    turn = np.round((source.wrap_longitude(moved) - moved) / 360.0) * 360.0
    return [(float(t), finite & (turn == t)) for t in np.unique(turn[finite])]


def source_window(
    source: RasterGrid,
    x: Float64[np.ndarray, "y1 x1"],
    y: Float64[np.ndarray, "y1 x1"],
    ours: Bool[np.ndarray, "y x"],
) -> tuple[int, int, int, int] | None:
    """Row, column, height, width of the source cells that the tile may draw on."""
    row, column = source.pixel_coordinates(x, y)
    down, across = (math.ceil(2 * step) + 2 for step in _steps(source, x, y))
    row, column = row[:-1, :-1][ours], column[:-1, :-1][ours]
    if not len(row):
        return None
    top = max(math.floor(row.min()) - down, 0)
    bottom = min(math.ceil(row.max()) + down, source.height)
    left, right = math.floor(column.min()) - across, math.ceil(column.max()) + across
    if not source.is_global:
        left, right = max(left, 0), min(right, source.width)
    if bottom <= top or right <= left:
        return None
    return top, left, bottom - top, right - left


def warp(
    values: Float32[np.ndarray, "rows columns"],
    source: RasterGrid,
    target: RasterGrid,
    method: str,
    scale: tuple[float, float],
) -> Float32[np.ndarray, "y x"]:
    """Values of the source, NaN where missing, resampled onto a target.

    Args:
      values: of all cells of `source`.
      source: their grid.
      target: where to.
      method: a name of `rasterio.enums.Resampling`.
      scale: target cells to a source cell in x and y, at most 1: the width of the
        kernel, which GDAL would else take from the sizes of the two windows.
    """
    rasterio, vrt = optional("rasterio"), optional("rasterio.vrt")
    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            height=source.height,
            width=source.width,
            count=1,
            dtype="float32",
            crs=source.crs,
            transform=rasterio.Affine(*source.transform),
            nodata=np.nan,
        ) as raster:
            raster.write(values, 1)
        with (
            memory.open() as raster,
            vrt.WarpedVRT(
                raster,
                crs=target.crs,
                transform=rasterio.Affine(*target.transform),
                height=target.height,
                width=target.width,
                resampling=optional("rasterio.enums").Resampling[method],
                src_nodata=np.nan,
                nodata=np.nan,
                tolerance=_TOLERANCE,
                XSCALE=scale[0],
                YSCALE=scale[1],
            ) as warped,
        ):
            return warped.read(1)
