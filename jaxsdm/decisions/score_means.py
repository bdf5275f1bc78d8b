"""The mean score of the sets of a calibration set, for cuts found by trying all."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxsdm.decisions.surveys import Surveys, surveys
from jaxsdm.decisions.thresholds import ThresholdRule

ScoreOfCounts = Callable[[Any, Any, Any, Any], Any]
"""`score(true_positives, size, present, species)`, of arrays of one shape."""

EQUAL = 1e-10
"""Means that differ by less are equal: it covers the rounding of their sums."""

_CHUNK = 2_000_000
"""Sets that are scored at a time."""


def score_values(
    function: str,
    score: ScoreOfCounts,
    true_positives: Int[np.ndarray, "places cuts"],
    size: Int[np.ndarray, "places cuts"],
    present: Int[np.ndarray, " places"],
    species: Int[np.ndarray, " places"],
) -> Float[np.ndarray, "places cuts"]:
    """The score of several sets of each place, in float64 whatever JAX's flag.

    Raises:
      ValueError: another shape comes back, or a score is not finite.
      TypeError: the score is no function.
    """
    if not callable(score):
        raise TypeError(
            f"{function}: want a score such as f_beta(1), got {score!r}; names of "
            "scores are in decisions.SCORES."
        )
    values = np.empty(size.shape)
    rows = max(1, _CHUNK // max(1, size.shape[1]))
    for start in range(0, len(size), rows):
        part = slice(start, start + rows)
        shape = size[part].shape
        counts = [
            np.asarray(count, np.float64)
            for count in (
                true_positives[part],
                size[part],
                np.broadcast_to(present[part, None], shape),
                np.broadcast_to(species[part, None], shape),
            )
        ]
        with jax.enable_x64(True):
            value = np.asarray(score(*counts), np.float64)
        if value.shape != shape or not np.isfinite(value).all():
            raise ValueError(
                f"{function}: want a finite score for each set, got values of shape "
                f"{value.shape} for {shape}, {np.sum(~np.isfinite(value))} of them not "
                "finite. It must say what an empty set is worth."
            )
        values[part] = value
    return values


def along_ranks(
    function: str, data: Surveys, score: ScoreOfCounts
) -> tuple[Float[np.ndarray, "places cuts"], Int[np.ndarray, "places species"]]:
    """The score of the 0, 1, ..., S most probable species of every place.

    Returns:
      `[places, species + 1]` scores, and `[places, species]` the species in that
      order, of equal probabilities the first one first. Only species that were looked
      for count.
    """
    order = np.argsort(-data.probabilities, axis=1, kind="stable")
    nothing = np.zeros((len(order), 1), np.int64)
    counts = [
        np.append(
            nothing,
            np.cumsum(np.take_along_axis(part, order, axis=1), axis=1, dtype=np.int64),
            axis=1,
        )
        for part in (data.present, data.known)
    ]
    values = score_values(
        function, score, counts[0], counts[1], counts[0][:, -1], counts[1][:, -1]
    )
    return values, order


def fit_global_threshold(
    probabilities: ArrayLike, labels: ArrayLike, score: ScoreOfCounts
) -> ThresholdRule:
    """The threshold for all species that maximises the mean score over places.

    Exact: every observed probability and +inf are tried, with p >= t. A cut that moves
    past one probability changes the set of one place, so one sort and one running sum
    do. Means within 1e-10 are equal, and of equally good thresholds the highest is
    taken (the smallest sets).

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for: such a
        species counts neither in the set nor as missed.
      score: `(true_positives, size, present, species) -> value` of arrays of one
        shape, such as `f_beta(1)`.

    Raises:
      ValueError: an invalid calibration set, nothing was looked for anywhere, or a
        score is not finite.
    """
    function = "fit_global_threshold"
    data = surveys(function, probabilities, labels)
    if not data.known.any():
        raise ValueError(f"{function}: want species that were looked for, got none.")
    values, order = along_ranks(function, data, score)
    change = np.empty_like(values[:, 1:])
    np.put_along_axis(change, order, np.diff(values, axis=1), axis=1)
    table, change = data.probabilities[data.known], change[data.known]
    descending = np.argsort(-table, kind="stable")
    ordered = table[descending]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    total = np.cumsum(change[descending])[last]
    means = (values[:, 0].sum() + np.append(0.0, total)) / len(values)
    best = np.argmax(means >= means.max() - EQUAL)
    cut = np.append(ordered.dtype.type(np.inf), ordered[last])[best]
    return ThresholdRule(cut, np.asarray(False), "global")
