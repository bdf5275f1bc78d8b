"""Raster stacks written out once in the order in which random patches read them."""

from jaxsdm.data.prepared.manifest import BandStatistics, Prepared, open_prepared
from jaxsdm.data.prepared.writing import prepare

__all__ = ["BandStatistics", "Prepared", "open_prepared", "prepare"]
