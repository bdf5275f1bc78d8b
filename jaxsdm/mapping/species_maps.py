"""The maps of some species, written side by side, and what they say in numbers."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float32, Int

from jaxsdm.data import SiteTable
from jaxsdm.data.closing import Closing
from jaxsdm.mapping.area import Cells
from jaxsdm.mapping.geotiff import MapFile
from jaxsdm.mapping.statistics import MapStatistics, areas_of


class SpeciesMaps(Closing):
    """Writes what a model says of some species, window by window.

    Args:
      files: of the species.
      species: their numbers among those of the model.
      values: from a site table and its name to the values on the maps, of all species.
      thresholds: `[species of the model]` values of presence, NaN where there is none.
    """

    def __init__(
        self,
        files: Sequence[MapFile],
        species: Int[np.ndarray, " chosen"],
        values: Callable[[SiteTable, str], Float32[np.ndarray, "species _"]],
        thresholds: Float32[np.ndarray, " species"],
    ) -> None:
        self._files, self._species, self._values = files, species, values
        self._statistics = MapStatistics(thresholds[species])

    def write(self, cells: Cells) -> None:
        """Writes the cells of a window whose categories were seen in training."""
        table = cells.table
        shown = cells.has_data
        if not cells.known.all():
            table, shown = table.take(cells.known), shown.copy()
            shown[cells.has_data] = cells.known
        if not len(table):
            return  # what is not written has no value
        found = self._values(table, "rasters")[self._species]
        self._statistics.add(found, areas_of(table.y, table.crs))
        for file, values in zip(self._files, found, strict=True):
            file.write(cells.window, cells.laid(values, shown))

    def table(self) -> pd.DataFrame:
        """One row a species, see `MapStatistics.table`."""
        return self._statistics.table()

    def close(self) -> None:
        """Closes the files; no map is in its place yet."""
        for file in self._files:
            file.close()

    def publish(self) -> None:
        """Puts each map in its place."""
        for file in self._files:
            file.publish()
