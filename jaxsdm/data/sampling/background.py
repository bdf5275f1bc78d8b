"""Background sites: what the records are compared with.

A uniform background takes the whole area as searched. Where observers were uneven the
background should be uneven in the same way (Phillips et al. 2009,
doi:10.1890/07-2153.1): the target-group sites themselves, or a random background drawn
in proportion to the density of all records.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64

from jaxsdm.data.cells import CellGrid
from jaxsdm.data.sites import SiteTable

_PAIRS_AT_ONCE = 1 << 22


def target_group_sites(
    records: pd.DataFrame,
    cells: CellGrid,
    *,
    predictors: Sequence[str],
    species: Sequence[str],
    columns: tuple[str, str, str] = ("x", "y", "species"),
    crs: str = "",
) -> SiteTable:
    """One site for each cell with at least one record: the target-group sites.

    If the records are those of all species of a group that is searched for together,
    the cells tell where observers went, and the cells of the other species are a
    background with the same sampling bias as the records (Phillips et al. 2009,
    Ecological Applications 19, 181-197, doi:10.1890/07-2153.1).

    Args:
      records: one row a record, with coordinates, species and predictors.
      cells: the raster to which records are counted.
      predictors: columns to keep; a cell takes the values of its first record.
      species: the species of the columns of counts, in order.
      columns: the names of the columns of x, y and species.
      crs: coordinate reference system of x and y.

    Returns:
      Sites at cell centres, from north to south and west to east, with the number of
      records of each species in `counts`. Every species has its column, with records
      or without.

    Raises:
      ValueError: if a record is of a species that is not in `species`.
    """
    x, y, name = (records[column] for column in columns)
    unknown = sorted(set(name) - set(species))
    if unknown:
        raise ValueError(
            f"target_group_sites: records of {', '.join(map(str, unknown))}, not among "
            f"the species {', '.join(species)}."
        )
    row, column = cells.locate(x.to_numpy(np.float64), y.to_numpy(np.float64))
    places, first, site = np.unique(
        np.stack([row, column], axis=1), axis=0, return_index=True, return_inverse=True
    )
    counts = np.zeros((len(places), len(species)), np.float32)
    np.add.at(counts, (site, pd.Index(species).get_indexer(pd.Index(name))), 1)
    centre_x, centre_y = cells.centres(places[:, 0], places[:, 1])
    return SiteTable(
        x=centre_x,
        y=centre_y,
        predictors=records[list(predictors)].iloc[first],
        counts=counts,
        species=tuple(species),
        crs=crs,
    )


def random_background(
    candidates: SiteTable,
    number: int,
    *,
    density: Float[np.ndarray, " sites"] | None = None,
    seed: int = 0,
) -> SiteTable:
    """Sites drawn at random without replacement, with all counts 0.

    Args:
      candidates: where to draw from, such as `grid.sites` or `task.background`.
      number: how many sites.
      density: `[sites]` relative rate at which each candidate is drawn, 0 for never.
        `record_density` smooths the records; `table.counts.sum(axis=1)` draws
        target-group cells by their number of records. Without it all are alike.
      seed: of the draw.

    Raises:
      ValueError: if a density is negative, not finite, or not of the length of the
        candidates; if there are fewer candidates (with a density above 0) than
        `number`.
    """
    rate = np.ones(len(candidates)) if density is None else density.astype(np.float64)
    if rate.shape != (len(candidates),) or not np.all((rate >= 0) & np.isfinite(rate)):
        raise ValueError(
            f"random_background: density is one finite number >= 0 for each of the "
            f"{len(candidates)} candidates; got shape {rate.shape}, from {rate.min()} "
            f"to {rate.max()}."
        )
    possible = int(np.count_nonzero(rate))
    if number > possible:
        raise ValueError(
            f"random_background: {number} sites wanted, {possible} candidates of "
            f"{len(candidates)} can be drawn; ask for fewer."
        )
    drawn = np.random.default_rng(seed).choice(
        len(candidates), number, replace=False, p=rate / rate.sum()
    )
    table = candidates.take(np.sort(drawn))
    return dataclasses.replace(table, counts=np.zeros_like(table.counts))


def record_density(
    sites: SiteTable, records: SiteTable, *, bandwidth: float
) -> Float64[np.ndarray, " sites"]:
    r"""Density of all records around each site, by a Gaussian kernel.

    .. math:: d_s = \sum_r \frac{n_r}{2 \pi h^2}
              \exp \left( -\frac{\lVert s - r \rVert^2}{2 h^2} \right)

    with :math:`n_r` the number of records of all species at site `r`.

    Args:
      sites: where the density is wanted.
      records: the presence-only sites, in the same CRS.
      bandwidth: the kernel's standard deviation :math:`h`, in units of the CRS.

    Returns:
      `[sites]` records per unit of area (squared units of the CRS).

    Raises:
      ValueError: if the bandwidth is not above 0.
    """
    if not bandwidth > 0:
        raise ValueError(f"record_density: bandwidth above 0, got {bandwidth}.")
    number = np.nansum(records.counts, axis=1, dtype=np.float64)
    density = np.empty(len(sites))
    step = max(1, _PAIRS_AT_ONCE // max(1, len(records)))
    for start in range(0, len(sites), step):
        part = slice(start, start + step)
        squared = (sites.x[part, None] - records.x) ** 2
        squared += (sites.y[part, None] - records.y) ** 2
        density[part] = np.exp(squared / (-2 * bandwidth**2)) @ number
    return density / (2 * np.pi * bandwidth**2)
