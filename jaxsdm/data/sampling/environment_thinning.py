"""Thinning in the space of the environment rather than of the map.

Records that are far apart can tell the same: a hundred surveys of one kind of valley.
What is kept here is spread over the environment (Varela et al. 2014, Ecography 37,
1084-1091, doi:10.1111/j.1600-0587.2013.00441.x).
"""

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Shaped

from jaxsdm.data.sampling.spacing import (
    greedy_spacing,
    group_numbers,
    order_of_choice,
)

_MOST_AXES = 3  # the cubes around a cube are 3 to the power of the axes

_CONSTANT = 1e-12  # of the greatest value: smaller deviations are rounding


def thin_by_environment(
    values: Float64[np.ndarray, "records predictors"],
    *,
    bins: int | None = None,
    distance: float | int | None = None,
    axes: int | None = None,
    keep: int = 1,
    groups: Shaped[np.ndarray, " records"] | None = None,
    priority: Shaped[np.ndarray, " records"] | None = None,
    seed: int = 0,
) -> Int64[np.ndarray, " kept"]:
    """The records that stay when no part of the environment may be crowded.

    Predictors are standardised over the records (mean 0, variance 1). Then each bin of
    a grid over them keeps a few records, or no two may be nearer than a distance.

    Args:
      values: `[records, predictors]` finite; quantities, not codes.
      bins: number of bins of equal width on each axis, from its least to its greatest
        value; or
      distance: Euclidean, in standard deviations, on 1 to 3 axes.
      axes: use so many principal components of the standardised predictors in place
        of the predictors. With many predictors nearly every record has a bin of its
        own; two or three components say most of what they hold.
      keep: how many records stay in a bin.
      groups: `[records]` names or numbers, such as the species, each thinned by
        itself; the axes are those of all records.
      priority: `[records]` greater goes first; NaN goes last, equals in random order.
      seed: of the random order.

    Returns:
      Row numbers of the records kept, ascending.

    Raises:
      ValueError: unless either `bins` or `distance` is given; if they or `keep` are too
        small, a value is not finite, `axes` is not 1 to the number of predictors, or a
        distance is asked for on more than 3 axes.
    """
    if (bins is None) == (distance is None):
        raise ValueError("thin_by_environment: either bins= or distance=.")
    rank = order_of_choice("thin_by_environment", len(values), priority, seed)
    group = group_numbers("thin_by_environment", len(values), groups)
    space = _environment(values, axes)
    if bins is not None:
        if bins < 1 or keep < 1:
            raise ValueError(
                f"thin_by_environment: bins and keep at least 1, got {bins} and {keep}."
            )
        return _first_of_bins(space, bins, keep, rank, group)
    if distance is None or not distance >= 0 or keep != 1:
        raise ValueError(
            f"thin_by_environment: a distance of at least 0, got {distance}; keep goes "
            "with bins."
        )
    if space.shape[1] > _MOST_AXES:
        raise ValueError(
            f"thin_by_environment: a distance over {space.shape[1]} predictors; use 1 "
            f"to {_MOST_AXES} principal components, such as axes=2."
        )
    return np.flatnonzero(greedy_spacing(space, float(distance), rank, group))


def _environment(
    values: Float64[np.ndarray, "records predictors"], axes: int | None
) -> Float64[np.ndarray, "records axes"]:
    """Standardised predictors, or their principal components."""
    odd = np.argwhere(~np.isfinite(values))
    if len(odd):
        raise ValueError(
            f"thin_by_environment: {len(odd)} values are not finite, the first in row "
            f"{odd[0, 0]}, column {odd[0, 1]}; leave these records out."
        )
    number = values.shape[1]
    if number == 0 or (axes is not None and not 1 <= axes <= number):
        raise ValueError(
            f"thin_by_environment: axes from 1 to the number of predictors, {number}; "
            f"got {axes}."
        )
    if not len(values):
        return values[:, :axes]
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    varies = spread > _CONSTANT * np.abs(values).max(axis=0)
    space = np.where(varies, centred / np.where(varies, spread, 1.0), 0.0)
    if axes is None:
        return space
    _, loadings = np.linalg.eigh(space.T @ space / len(space))
    main = loadings[:, ::-1][:, :axes]
    # An eigenvector is as good with the other sign; the greatest loading decides.
    greatest = main[np.abs(main).argmax(axis=0), np.arange(axes)]
    return np.asarray(space @ (main * np.sign(greatest)))


def _first_of_bins(
    space: Float64[np.ndarray, "records axes"],
    bins: int,
    keep: int,
    rank: Int64[np.ndarray, " records"],
    group: Int64[np.ndarray, " records"] | None,
) -> Int64[np.ndarray, " kept"]:
    """The records of the least rank in every bin of every group."""
    if not len(space):
        return np.zeros(0, np.int64)
    least = space.min(axis=0)
    width = (space.max(axis=0) - least) / bins
    with np.errstate(divide="ignore", invalid="ignore"):
        place = np.where(width > 0, (space - least) / width, 0.0)
    number = np.minimum(
        place.astype(np.int64), bins - 1
    )  # the greatest closes the last
    keys = pd.DataFrame(number)
    if group is not None:
        keys["group"] = group
    order = np.argsort(rank)
    earlier = keys.iloc[order].groupby(list(keys.columns), sort=False).cumcount()
    return np.sort(order[(earlier < keep).to_numpy()])
