"""The cells of a stack of rasters as sites, with their values or their place."""

import dataclasses
import functools

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64, Int64

from jaxsdm.data.rasters import RasterStack
from jaxsdm.data.sampling.raster_background import valid_stripes
from jaxsdm.data.sites import SiteTable

PREDICTORS = ("raster", "location")
"""What the predictors of a site can be: the values of its cell, or its place."""

_LOCATION = ("sin_x", "cos_x", "sin_y", "cos_y")


@dataclasses.dataclass(frozen=True, eq=False)
class RasterSites:
    """Cells of a stack by their number, row after row, and their predictors.

    Attributes:
      stack: the rasters, open.
      predictors: one of `PREDICTORS`.

    Raises:
      ValueError: there are no such predictors.
    """

    stack: RasterStack
    predictors: str

    def __post_init__(self) -> None:
        if self.predictors not in PREDICTORS:
            raise ValueError(
                f"no predictors {self.predictors!r}; there are {', '.join(PREDICTORS)}."
            )

    @functools.cached_property
    def valid(self) -> Int64[np.ndarray, " cells"]:
        """Numbers of the cells in which every band has data, ascending.

        All bands are read once, a stripe of rows at a time.
        """
        width = self.stack.grid.width
        return np.concatenate(
            [
                np.flatnonzero(valid) + top * width
                for top, valid in valid_stripes(self.stack)
            ]
        )

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
            frame = self.frame(self.stack.sample(x=x, y=y)[0])
        return SiteTable(x, y, frame, counts, species, grid.crs)

    def frame(self, values: Float32[np.ndarray, "cells bands"]) -> pd.DataFrame:
        """The values of cells with data as predictors, codes as integers."""
        frame = pd.DataFrame(values, columns=list(self.stack.names))
        return frame.astype(dict.fromkeys(self.categorical, np.int64))


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
