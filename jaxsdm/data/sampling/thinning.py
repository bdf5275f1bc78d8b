"""Thinning: many records of one place say little more than one.

Records crowd where observers are. Left alone, a model learns the roads; thinned, it has
one record for each cell or each stretch of ground.
"""

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Shaped

from jaxsdm.data.cells import CellGrid
from jaxsdm.data.sampling.spacing import (
    greedy_spacing,
    group_numbers,
    order_of_choice,
)
from jaxsdm.data.surface import Surface


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
    row, column = cells.locate(x, y)
    keys = {"row": row, "column": column}
    if species is not None:
        keys["species"] = species
    return np.flatnonzero(~pd.DataFrame(keys).duplicated().to_numpy())


def thin_by_distance(
    x: Float64[np.ndarray, " records"],
    y: Float64[np.ndarray, " records"],
    distance: float | int,
    *,
    crs: str = "",
    groups: Shaped[np.ndarray, " records"] | None = None,
    priority: Shaped[np.ndarray, " records"] | None = None,
    seed: int = 0,
) -> Int64[np.ndarray, " kept"]:
    """The records that stay when no two may be nearer than a distance.

    Records are taken one after the other in random order (or by priority) and kept
    unless a kept one is nearer. So none can be added again; a luckier order might keep
    a few more, which is what the repetitions of spThin search for (Aiello-Lammens et
    al. 2015, doi:10.1111/ecog.01132).

    Args:
      x: `[records]` in units of `crs`.
      y: `[records]`
      distance: along the ground: metres if `crs` is in degrees, else units of it.
        Records exactly so far apart both stay; 0 keeps all.
      crs: coordinate reference system; `""` is a plane without a name.
      groups: `[records]` names or numbers, such as the species; each group is thinned
        by itself.
      priority: `[records]` greater goes first, such as minus the uncertainty of the
        coordinates or the year; NaN goes last, equals in random order.
      seed: of the random order.

    Returns:
      Row numbers of the records kept, ascending.

    Raises:
      ValueError: if a coordinate is missing or infinite, the distance is negative, or
        the arrays differ in length.
    """
    _check_places(x, y)
    if not distance >= 0:
        raise ValueError(
            f"thin_by_distance: a distance of at least 0, got {distance} "
            f"{Surface(crs).unit}."
        )
    surface = Surface(crs)
    rank = order_of_choice("thin_by_distance", len(x), priority, seed)
    group = group_numbers("thin_by_distance", len(x), groups)
    straight = float(surface.straight(distance))
    return np.flatnonzero(greedy_spacing(surface.points(x, y), straight, rank, group))


def _check_places(
    x: Float64[np.ndarray, " records"], y: Float64[np.ndarray, " records"]
) -> None:
    lost = np.flatnonzero(~np.isfinite(x + y))
    if len(lost):
        raise ValueError(
            f"thin_by_distance: {len(lost)} of {len(x)} records without finite "
            f"coordinates, the first in row {lost[0]}; leave them out."
        )
