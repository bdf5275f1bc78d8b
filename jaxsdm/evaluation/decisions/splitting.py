"""Dividing labelled places into those of calibration and those of test."""

import numpy as np
from jaxtyping import Bool, Float, Int


def square_blocks(
    x: Float[np.ndarray, " places"], y: Float[np.ndarray, " places"], size: float
) -> Int[np.ndarray, " places"]:
    """Number of the square that each place lies in, from the least x and y on.

    Args:
      x: `[places]` in units of the CRS.
      y: `[places]`.
      size: side of a square, in the same units.

    Raises:
      ValueError: a coordinate is not finite, or the size is not above 0.
    """
    if not size > 0:
        raise ValueError(f"square_blocks: want a size above 0, got {size}.")
    both = np.stack([np.asarray(x, np.float64), np.asarray(y, np.float64)], axis=1)
    if not np.isfinite(both).all():
        place = int(np.argmin(np.isfinite(both).all(axis=1)))
        raise ValueError(
            f"square_blocks: want finite coordinates, got {tuple(both[place])} at "
            f"place {place}."
        )
    corner = np.floor((both - both.min(axis=0, initial=np.inf)) / size)
    return np.unique(corner, axis=0, return_inverse=True)[1].reshape(-1)


def share_of_blocks(
    blocks: Int[np.ndarray, " places"], share: float, seed: int = 0
) -> Bool[np.ndarray, " places"]:
    """True for about this share of the places: whole blocks, in a random order.

    Blocks are taken while the share is not reached; at least one and not all.

    Raises:
      ValueError: a share outside (0, 1), or fewer than two blocks.
    """
    if not 0 < share < 1:
        raise ValueError(f"calibration: want a share in (0, 1), got {share}.")
    names, of_place = np.unique(blocks, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            f"calibration: want at least two blocks of labelled sites, got {len(names)}"
            ". Use smaller blocks."
        )
    order = np.random.default_rng(seed).permutation(len(names))
    reached = np.cumsum(np.bincount(of_place)[order]) / len(blocks)
    taken = min(int(np.searchsorted(reached, share)) + 1, len(names) - 1)
    return np.isin(of_place, order[:taken])
