"""A map of how far places lie from those a model was fitted on."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm.data.closing import Closing
from jaxsdm.data.similarity import mess
from jaxsdm.mapping.area import Cells
from jaxsdm.mapping.geotiff import MapFile
from jaxsdm.mapping.statistics import areas_of

MEANING = (
    "multivariate environmental similarity (MESS, Elith et al. 2010) to the places the "
    "model was fitted on, percent; below 0 at least one predictor is outside their "
    "range, and the maps of species extrapolate"
)


class SimilarityMap(Closing):
    """Writes the similarity (`jaxsdm.data.similarity.mess`) window by window.

    Args:
      file: of the map.
      fitted: raw predictors of the places the model was fitted on.
      categorical: those that are codes; one that is not among the fitted gives -100.
    """

    def __init__(
        self, file: MapFile, fitted: pd.DataFrame, categorical: Sequence[str]
    ) -> None:
        self._file, self._fitted, self._categorical = file, fitted, tuple(categorical)
        self._novel = self._area = 0.0

    def write(self, cells: Cells) -> None:
        """Writes the cells of a window."""
        table = cells.table
        found = mess(self._fitted, table.predictors, categorical=self._categorical)
        areas = areas_of(table.y, table.crs)
        self._novel += float(areas @ (found.similarity < 0))
        self._area += float(areas.sum())
        layer = cells.laid(found.similarity.astype(np.float32), cells.has_data)
        self._file.write(cells.window, layer)

    @property
    def novel_share(self) -> float:
        """Share of the area that has a predictor outside the fitted range."""
        return self._novel / self._area if self._area else float("nan")

    def close(self) -> None:
        """Closes the file; the map is not in its place yet."""
        self._file.close()

    def publish(self) -> None:
        """Puts the map in its place."""
        self._file.publish()
