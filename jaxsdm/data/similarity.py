"""MESS: how far places lie from the conditions that a model was fitted on.

Where it is negative a model extrapolates in at least one predictor: in a map of the
future, in a fold that was cut along the climate, in a region without records.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from jaxtyping import Float64, Int64

_SAME, _NEW = 100.0, -100.0


@dataclasses.dataclass(frozen=True, eq=False)
class Mess:
    """Multivariate environmental similarity of points to a reference.

    Attributes:
      similarity: `[points]` percent, at most 100: 100 is the median of the reference in
        every predictor, below 0 is outside its range in at least one, -100 by a whole
        range; NaN where a predictor is missing.
      most_dissimilar: `[points]` number of the predictor with the least similarity,
        the first of equals; -1 where a predictor is missing.
      predictors: the names that `most_dissimilar` counts; `"0"`, `"1"`, ... for arrays.
      per_predictor: `[points, predictors]` what `similarity` is the least of, if it was
        asked for.
    """

    similarity: Float64[np.ndarray, " points"]
    most_dissimilar: Int64[np.ndarray, " points"]
    predictors: tuple[str, ...]
    per_predictor: Float64[np.ndarray, "points predictors"] | None = None


def mess(
    reference: pd.DataFrame | npt.ArrayLike,
    points: pd.DataFrame | npt.ArrayLike,
    *,
    categorical: Sequence[str] = (),
    per_predictor: bool = False,
) -> Mess:
    r"""Multivariate environmental similarity surface (MESS).

    With `f` the percentage of the reference whose value is smaller than the point's
    value `p`, the similarity in one predictor is

    .. math::
        s = \begin{cases}
        100 (p - \min) / (\max - \min) & f = 0 \\
        2 f & 0 < f \le 50 \\
        2 (100 - f) & 50 < f < 100 \\
        100 (\max - p) / (\max - \min) & f = 100
        \end{cases}

    and that of the point is the least over the predictors. Categories have no distance
    and a predictor that is constant in the reference has no range to measure in: there
    a value that the reference holds is 100, so that it never decides, and any other is
    -100. Work is predictor by predictor: beside `points` itself a map costs a few
    numbers a cell.

    Args:
      reference: `[rows, predictors]` what the model was fitted on; missing and infinite
        values are left out, each predictor by itself.
      points: `[points, predictors]`. As frames both are matched by name: columns that
        the reference has not are ignored.
      categorical: columns of frames whose values are levels.
      per_predictor: whether to keep the similarity in every predictor.

    Raises:
      ValueError: if a predictor is absent from the points, not of numbers, or without
        a value in the reference; if arrays differ in width; if a frame meets an array.

    References:
      Elith, Kearney & Phillips (2010), The art of modelling range-shifting species,
      Methods in Ecology and Evolution 1, 330-342, doi:10.1111/j.2041-210X.2010.00036.x.
    """
    known, asked = _as_frames(reference, points, categorical)
    least = np.full(len(asked), np.inf)
    most = np.full(len(asked), -1)
    each = []
    for number, name in enumerate(known.columns):
        if name in categorical:
            one = _similarity_of_levels(known[name], asked[name], str(name))
        else:
            one = _similarity_of_numbers(
                _numbers(known[name], "the reference"),
                _numbers(asked[name], "the points"),
                str(name),
            )
        most[one < least] = number
        least = np.minimum(least, one)  # NaN wins, as it should
        if per_predictor:
            each.append(one)
    most[np.isnan(least)] = -1
    return Mess(
        least,
        most,
        tuple(map(str, known.columns)),
        np.stack(each, axis=1) if per_predictor else None,
    )


def _similarity_of_numbers(
    reference: np.ndarray, points: np.ndarray, name: str
) -> np.ndarray:
    known = np.sort(reference[np.isfinite(reference)])
    if not len(known):
        raise ValueError(f"mess: predictor {name!r} has no value in the reference.")
    low, high = known[0], known[-1]
    points = np.where(np.isfinite(points), points, np.nan)
    if low == high:
        same = np.where(points == low, _SAME, _NEW)
        return np.where(np.isnan(points), np.nan, same)
    smaller = np.searchsorted(known, points) / len(known) * 100
    inside = 2 * np.minimum(smaller, 100 - smaller)
    outside = 100 * np.minimum(points - low, high - points) / (high - low)
    found = np.where((smaller == 0) | (smaller == 100), outside, inside)
    return np.where(np.isnan(points), np.nan, found)


def _similarity_of_levels(
    reference: pd.Series, points: pd.Series, name: str
) -> np.ndarray:
    known = reference.dropna().unique()
    if not len(known):
        raise ValueError(f"mess: predictor {name!r} has no value in the reference.")
    found = np.where(points.isin(known), _SAME, _NEW)
    return np.where(points.isna(), np.nan, found)


def _numbers(column: pd.Series, table: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise ValueError(
            f"mess: predictor {column.name!r} of {table} holds {column.dtype}, not "
            "numbers; name it in categorical."
        )
    return column.to_numpy(np.float64, na_value=np.nan)


def _as_frames(
    reference: pd.DataFrame | npt.ArrayLike,
    points: pd.DataFrame | npt.ArrayLike,
    categorical: Sequence[str],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    if isinstance(reference, pd.DataFrame) and isinstance(points, pd.DataFrame):
        absent = [str(name) for name in reference.columns if name not in points]
        if absent:
            raise ValueError(
                f"mess: the points have no column {', '.join(absent)}, which the "
                f"reference has; theirs are {', '.join(map(str, points.columns))}."
            )
        unknown = [name for name in categorical if name not in reference]
        if unknown:
            raise ValueError(
                f"mess: categorical names {', '.join(unknown)}, no column of the "
                f"reference ({', '.join(map(str, reference.columns))})."
            )
        if not len(reference.columns):
            raise ValueError("mess: the reference has no predictor.")
        return reference, points
    if isinstance(reference, pd.DataFrame) or isinstance(points, pd.DataFrame):
        raise ValueError(
            "mess: one of reference and points is a frame, the other an array; "
            "predictors can only be matched between two of a kind."
        )
    first, second = np.asarray(reference), np.asarray(points)
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            "mess: want arrays [rows, predictors] and [points, predictors] of as many "
            f"predictors, got {first.shape} and {second.shape}."
        )
    if categorical:
        raise ValueError("mess: categorical predictors need frames, with names.")
    return pd.DataFrame(first), pd.DataFrame(second)
