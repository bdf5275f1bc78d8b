"""What patches of a raster in blocks cost: cells decoded for each that is used."""

import numpy as np
from jaxtyping import Float64, Int64


def cells_decoded(
    first_rows: Int64[np.ndarray, " places"],
    first_columns: Int64[np.ndarray, " places"],
    extent: tuple[int, int],
    *,
    shape: tuple[int, int],
    block: tuple[int, int],
    cached_blocks: float,
    together: int,
) -> float:
    r"""Cells decoded for one patch, in the mean of random batches of the places.

    With `p_b` the share of the places whose patches touch block `b`, a batch of `n`
    touches :math:`\sum_b 1 - (1 - p_b)^n` blocks. Of these, the cache holds the part
    that it holds of all blocks that any place touches.

    Args:
      first_rows: `[places]` first rows of the patches; perhaps negative.
      first_columns: `[places]` first columns.
      extent: rows and columns of the raster from a patch's first cell to its last.
      shape: rows and columns of the raster.
      block: rows and columns that are decoded at once.
      cached_blocks: that the cache holds.
      together: patches that are read at once, so that they share blocks.

    Returns:
      0 where the cache holds every block that is needed.
    """
    touched = blocks_touched(first_rows, first_columns, extent, shape, block)
    needed = int((touched > 0).sum())
    missing = 1 - cached_blocks / max(needed, 1)
    if missing <= 0:
        return 0.0
    share = touched / len(first_rows)
    in_batch = float((1 - (1 - share) ** together).sum())
    return in_batch * missing * block[0] * block[1] / together


def blocks_touched(
    first_rows: Int64[np.ndarray, " places"],
    first_columns: Int64[np.ndarray, " places"],
    extent: tuple[int, int],
    shape: tuple[int, int],
    block: tuple[int, int],
) -> Float64[np.ndarray, "down across"]:
    """How many patches touch each block of the raster; arguments as above."""
    inside = np.ones(len(first_rows), bool)
    ranges = []
    for axis, first in enumerate((first_rows, first_columns)):
        last = first + extent[axis] - 1
        inside &= (last >= 0) & (first < shape[axis])
        cells = (np.clip(one, 0, shape[axis] - 1) for one in (first, last))
        ranges.append([one // block[axis] for one in cells])
    (top, bottom), (left, right) = ([one[inside] for one in axis] for axis in ranges)
    down, across = (-(-shape[axis] // block[axis]) for axis in range(2))
    # Differences at the corners of each range of blocks, summed up twice.
    counts = np.zeros((down + 1, across + 1))
    for rows, columns, sign in (
        (top, left, 1),
        (bottom + 1, right + 1, 1),
        (top, right + 1, -1),
        (bottom + 1, left, -1),
    ):
        np.add.at(counts, (rows, columns), sign)
    return counts.cumsum(0).cumsum(1)[:-1, :-1]
