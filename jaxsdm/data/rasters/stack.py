"""A raster stack: named bands on one grid, read in windows or at points.

Nothing but headers is read until values are asked for. A window may hang over the edge:
cells outside are not valid, exactly as those without data; they are never wrapped and
never zero.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float32

from jaxsdm.data.closing import Closing
from jaxsdm.data.rasters.bands import Band, decode
from jaxsdm.data.rasters.grid import RasterGrid
from jaxsdm.data.rasters.points import points_on
from jaxsdm.data.rasters.sources import Source, pieces_of

_STRIPE_CELLS = 2**22


@dataclasses.dataclass(frozen=True, eq=False)
class RasterStack(Closing):
    """Bands on one grid; `jaxsdm.data.open_stack` makes them.

    Reading is safe from several threads and after pickling: files are opened again by
    their path, once in each thread.

    Attributes:
      grid: coordinate system, transform and size, of all bands.
      bands: what each holds, in the order of the last axis of values.
      sources: what the bands are read from.
      places: for each band, which source and which of its bands, from 0.
    """

    grid: RasterGrid
    bands: tuple[Band, ...]
    sources: tuple[Source, ...]
    places: tuple[tuple[int, int], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands, in order."""
        return tuple(band.name for band in self.bands)

    def __str__(self) -> str:
        return f"RasterStack of {', '.join(self.names)}: {self.grid}"

    def read(
        self, row: int, column: int, height: int, width: int, *, wrap: bool = False
    ) -> tuple[Float32[np.ndarray, "y x band"], Bool[np.ndarray, "y x band"]]:
        """The window whose first cell is `(row, column)`.

        Args:
          row: of the first cell; negative before the first row of the raster.
          column: of the first cell; negative before the first column.
          height: of the window, in cells.
          width: of the window, in cells.
          wrap: go on at the other end of a raster that goes around the globe.

        Returns:
          Values, NaN where not valid, and validity: False outside the raster and where
          a band has no data.

        Raises:
          ValueError: if the window is empty, or `wrap` is asked of a raster that does
            not go around the globe.
          OSError: if a file cannot be decoded there; the message names it.
        """
        if height < 1 or width < 1:
            raise ValueError(
                f"RasterStack.read: at least 1 row and 1 column, got {height} and "
                f"{width}."
            )
        if wrap and not self.grid.is_global:
            raise ValueError(
                f"RasterStack.read: wrap needs a raster of 360 degrees; {self.grid}."
            )
        shape = (height, width, len(self.bands))
        values, valid = np.full(shape, np.nan, np.float32), np.zeros(shape, bool)
        for top, bottom, y in pieces_of(row, height, self.grid.height):
            for left, right, x in pieces_of(column, width, self.grid.width, wrap=wrap):
                window = np.s_[y : y + bottom - top, x : x + right - left]
                for source in range(len(self.sources)):
                    self._read_source(
                        source,
                        (top, left, bottom - top, right - left),
                        values[window],
                        valid[window],
                    )
        return values, valid

    def sample(
        self,
        *,
        longitude: npt.ArrayLike | None = None,
        latitude: npt.ArrayLike | None = None,
        x: npt.ArrayLike | None = None,
        y: npt.ArrayLike | None = None,
        crs: str | None = None,
    ) -> tuple[Float32[np.ndarray, "points band"], Bool[np.ndarray, "points band"]]:
        """Values of the cells that points lie in, each block of the raster read once.

        Args:
          longitude: `[points]` in degrees, WGS 84, -180 to 180 or 0 to 360, whichever
            of them the raster has.
          latitude: `[points]` in degrees, WGS 84.
          x: `[points]` easting or longitude in `crs`, instead of the former.
          y: `[points]` northing or latitude in `crs`.
          crs: of `x` and `y`; None is that of the raster, where x counts as it stands.

        Returns:
          Values, NaN where not valid, and validity: False for points outside the
          raster, without coordinates or on cells without data.

        Raises:
          ValueError: if coordinates are missing, given twice, of different lengths, or
            no longitudes and latitudes.
        """
        row, column, inside = self.grid.row_column(
            *points_on(
                self.grid,
                "RasterStack.sample",
                longitude=longitude,
                latitude=latitude,
                x=x,
                y=y,
                crs=crs,
            )
        )
        shape = (len(row), len(self.bands))
        values, valid = np.full(shape, np.nan, np.float32), np.zeros(shape, bool)
        asked = np.flatnonzero(inside)
        for number, source in enumerate(self.sources):
            down, across = source.block
            key = row[asked] // down * (self.grid.width // across + 1)
            key += column[asked] // across
            order = asked[np.argsort(key, kind="stable")]
            starts = np.flatnonzero(np.diff(np.sort(key))) + 1
            for points in np.split(order, starts) if len(order) else []:
                rows, columns = row[points], column[points]
                top, left = int(rows.min()), int(columns.min())
                height = int(rows.max()) - top + 1
                width = int(columns.max()) - left + 1
                shape_here = (height, width, len(self.bands))
                block = np.empty(shape_here, np.float32), np.zeros(shape_here, bool)
                self._read_source(number, (top, left, height, width), *block)
                bands = self._bands_of(number)
                for out, one in zip((values, valid), block, strict=True):
                    at = one[rows - top, columns - left]
                    out[points[:, None], bands] = at[:, bands]
        return values, valid

    def load(
        self,
    ) -> tuple[Float32[np.ndarray, "y x band"], Bool[np.ndarray, "y x band"]]:
        """The whole raster in memory: values, NaN where not valid, and validity."""
        height, width = self.grid.height, self.grid.width
        shape = (height, width, len(self.bands))
        values, valid = np.empty(shape, np.float32), np.empty(shape, bool)
        values.fill(np.nan)
        valid.fill(False)
        stripe = max(1, _STRIPE_CELLS // width)
        block = max(source.block[0] for source in self.sources)
        stripe = max(stripe // block, 1) * block
        for top in range(0, height, stripe):
            rows = slice(top, min(top + stripe, height))
            window = (top, 0, rows.stop - top, width)
            for source in range(len(self.sources)):
                self._read_source(source, window, values[rows], valid[rows])
        return values, valid

    def select(self, names: Sequence[str]) -> "RasterStack":
        """The stack of these bands, in this order.

        Raises:
          ValueError: if a band is not in the stack, or is named twice; the message
            lists the bands.
        """
        names = tuple(names)
        unknown = [name for name in names if name not in self.names]
        if unknown or not names or len(set(names)) < len(names):
            wrong = f"each band once, got {', '.join(names) or 'none'}"
            if unknown:
                wrong = f"no band {', '.join(unknown)}"
            raise ValueError(
                f"RasterStack.select: {wrong}; the stack has {', '.join(self.names)}."
            )
        found = [self.names.index(name) for name in names]
        used = sorted({self.places[i][0] for i in found})
        return dataclasses.replace(
            self,
            bands=tuple(self.bands[i] for i in found),
            sources=tuple(self.sources[number] for number in used),
            places=tuple(
                (used.index(self.places[i][0]), self.places[i][1]) for i in found
            ),
        )

    def to_xarray(self) -> Any:
        """The stack as a lazy `xarray.Dataset`, one variable over y and x for a band.

        Values are float32, NaN where not valid. Coordinates are cell centres (of a
        rotated grid only `spatial_ref` tells where the cells lie); levels of
        categorical bands are the attribute `flag_values` (CF conventions).
        """
        from jaxsdm.data.rasters.lazy import to_xarray

        return to_xarray(self)

    def close(self) -> None:
        """Closes the files; a later read opens them again."""
        for source in self.sources:
            source.close()

    def _bands_of(self, source: int) -> list[int]:
        return [i for i, place in enumerate(self.places) if place[0] == source]

    def _read_source(
        self,
        source: int,
        window: tuple[int, int, int, int],
        values: np.ndarray,
        valid: np.ndarray,
    ) -> None:
        """Writes the bands of one source over a window inside into their places."""
        bands = self._bands_of(source)
        stored = self.sources[source].stored(
            [self.places[i][1] for i in bands], *window
        )
        for i, (numbers, hidden) in zip(bands, stored, strict=True):
            values[..., i], valid[..., i] = decode(self.bands[i], numbers, hidden)
