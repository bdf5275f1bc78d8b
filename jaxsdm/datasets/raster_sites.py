"""The cells of a stack of rasters as sites, with their values or their place."""

import dataclasses
import functools
import warnings

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int64

from jaxsdm.data import RasterStack, SiteTable

PREDICTORS = ("raster", "location")
"""What the predictors of a site can be: the values of its cell, or its place."""

_LOCATION = ("sin_x", "cos_x", "sin_y", "cos_y")
_VALUES_AT_ONCE = 2**24


@dataclasses.dataclass(frozen=True, eq=False)
class RasterSites:
    """Cells of a stack by their number, row after row, and their predictors.

    Attributes:
      stack: the rasters, open.
      predictors: one of `PREDICTORS`.
    """

    stack: RasterStack
    predictors: str

    @functools.cached_property
    def valid(self) -> Int64[np.ndarray, " cells"]:
        """Numbers of the cells in which every band has data, ascending.

        All bands are read once, a stripe of rows at a time.
        """
        height, width = self.stack.grid.height, self.stack.grid.width
        stripe = max(1, _VALUES_AT_ONCE // (width * len(self.stack.bands)))
        found = []
        for top in range(0, height, stripe):
            _, valid = self.stack.read(top, 0, min(stripe, height - top), width)
            found.append(np.flatnonzero(valid.all(-1)) + top * width)
        return np.concatenate(found)

    @property
    def continuous(self) -> tuple[str, ...]:
        """Predictors that are quantities."""
        if self.predictors == "location":
            return _LOCATION
        return tuple(band.name for band in self.stack.bands if not band.categorical)

    @property
    def categorical(self) -> tuple[str, ...]:
        """Predictors that are codes."""
        if self.predictors == "location":
            return ()
        return tuple(band.name for band in self.stack.bands if band.categorical)

    def sites(
        self,
        cells: Int64[np.ndarray, " sites"],
        counts: Float32[np.ndarray, "sites species"],
        species: tuple[str, ...],
    ) -> SiteTable:
        """The sites of cells with data."""
        grid = self.stack.grid
        x, y = grid.center(*np.divmod(cells, grid.width))
        if self.predictors == "location":
            frame = encode_location(x, y, grid.bounds)
        else:
            values, _ = self.stack.sample(x=x, y=y)
            frame = pd.DataFrame(values, columns=list(self.stack.names))
            frame = frame.astype(dict.fromkeys(self.categorical, np.int64))
        return SiteTable(x, y, frame, counts, species, grid.crs)

    def find(self, table: pd.DataFrame, label: str, *, presences: bool) -> pd.DataFrame:
        """The rows in cells with data, with the number of their `cell`.

        Args:
          table: as `read_darwin_core` gives it.
          label: what it is called, in warnings and errors.
          presences: leave out absences.

        Warns:
          UserWarning: rows are left out; says how many and why.

        Raises:
          ValueError: no row is left.
        """
        grid = self.stack.grid
        x, y = grid.reproject_points(table["longitude"], table["latitude"])
        row, column, inside = grid.row_column(x, y)
        cell = row * grid.width + column
        complete = table.drop(columns="present").notna().all(axis=1).to_numpy()
        reasons = {
            "without coordinates, species or number": ~complete,
            "absences": ~table["present"].to_numpy() & presences,
            "outside the rasters": ~inside,
            "in cells without data": ~np.isin(cell, self.valid),
        }
        keep = np.ones(len(table), bool)
        told = []
        for reason, out in reasons.items():  # a row counts for its first reason
            number = int(np.sum(keep & out))
            told += [f"{number} {reason}"] if number else []
            keep &= ~out
        lost = f"{np.sum(~keep)} of {len(table)} rows are left out: {', '.join(told)}."
        if not keep.any():
            raise ValueError(
                f"{label}: {lost} Longitudes are {_range(table['longitude'])}, "
                f"latitudes {_range(table['latitude'])}; the rasters are {grid}."
            )
        if told:
            warnings.warn(f"{label}: {lost}", stacklevel=3)
        return table[keep].assign(cell=cell[keep])


def encode_location(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    bounds: tuple[float, float, float, float],
) -> pd.DataFrame:
    r"""The place alone as predictors: `sin_x, cos_x, sin_y, cos_y`.

    .. math:: \sin \pi u, \cos \pi u, \sin \pi v, \cos \pi v

    with :math:`u, v` from -1/2 to 1/2 over the bounds: the encoding of SINR (Cole et
    al. 2023, arXiv:2306.02564), which has -1 to 1 because its bounds are the globe,
    where east and west meet. Opposite edges of a region must not.

    Args:
      x: `[sites]` longitude or easting.
      y: `[sites]` latitude or northing.
      bounds: left, bottom, right, top, in the same units.
    """
    left, bottom, right, top = bounds
    u = np.pi * ((x - left) / (right - left) - 0.5)
    v = np.pi * ((y - bottom) / (top - bottom) - 0.5)
    encoded = (np.sin(u), np.cos(u), np.sin(v), np.cos(v))
    return pd.DataFrame(dict(zip(_LOCATION, encoded, strict=True)))


def _range(values: pd.Series) -> str:
    return f"{values.min():g} to {values.max():g}"
