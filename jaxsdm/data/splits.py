"""Folds for cross-validation: every site gets the number of its fold.

Records near one another are alike, so folds drawn at random flatter a model that
remembers places. Spatial blocks keep neighbours together (Roberts et al. 2017,
Ecography 40, 913-929, doi:10.1111/ecog.02881).
"""

import numpy as np
from jaxtyping import Float, Float64, Int64


def random_folds(
    number_of_sites: int, *, folds: int, seed: int = 0
) -> Int64[np.ndarray, " sites"]:
    """Folds of equal size (to one site), drawn at random.

    Raises:
      ValueError: if there are fewer than 2 folds or more folds than sites.
    """
    _check_folds(folds, number_of_sites, "sites")
    dealt = np.arange(number_of_sites, dtype=np.int64) % folds
    return np.random.default_rng(seed).permutation(dealt)


def spatial_blocks(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    folds: int,
    block_size: float | None = None,
    blocks: tuple[int, int] | None = None,
    weights: Float[np.ndarray, " sites"] | None = None,
    seed: int = 0,
) -> Int64[np.ndarray, " sites"]:
    """Folds made of whole square or rectangular blocks of the area.

    Blocks are dealt from the heaviest to the lightest, each to the fold that has least
    so far, so that folds are balanced in weight; the seed decides between equals.
    Blocks without any weight are then dealt so that folds are balanced in sites: call
    it with records and background together (weights 0 for the background) and both
    are split by the same blocks.

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      folds: how many.
      block_size: side of a block in units of the CRS, from the least x and y on; or
      blocks: the number of rows and columns of blocks over the sites' extent.
      weights: `[sites]` what is balanced, such as the number of records
        `table.counts.sum(axis=1)`; without it, the number of sites.
      seed: of the order among equals.

    Returns:
      `[sites]` fold of each site, from 0 to `folds - 1`.

    Raises:
      ValueError: unless exactly one of `block_size` and `blocks` is given, above 0; if
        fewer blocks than folds have sites; if a weight is negative or not finite.
    """
    weights = np.ones(len(x)) if weights is None else weights
    if not np.all((weights >= 0) & np.isfinite(weights)):
        raise ValueError(
            "spatial_blocks: weights are finite and >= 0, got "
            f"{weights.min()} to {weights.max()}."
        )
    place = _block_of_site(x, y, block_size, blocks)
    occupied, block = np.unique(place, axis=0, return_inverse=True)
    _check_folds(folds, len(occupied), "blocks with sites; use smaller blocks")

    heavy = np.bincount(block, weights)
    sites = np.bincount(block).astype(float)
    order = np.random.default_rng(seed).permutation(len(occupied))
    order = order[np.lexsort((-sites[order], -heavy[order]))]
    fold = np.empty(len(occupied), np.int64)
    weight_of_fold, sites_of_fold = np.zeros(folds), np.zeros(folds)
    for one in order:
        load = weight_of_fold if heavy[one] > 0 else sites_of_fold
        fold[one] = load.argmin()
        weight_of_fold[fold[one]] += heavy[one]
        sites_of_fold[fold[one]] += sites[one]
    return fold[block]


def _block_of_site(
    x: np.ndarray,
    y: np.ndarray,
    block_size: float | None,
    blocks: tuple[int, int] | None,
) -> np.ndarray:
    if (block_size is None) == (blocks is None):
        raise ValueError(
            "spatial_blocks: give either block_size or blocks, got block_size="
            f"{block_size} and blocks={blocks}."
        )
    number = np.array(blocks or [block_size])
    if not np.all(number > 0):
        raise ValueError(f"spatial_blocks: size or number of blocks {number}, not > 0.")
    corner = np.array([y.min(), x.min()])
    offset = np.stack([y, x], axis=1) - corner
    if blocks is None:
        return np.floor(offset / number).astype(np.int64)
    extent = np.maximum(offset.max(axis=0), np.finfo(float).tiny)
    return np.minimum(offset / extent * number, number - 1).astype(np.int64)


def _check_folds(folds: int, most: int, what: str) -> None:
    if not 2 <= folds <= most:
        raise ValueError(
            f"folds: from 2 to {most}, got {folds}: there are {most} {what}."
        )
