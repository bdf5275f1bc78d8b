"""What a raster stack reads from, and windows over the edge of it."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from jaxsdm.data.rasters.bands import Band
from jaxsdm.data.rasters.grid import RasterGrid


@runtime_checkable
class Source(Protocol):
    """Bands on one grid: a file, an xarray object, or either on another grid.

    Attributes:
      grid: where the cells lie.
      bands: what each holds.
      block: rows and columns that are read together.
      decoding: what reading a block takes besides a copy, such as `"deflate"` or
        `"resampled"`; None for nothing, or where nobody knows.
    """

    grid: RasterGrid
    bands: tuple[Band, ...]
    block: tuple[int, int]
    decoding: str | None

    def stored(
        self, positions: Sequence[int], row: int, column: int, height: int, width: int
    ) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Numbers of bands in a window inside, and where a mask hides them."""

    def close(self) -> None:
        """Closes files; a later read opens them again."""


def pieces_of(
    start: int, length: int, limit: int, *, wrap: bool = False
) -> list[tuple[int, int, int]]:
    """The parts of a range of rows or columns that a raster has.

    Args:
      start: first row or column, perhaps negative.
      length: how many.
      limit: how many the raster has.
      wrap: go on at the other end; otherwise what lies beyond is left out.

    Returns:
      `(start, stop, position)` of each part: rows or columns of the raster, and where
      the part begins in the range.

    >>> pieces_of(-2, 5, 10), pieces_of(-2, 5, 10, wrap=True)
    ([(0, 3, 2)], [(8, 10, 0), (0, 3, 2)])
    """
    if not wrap:
        first, last = max(start, 0), min(start + length, limit)
        return [(first, last, first - start)] if last > first else []
    found, position = [], 0
    while position < length:
        first = (start + position) % limit
        taken = min(limit - first, length - position)
        found.append((first, first + taken, position))
        position += taken
    return found
