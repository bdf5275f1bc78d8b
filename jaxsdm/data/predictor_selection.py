"""A set of predictors without collinear ones, and why each other one was dropped."""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from jaxsdm.data.collinearity import METHODS, complete_rows, continuous_columns
from jaxsdm.data.correlations import correlations, inflation
from jaxsdm.markdown import markdown_table


@dataclasses.dataclass(frozen=True)
class Selection:
    """The predictors that stay.

    Attributes:
      kept: names in the order of the table.
      dropped: the reason for each other one, in the order in which they went.
    """

    kept: tuple[str, ...]
    dropped: Mapping[str, str]

    def to_markdown(self) -> str:
        """What is kept, and a table of the reasons, as Markdown."""
        text = f"Kept {len(self.kept)}: {', '.join(self.kept)}.\n"
        if not self.dropped:
            return text
        rows = list(self.dropped.items())
        return f"{text}\n{markdown_table(['dropped', 'because'], rows)}\n"


def select_predictors(
    frame: pd.DataFrame,
    continuous: Sequence[str] | None = None,
    *,
    max_correlation: float | int = 0.7,
    max_vif: float | int = 10.0,
    method: str = "pearson",
    importance: Mapping[str, float | int] | None = None,
    keep: Sequence[str] = (),
) -> Selection:
    """Drops constants, then correlated predictors, then those of a high VIF.

    Predictors are taken in order of importance, and one goes if it is correlated with
    one that was taken before: no pair stays above `max_correlation`, and in a chain
    a - b - c both ends may stay. Then the predictor with the highest variance inflation
    factor goes, the least important of equals, until none is above `max_vif`. Without
    `importance` the order is by the mean |r| with the others, the least first. Choose
    on the training rows, `frame.iloc[train]`.

    Args:
      frame: a row a site, such as the background; incomplete rows are left out.
      continuous: the columns to choose from; all columns of numbers if not given.
      max_correlation: |r| above which one of a pair goes; default as in the source.
      max_vif: variance inflation factor above which predictors go; 10 is a rule of
        thumb that the source reports.
      method: `"pearson"` or `"spearman"`, for `max_correlation`.
      importance: of every predictor, higher is better, for instance the explained
        deviance of a model of it alone, on training data.
      keep: predictors that are never dropped, most important of all. If two of them
        are collinear both stay and a `UserWarning` says so.

    Raises:
      ValueError: if a column is absent or not of numbers, fewer than three rows are
        complete, `importance` lacks a predictor, or another argument makes no sense.

    References:
      Dormann et al. (2013), Collinearity: a review of methods to deal with it,
      Ecography 36, 27-46, doi:10.1111/j.1600-0587.2012.07348.x.
    """
    if not 0 < max_correlation <= 1:
        raise ValueError(f"max_correlation: above 0, to 1, got {max_correlation}.")
    if max_vif < 1:
        raise ValueError(f"max_vif: 1 or more, got {max_vif}.")
    if method not in METHODS:
        raise ValueError(f"method: one of {', '.join(METHODS)}, got {method!r}.")
    names = continuous_columns(frame, continuous)
    absent = [name for name in keep if name not in names]
    if absent:
        raise ValueError(f"keep: {', '.join(absent)} is not among the predictors.")
    values, _ = complete_rows(frame, names)
    pearson = correlations(values)
    chosen = pearson if method == "pearson" else correlations(rankdata(values, axis=0))
    kept = np.isin(names, list(keep))
    flat = np.isnan(np.diag(pearson))
    dropped = {names[place]: "constant" for place in np.flatnonzero(flat & ~kept)}
    order = [
        place
        for place in np.lexsort((-_scores(chosen, names, importance), ~kept)).tolist()
        if names[place] not in dropped
    ]
    order = _without_pairs(chosen, names, order, kept, max_correlation, dropped)
    order = _without_inflated(pearson, names, order, kept, max_vif, dropped)
    return Selection(tuple(names[place] for place in sorted(order)), dropped)


def _scores(
    matrix: np.ndarray, names: list[str], importance: Mapping[str, float | int] | None
) -> np.ndarray:
    if importance is None:
        others = np.nan_to_num(np.abs(matrix)).mean(axis=0)
        return -others.round(12)  # rounding errors must not decide between equals
    missing = [name for name in names if name not in importance]
    if missing:
        raise ValueError(f"importance: none for {', '.join(missing)}.")
    scores = np.array([importance[name] for name in names], np.float64)
    if np.isnan(scores).any():
        raise ValueError(f"importance: NaN for {names[np.isnan(scores).argmax()]}.")
    return scores


def _without_pairs(
    matrix: np.ndarray,
    names: list[str],
    order: list[int],
    kept: np.ndarray,
    limit: float | int,
    dropped: dict[str, str],
) -> list[int]:
    taken: list[int] = []
    for place in order:
        others = np.abs(matrix[place, taken])
        if (others > limit).any():  # False with a constant: NaN
            nearest = taken[np.nanargmax(others)]
            told = f"r = {matrix[place, nearest]:.2f} with {names[nearest]}"
            if not kept[place]:
                dropped[names[place]] = told
                continue
            warnings.warn(
                f"keep: {names[place]} stays, {told} which stays too.", stacklevel=3
            )
        taken.append(place)
    return taken


def _without_inflated(
    matrix: np.ndarray,
    names: list[str],
    order: list[int],
    kept: np.ndarray,
    limit: float | int,
    dropped: dict[str, str],
) -> list[int]:
    order = list(order)
    while True:
        factors, exact = inflation(matrix[np.ix_(order, order)])
        high = np.flatnonzero(factors > limit)
        free = [row for row in high if not kept[order[row]]]
        if not free:
            break
        worst = max(free, key=lambda row: (factors[row], row))  # of equals the last
        others = ", ".join(names[order[row]] for row in np.flatnonzero(exact[worst]))
        dropped[names[order[worst]]] = (
            f"told exactly by {others}" if others else f"VIF {factors[worst]:.1f}"
        )
        del order[worst]
    if len(high):
        told = ", ".join(f"{names[order[row]]} ({factors[row]:.1f})" for row in high)
        warnings.warn(f"keep: {told} stay with a VIF above {limit:g}.", stacklevel=3)
    return order
