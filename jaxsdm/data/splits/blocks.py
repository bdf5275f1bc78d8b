"""Spatial blocks: neighbours stay together, so that a test is not next door.

Records near one another are alike, so folds drawn at random flatter a model that
remembers places (Roberts et al. 2017, Ecography 40, 913-929, doi:10.1111/ecog.02881).
"""

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64

from jaxsdm.data.splits.checks import check_folds, check_places
from jaxsdm.data.splits.dealing import deal_numbered
from jaxsdm.data.splits.presences import Counts
from jaxsdm.data.surface import EARTH_RADIUS, Surface

Size = float | int | tuple[float | int, float | int]


def spatial_blocks(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    folds: int,
    block_size: Size | None = None,
    blocks: tuple[int, int] | None = None,
    weights: Float[np.ndarray, " sites"] | None = None,
    counts: Counts | None = None,
    crs: str = "",
    seed: int = 0,
) -> Int64[np.ndarray, " sites"]:
    """Folds made of whole square or rectangular blocks of the area.

    Blocks are dealt from the heaviest to the lightest, each to the fold that has least
    so far, so that folds are balanced in weight; the seed decides between equals.
    Blocks without any weight are then dealt so that folds are balanced in sites: call
    it with records and background together (weights 0 for the background) and both
    are split by the same blocks. With `counts` in place of weights, blocks are dealt so
    that every species is in as many folds as it has blocks (`deal_groups`).

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      folds: how many.
      block_size: side of a block, or its height and width, from the least x and y on;
        or
      blocks: the number of rows and columns of blocks over the sites' extent.
      weights: `[sites]` what is balanced, such as the number of records
        `table.counts.sum(axis=1)`; without it, the number of sites.
      counts: `[sites, species]` what is spread over the folds.
      crs: coordinate reference system of x and y. If it is one of degrees, `block_size`
        is in metres, blocks hold their width towards the poles, and the antimeridian
        is no edge; otherwise, and without a name, in units of x and y.
      seed: of the order among equals.

    Returns:
      `[sites]` fold of each site, from 0 to `folds - 1`.

    Raises:
      ValueError: unless exactly one of `block_size` and `blocks` is given, above 0; if
        fewer blocks than folds have sites; if a coordinate is not finite; if a weight
        or a count is negative or not finite, or both are given.
    """
    block = _numbers("spatial_blocks", x, y, block_size, blocks, crs)
    occupied = int(block.max()) + 1
    check_folds(folds, occupied, "blocks with sites; use smaller blocks")
    return deal_numbered("spatial_blocks", block, folds, weights, counts, seed)[block]


def block_numbers(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    block_size: Size | None = None,
    blocks: tuple[int, int] | None = None,
    crs: str = "",
) -> Int64[np.ndarray, " sites"]:
    """The block of each site, for folds of one block each and for maps.

    Args: those of `spatial_blocks`.

    Returns:
      `[sites]` numbers 0, 1, 2, ... of the blocks with sites, row by row from the
      south, from west to east.

    Raises:
      ValueError: unless exactly one of `block_size` and `blocks` is given, above 0; if
        a coordinate is not finite.
    """
    return _numbers("block_numbers", x, y, block_size, blocks, crs)


def from_the_west(x: Float64[np.ndarray, " sites"]) -> Float64[np.ndarray, " sites"]:
    """Degrees to the east of the side of the widest gap between longitudes.

    Sites on both sides of the antimeridian are then near, whether longitudes run from
    -180 or from 0.
    """
    around = np.mod(x, 360.0)
    in_order = np.sort(around)
    gaps = np.diff(in_order, append=in_order[:1] + 360)
    west = in_order[(gaps.argmax() + 1) % len(in_order)]
    return np.mod(around - west, 360.0)


def _numbers(
    function: str,
    x: np.ndarray,
    y: np.ndarray,
    block_size: Size | None,
    blocks: tuple[int, int] | None,
    crs: str,
) -> np.ndarray:
    if (block_size is None) == (blocks is None):
        raise ValueError(
            f"{function}: give either block_size or blocks, got block_size="
            f"{block_size} and blocks={blocks}."
        )
    given = np.asarray(block_size if blocks is None else blocks, np.float64)
    if not np.all((given > 0) & np.isfinite(given)):
        raise ValueError(
            f"{function}: size or number of blocks {given}, not > 0 and finite."
        )
    check_places(function, x, y)
    height, width = np.broadcast_to(given, 2)
    on_sphere = Surface(crs).is_sphere
    east = from_the_west(x) if on_sphere else x - x.min()
    north = y - y.min()
    if blocks is not None:
        row = _part(north, height)
        column = _part(east, width)
    elif on_sphere:
        row = np.floor(np.deg2rad(north) * EARTH_RADIUS / height).astype(np.int64)
        column = _columns_of_a_globe(row, east, y.min(), height, width)
    else:
        row = np.floor(north / height).astype(np.int64)
        column = np.floor(east / width).astype(np.int64)
    key = row * (column.max() + 1) + column
    return pd.factorize(key, sort=True)[0].astype(np.int64)


def _part(offset: np.ndarray, parts: float) -> np.ndarray:
    """Which of so many equal parts of the extent."""
    extent = max(offset.max(), np.finfo(float).tiny)
    return np.minimum(offset / extent * parts, parts - 1).astype(np.int64)


def _columns_of_a_globe(
    row: np.ndarray, east: np.ndarray, south: float, height: float, width: float
) -> np.ndarray:
    """A whole number of columns around each row, as wide as asked in its middle."""
    rows = np.arange(row.max() + 1)
    middle = np.deg2rad(south) + (rows + 0.5) * height / EARTH_RADIUS
    around = 2 * np.pi * EARTH_RADIUS * np.cos(np.minimum(middle, np.pi / 2))
    columns = np.rint(around / width)  # 0, at a pole, is one block as 1 is.
    return np.floor(east / 360 * columns[row]).astype(np.int64)
