"""What the maps of species say in a few numbers, summed up while they are written."""

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64

from jaxsdm.data.rasters.coordinate_systems import in_degrees

_OMITTED = 0.1
"""Share of the places with records that the threshold may leave out."""


class MapStatistics:
    """Least, mean and greatest value of each species, and the share above a threshold.

    Mean and share are of the area, not of the cells.

    Args:
      thresholds: `[species]` of the values; NaN where there is none.
    """

    def __init__(self, thresholds: Float32[np.ndarray, " species"]) -> None:
        self._thresholds, number = thresholds, len(thresholds)
        self._least = np.full(number, np.inf)
        self._greatest = np.full(number, -np.inf)
        self._sum, self._above = np.zeros(number), np.zeros(number)
        self._cells, self._area = 0, 0.0

    def add(
        self,
        values: Float32[np.ndarray, "species cells"],
        areas: Float64[np.ndarray, " cells"],
    ) -> None:
        """Takes in some cells.

        Args:
          values: on the maps.
          areas: of the cells, relative to each other, as `areas_of` gives them.
        """
        if not len(areas):
            return
        for i, row in enumerate(values):  # a row is in the cache, the table is not
            self._least[i] = min(self._least[i], row.min())
            self._greatest[i] = max(self._greatest[i], row.max())
            # Not `@`: threads of BLAS and of JAX get into each other's way.
            self._sum[i] += np.einsum("c,c", areas, row)
            self._above[i] += np.einsum("c,c", areas, row >= self._thresholds[i])
        self._cells += len(areas)
        self._area += float(areas.sum())

    def table(self) -> pd.DataFrame:
        """One row a species: `cells, min, mean, max, threshold, share_above`."""
        nothing = not self._cells
        area = self._area or np.nan
        above = np.where(np.isnan(self._thresholds), np.nan, self._above / area)
        return pd.DataFrame(
            {
                "cells": self._cells,
                "min": np.nan if nothing else self._least,
                "mean": self._sum / area,
                "max": np.nan if nothing else self._greatest,
                "threshold": self._thresholds,
                "share_above": above,
            }
        )


def areas_of(
    y: Float64[np.ndarray, " cells"], crs: str
) -> Float64[np.ndarray, " cells"]:
    """Areas of cells relative to each other.

    Args:
      y: of their centres; in a CRS in degrees a cell has the cosine of its latitude.
      crs: of the raster; in one of metres all cells count as equal.
    """
    return np.cos(np.deg2rad(y)) if in_degrees(crs) else np.ones(len(y))


def omission_thresholds(
    values: Float32[np.ndarray, "species sites"],
    counts: Float32[np.ndarray, "sites species"],
) -> Float32[np.ndarray, " species"]:
    """The greatest threshold that leaves out a tenth of a species' sites at most.

    It is known as the 10th percentile training presence. A site is in where its value
    reaches the threshold.

    Args:
      values: on the maps, at the sites with records.
      counts: records of the species there.

    Returns:
      One threshold a species; NaN for one without records.
    """
    found = np.full(len(values), np.nan, np.float32)
    for i, row in enumerate(values):
        present = np.sort(row[counts[:, i] > 0])
        if len(present):
            found[i] = present[int(_OMITTED * len(present))]
    return found
