"""Error of the number of species of a place.

The prediction is a mask, whose richness is the size of the set, or probabilities, whose
richness is their sum, the expectation. Both are taken over the species of a place that
were looked for. The error is predicted minus observed, in species.
"""

from typing import Any

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.exact_sum import value
from jaxsdm.metrics.metric import Metric
from jaxsdm.metrics.sums import Batch, read, sums_metric, whole

KINDS = ("bias", "absolute", "squared")


def richness_error_of_place(
    prediction: ArrayLike, labels: ArrayLike, *, where: ArrayLike | None = None
) -> Float[np.ndarray, " places"]:
    """Predicted minus observed number of species of each place.

    Args:
      prediction: `[places, species]`, a mask or probabilities.
      labels: `[places, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[places, species]`, False leaves an entry out, whatever it holds.

    Returns:
      NaN for a place without an entry.

    Raises:
      ValueError: on unequal shapes or labels other than 0, 1 and NaN.
    """
    batch = read(prediction, labels, where, None)
    return np.where(batch.kept.any(axis=1), _error(batch), np.nan)


def richness_error(
    prediction: ArrayLike,
    labels: ArrayLike,
    *,
    kind: str,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> float:
    """Mean over places of the error of richness.

    Args:
      prediction: `[places, species]`, a mask or probabilities.
      labels: `[places, species]`, 1 present, 0 absent, NaN not looked for.
      kind: `bias` (the signed error), `absolute` or `squared`.
      where: `[places, species]`, False leaves an entry out, whatever it holds.
      weights: `[places]`, how much a place counts.

    Returns:
      Species, or their square; over places with an entry, NaN without any or where a
      prediction is not finite.

    Raises:
      ValueError: on unequal shapes, wrong weights, labels other than 0, 1 and NaN, or
        an unknown kind.
    """
    metric = richness_error_metric(kind=kind)
    return whole(metric, prediction, labels, where, weights)


def richness_error_metric(*, kind: str) -> Metric:
    """`richness_error` as a metric of sums."""
    if kind not in KINDS:
        raise ValueError(
            f"richness_error: want a kind of {', '.join(KINDS)}, got {kind!r}."
        )

    def sums(batch: Batch) -> Any:
        xp, error = batch.xp, _error(batch)
        finite = xp.isfinite(error)
        error = xp.where(finite, error, 0)
        error = {"bias": error, "absolute": abs(error), "squared": error**2}[kind]
        return {
            "error": batch.total(error),
            "weight": batch.weight_of(batch.kept.any(axis=1)),
            "wrong": xp.sum(~finite),
        }

    return sums_metric(sums, _mean)


def _error(batch: Batch) -> Any:
    predicted = batch.xp.sum(batch.prediction, axis=1)
    return predicted - batch.xp.sum(batch.present, axis=1)


def _mean(state: Any) -> float:
    weight = float(value(state["weight"]))
    if not weight or state["wrong"]:
        return float("nan")
    return float(value(state["error"])) / weight
