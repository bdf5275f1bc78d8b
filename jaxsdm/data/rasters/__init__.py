"""Rasters of any kind as stacks of named bands on one grid, with what is missing."""

from jaxsdm.data.rasters.band_names import name_from_file
from jaxsdm.data.rasters.bands import Band
from jaxsdm.data.rasters.grid import Bounds, RasterGrid
from jaxsdm.data.rasters.opening import open_stack
from jaxsdm.data.rasters.stack import RasterStack

__all__ = [
    "Band",
    "Bounds",
    "RasterGrid",
    "RasterStack",
    "name_from_file",
    "open_stack",
]
