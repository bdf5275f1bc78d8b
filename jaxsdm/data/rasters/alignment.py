"""A raster seen on the grid of another: same CRS, cell size and extent.

Cells that coincide are copied. Otherwise values are resampled by GDAL, in tiles of the
target, with exact coordinates and one kernel for all tiles, so that one read of
everything and many of parts give the same numbers. (By default GDAL places cells to an
eighth of a cell, and takes the width of the kernel from the window: other windows,
other values.)
"""

import collections
import dataclasses
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float32

from jaxsdm.data.rasters import warping
from jaxsdm.data.rasters.bands import Band, decode
from jaxsdm.data.rasters.grid import RasterGrid
from jaxsdm.data.rasters.sources import Source, pieces_of

CONTINUOUS = ("nearest", "bilinear", "cubic", "average")
CATEGORICAL = ("nearest", "mode")

_TILE = 256
_MOST_CELLS = 4096
"""Rows or columns of the source that one tile takes up at most."""

_CACHE_BYTES = 64 * 2**20
_COARSE = 2.0
"""From this many source cells across a target cell, their average is taken: bilinear
interpolation between the four nearest would leave out the others."""


class AlignedSource:
    """The bands of a source on another grid, as float32, NaN where there is no value.

    Attributes:
      grid: the target.
      bands: as they come out: no scale, offset or nodata number any more.
      block: rows and columns that are resampled together.
      decoding: `"resampled"`, or that of the source where cells are copied.

    Args:
      source: what to resample.
      bands: its bands, with their nodata, scale, offset and levels.
      grid: where to.
      resampling: of continuous bands, one of `CONTINUOUS`; None takes the average
        where a target cell is 2 or more source cells across and else interpolates
        (bilinear). Categorical bands take the nearest cell, or the commonest with
        `"mode"`.

    Raises:
      ValueError: if there is no such resampling.
    """

    def __init__(
        self,
        source: Source,
        bands: Sequence[Band],
        grid: RasterGrid,
        resampling: str | None = None,
    ) -> None:
        known = {*CONTINUOUS, *CATEGORICAL, None}
        if resampling not in known:
            raise ValueError(
                f"resampling {resampling!r}: known are {', '.join(CONTINUOUS)} and, "
                f"for categorical bands, {', '.join(CATEGORICAL)}."
            )
        self._source, self._stored = source, tuple(bands)
        self.grid = grid
        self._offset = source.grid.offset_of(grid)
        down, across = (
            (1.0, 1.0) if self._offset else warping.cells_across(source.grid, grid)
        )
        cells = max(down, across)
        self._scale = 1 / max(across, 1.0), 1 / max(down, 1.0)
        side = int(min(_TILE, max(1.0, _MOST_CELLS // max(cells, 1.0))))
        self.block = min(side, grid.height), min(side, grid.width)
        self.decoding = source.decoding if self._offset else "resampled"
        continuous = resampling if resampling in CONTINUOUS else None
        average = "average" if cells >= _COARSE else "bilinear"
        self._methods = tuple(
            (resampling if resampling in CATEGORICAL else "nearest")
            if band.categorical
            else continuous or average
            for band in self._stored
        )
        self.bands = tuple(
            dataclasses.replace(
                band, dtype="float32", scale=1.0, offset=0.0, nodata=None
            )
            for band in self._stored
        )
        self._reset()

    def stored(
        self, positions: Sequence[int], row: int, column: int, height: int, width: int
    ) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Values `[height, width]` of bands on the target grid."""
        out = np.full((len(positions), height, width), np.nan, np.float32)
        down, across = self.block
        for top in range(row // down * down, row + height, down):
            for left in range(column // across * across, column + width, across):
                tiles = self._tiles(positions, top, left)
                y = slice(max(row, top), min(row + height, top + down))
                x = slice(max(column, left), min(column + width, left + across))
                here = slice(y.start - top, y.stop - top)
                there = slice(x.start - left, x.stop - left)
                place = out[
                    :, y.start - row : y.stop - row, x.start - column : x.stop - column
                ]
                for i, tile in enumerate(tiles):
                    place[i] = tile[here, there]
        return [(values, None) for values in out]

    def close(self) -> None:
        """Closes the source and forgets the tiles."""
        self._source.close()
        self._reset()

    def _tiles(
        self, positions: Sequence[int], top: int, left: int
    ) -> list[Float32[np.ndarray, "y x"]]:
        with self._lock:
            found = {
                p: self._cache[p, top, left]
                for p in positions
                if (p, top, left) in self._cache
            }
        missing = [p for p in positions if p not in found]
        if missing:
            made = self._resampled(missing, top, left)
            found |= dict(zip(missing, made, strict=True))
            with self._lock:
                for p, tile in zip(missing, made, strict=True):
                    self._cache[p, top, left] = tile
                    self._cached += tile.nbytes
                while self._cached > _CACHE_BYTES and len(self._cache) > len(positions):
                    _, oldest = self._cache.popitem(last=False)
                    self._cached -= oldest.nbytes
        return [found[p] for p in positions]

    def _resampled(
        self, positions: Sequence[int], top: int, left: int
    ) -> list[Float32[np.ndarray, "y x"]]:
        height = min(self.block[0], self.grid.height - top)
        width = min(self.block[1], self.grid.width - left)
        if self._offset:
            row, column = self._offset[0] + top, self._offset[1] + left
            return self._values(positions, row, column, height, width)
        target = self.grid.window(top, left, height, width)
        out = [np.full((height, width), np.nan, np.float32) for _ in positions]
        x, y = warping.centres(self._source.grid, self.grid, top, left, height, width)
        for turn, ours in warping.turns(self._source.grid, x[:-1, :-1], y[:-1, :-1]):
            window = warping.source_window(self._source.grid, x + turn, y, ours)
            if window is None:
                continue
            values = self._values(positions, *window)
            here = self._source.grid.window(*window)
            a, b, c, d, e, f = here.transform
            here = dataclasses.replace(here, transform=(a, b, c - turn, d, e, f))
            for i, position in enumerate(positions):
                method = self._methods[position]
                warped = warping.warp(values[i], here, target, method, self._scale)
                out[i][ours] = warped[ours]
        return out

    def _values(
        self, positions: Sequence[int], row: int, column: int, height: int, width: int
    ) -> list[Float32[np.ndarray, "y x"]]:
        """Values of a window of the source, which may reach beyond it (NaN)."""
        grid = self._source.grid
        out = np.full((len(positions), height, width), np.nan, np.float32)
        for top, bottom, down in pieces_of(row, height, grid.height):
            across = pieces_of(column, width, grid.width, wrap=grid.is_global)
            for left, right, at in across:
                stored = self._source.stored(
                    positions, top, left, bottom - top, right - left
                )
                place = out[:, down : down + bottom - top, at : at + right - left]
                for i, (numbers, hidden) in enumerate(stored):
                    band = self._stored[positions[i]]
                    place[i], _ = decode(band, numbers, hidden)
        return list(out)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._cache: collections.OrderedDict[tuple[int, int, int], np.ndarray]
        self._cache = collections.OrderedDict()
        self._cached = 0

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("_lock", "_cache", "_cached"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()
