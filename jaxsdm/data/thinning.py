"""Thinning: many records of one place say little more than one."""

from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from jaxsdm.data.cells import CellGrid


def one_per_cell(
    x: Float64[np.ndarray, " records"],
    y: Float64[np.ndarray, " records"],
    cells: CellGrid,
    *,
    species: Shaped[np.ndarray, " records"] | None = None,
) -> Int64[np.ndarray, " kept"]:
    """The records that stay when each cell keeps one of each species.

    A coarse grid thins as the usual minimum distance does, without its dependence on
    the order of the records beyond the cell.

    Args:
      x: `[records]` in units of the CRS.
      y: `[records]`
      cells: the raster of cells to thin to; may be coarser than the predictors'.
      species: `[records]` names or numbers; without it a cell keeps one record in all.

    Returns:
      Row numbers of the records kept, ascending: the first of each cell and species.
    """
    keys: list[np.ndarray[Any, Any]] = [*cells.locate(x, y)]
    if species is not None:
        keys.append(np.unique(species, return_inverse=True)[1])
    _, first = np.unique(np.stack(keys, axis=1), axis=0, return_index=True)
    return np.sort(first)
