"""Checkerboards: two or four folds of alternate fields over the whole area.

Every fold meets nearly all conditions, so folds are alike and neighbours on both sides
of a field's edge are not kept apart: for models that shall interpolate (Muscarella et
al. 2014, ENMeval, Methods in Ecology and Evolution 5, 1198-1205,
doi:10.1111/2041-210X.12261). Blocks are for those that shall go further.
"""

import numpy as np
from jaxtyping import Float64, Int64

from jaxsdm.data.splits.checks import check_places


def checkerboard(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    size: float | int,
) -> Int64[np.ndarray, " sites"]:
    """Two folds: the light and the dark fields of a checkerboard.

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      size: side of a field in units of x and y (an angle, if these are degrees), from
        the least x and y on.

    Returns:
      `[sites]` 0 or 1; the field in the south-west is 0.

    Raises:
      ValueError: if the size is not finite and > 0, a coordinate is not finite, or all
        sites lie on fields of one kind.
    """
    return _check_all(_colour("checkerboard", x, y, size), 2, size)


def checkerboard2(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    *,
    size: float | int,
    factor: int = 2,
) -> Int64[np.ndarray, " sites"]:
    """Four folds: a fine checkerboard in each field of a coarse one.

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      size: side of a fine field in units of x and y, from the least x and y on.
      factor: side of a coarse field, in fine ones.

    Returns:
      `[sites]` 0 to 3: twice the kind of the coarse field, plus that of the fine one.

    Raises:
      ValueError: if the size is not finite and > 0, the factor is below 2, a coordinate
        is not finite, or sites lie on fewer than the four kinds of fields.
    """
    if factor < 2:
        raise ValueError(f"checkerboard2: factor of at least 2, got {factor}.")
    fine = _colour("checkerboard2", x, y, size)
    coarse = _colour("checkerboard2", x, y, size * factor)
    return _check_all(2 * coarse + fine, 4, size)


def _colour(
    function: str, x: np.ndarray, y: np.ndarray, size: float | int
) -> np.ndarray:
    if not (size > 0 and np.isfinite(size)):
        raise ValueError(f"{function}: size is finite and > 0, got {size}.")
    check_places(function, x, y)
    row, column = np.floor((y - y.min()) / size), np.floor((x - x.min()) / size)
    return np.mod(row + column, 2).astype(np.int64)


def _check_all(fold: np.ndarray, folds: int, size: float | int) -> np.ndarray:
    with_sites = np.count_nonzero(np.bincount(fold, minlength=folds))
    if with_sites < folds:
        raise ValueError(
            f"checkerboard: {with_sites} of {folds} kinds of fields of size {size} have"
            " sites; use another size."
        )
    return fold
