"""Points to raster cells and back to cell centres."""

import dataclasses

import numpy as np
from jaxtyping import Float64, Int64


@dataclasses.dataclass(frozen=True)
class CellGrid:
    """A north-up raster without an end: a corner and a cell size.

    Attributes:
      west: x of the left edge of column 0, in units of the CRS.
      north: y of the upper edge of row 0.
      size: width and height of a cell, above 0.

    Raises:
      ValueError: if the size is not above 0.
    """

    west: float
    north: float
    size: float

    def __post_init__(self) -> None:
        if not self.size > 0:
            raise ValueError(f"CellGrid: size above 0, got {self.size}.")

    @classmethod
    def from_centres(
        cls,
        x: Float64[np.ndarray, " cells"],
        y: Float64[np.ndarray, " cells"],
        size: float,
    ) -> "CellGrid":
        """The grid that has its corner cell at the least x and greatest y of these."""
        return cls(float(x.min()) - size / 2, float(y.max()) + size / 2, size)

    def locate(
        self, x: Float64[np.ndarray, " points"], y: Float64[np.ndarray, " points"]
    ) -> tuple[Int64[np.ndarray, " points"], Int64[np.ndarray, " points"]]:
        """Row and column of the cell of each point; negative north or west of 0.

        Raises:
          ValueError: if a coordinate is missing or infinite.
        """
        lost = np.flatnonzero(~np.isfinite(x + y))
        if len(lost):
            raise ValueError(
                f"CellGrid.locate: {len(lost)} of {len(x)} points without finite "
                f"coordinates, the first in row {lost[0]}; leave them out."
            )
        row = np.floor((self.north - y) / self.size).astype(np.int64)
        column = np.floor((x - self.west) / self.size).astype(np.int64)
        return row, column

    def centres(
        self, row: Int64[np.ndarray, " cells"], column: Int64[np.ndarray, " cells"]
    ) -> tuple[Float64[np.ndarray, " cells"], Float64[np.ndarray, " cells"]]:
        """Coordinates x and y of the middle of each cell."""
        x = self.west + (column + 0.5) * self.size
        return x, self.north - (row + 0.5) * self.size
