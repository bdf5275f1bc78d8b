"""Folds that a table brings along: regions, surveys, observers, years."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from jaxtyping import Float, Int64

from jaxsdm.data.predictors import first_rows
from jaxsdm.data.splits.checks import check_folds
from jaxsdm.data.splits.dealing import deal_groups
from jaxsdm.data.splits.presences import Counts
from jaxsdm.data.splits.split import Split


def folds_by_column(
    values: pd.Series | npt.ArrayLike,
    *,
    folds: int | None = None,
    weights: Float[np.ndarray, " sites"] | None = None,
    counts: Counts | None = None,
    seed: int = 0,
) -> Int64[np.ndarray, " sites"]:
    """Folds made of whole levels: each its own, or dealt into fewer.

    Args:
      values: `[sites]` region, survey, observer, ... of each site.
      folds: how many to deal the levels into (`deal_groups`); without it each level is
        a fold, numbered in the order of the levels.
      weights: `[sites]` what is balanced where levels are dealt.
      counts: `[sites, species]` what is spread where levels are dealt.
      seed: of the order among equals where levels are dealt.

    Raises:
      ValueError: if a value is missing, or there are fewer levels than 2 or than folds.
    """
    number, levels = pd.factorize(_known("folds_by_column", values), sort=True)
    check_folds(folds or len(levels), len(levels), "levels")
    if folds is None:
        return number.astype(np.int64)
    return deal_groups(number, folds, weights=weights, counts=counts, seed=seed)


def folds_by_time(
    times: pd.Series | npt.ArrayLike,
    *,
    folds: int | None = None,
    cuts: npt.ArrayLike | None = None,
    forward: bool = True,
) -> Split:
    """Folds by time: the future is tested on the past, or each period on the others.

    Args:
      times: `[sites]` years or dates.
      folds: how many, of about as many sites each and of whole years or dates; or
      cuts: where a new period begins, ascending; a site at a cut is of the period that
        begins there.
      forward: whether a fold is trained on what was before its period only. The first
        period then has no past: it is never tested, so there is one more than folds.

    Raises:
      ValueError: unless exactly one of folds and cuts is given; if a time is missing,
        cuts do not ascend, a period has no sites, or there are fewer different times
        than periods.
    """
    if (folds is None) == (cuts is None):
        raise ValueError(
            f"folds_by_time: give either folds or cuts, got folds={folds} and "
            f"cuts={cuts!r}."
        )
    known = _known("folds_by_time", times)
    if folds is not None:
        period = _even_periods(known, folds, forward)
    else:
        period = _periods_of_cuts(known, pd.Series(np.asarray(cuts)))
    if not forward:
        return Split.of(period)
    last = int(period.max())
    later = tuple(np.flatnonzero(period > one) for one in range(1, last + 1))
    return Split(period - 1, later)


def _even_periods(times: pd.Series, folds: int, forward: bool) -> np.ndarray:
    number, levels = pd.factorize(times, sort=True)
    if not forward:
        check_folds(folds, len(levels), "different times")
    elif not 1 <= folds < len(levels):
        raise ValueError(
            f"folds: from 1 to {len(levels) - 1}, got {folds}: there are {len(levels)} "
            "different times, and the first period is never tested."
        )
    periods = folds + forward
    until = np.cumsum(np.bincount(number))
    first, begins = 0, np.zeros(len(levels), np.int64)
    for one in range(1, periods):
        # The time after which the share of sites is nearest to the one wanted, leaving
        # a time for each period that is still to come.
        gap = np.abs(until - one * len(times) / periods)
        options = slice(first, len(levels) - (periods - one))
        first += int(gap[options].argmin()) + 1
        begins[first] = 1
    return np.cumsum(begins)[number]


def _periods_of_cuts(times: pd.Series, cuts: pd.Series) -> np.ndarray:
    if not len(cuts) or not cuts.is_monotonic_increasing or not cuts.is_unique:
        raise ValueError(f"folds_by_time: cuts ascend, got {cuts.tolist()}.")
    if pd.api.types.is_datetime64_any_dtype(times.dtype):
        cuts = pd.to_datetime(cuts)
    period = np.searchsorted(cuts.to_numpy(), times.to_numpy(), side="right")
    sites = np.bincount(period, minlength=len(cuts) + 1)
    if np.any(sites == 0):
        raise ValueError(
            f"folds_by_time: the periods of the cuts {cuts.tolist()} have "
            f"{', '.join(map(str, sites))} sites; leave out cuts of empty periods."
        )
    return period.astype(np.int64)


def _known(function: str, values: pd.Series | npt.ArrayLike) -> pd.Series:
    column = pd.Series(values if isinstance(values, pd.Series) else np.asarray(values))
    if column.empty:
        raise ValueError(f"{function}: there are no sites.")
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(
            f"{function}: the value is missing in {missing.sum()} of {len(column)} "
            f"rows ({first_rows(missing)}); drop such sites first."
        )
    return column.reset_index(drop=True)
