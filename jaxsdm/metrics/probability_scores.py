"""Proper scores of probabilities per species: log-loss, deviance, Brier.

They judge the probabilities themselves, not their order, and are defined for a species
with one class too. A species with a probability that is NaN or outside [0, 1], or
without a site, gets NaN.
"""

from typing import Any

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.exact_sum import value
from jaxsdm.metrics.metric import Metric
from jaxsdm.metrics.sums import Batch, sums_metric, whole


def log_loss(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Mean negative log-likelihood of presence and absence per species, in nats.

    Probabilities are clipped to [e, 1 - e], e the epsilon of their type (float32:
    1.2e-7), so that a sure error costs 16 (float64: 36) and not infinity.

    Args:
      probabilities: `[sites, species]` in [0, 1].
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      weights: `[sites]`, how much a site counts.

    Returns:
      At least 0; NaN where undefined (see the module).

    Raises:
      ValueError: on unequal shapes, wrong weights or labels other than 0, 1 and NaN.

    References:
      Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x; clipped as scikit-learn does.
    """
    return whole(log_loss_metric(), probabilities, labels, where, weights)


def deviance(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Mean Bernoulli deviance per species: twice the log-loss, per site and not summed.

    Args, Returns, Raises: as `log_loss`.
    """
    return whole(deviance_metric(), probabilities, labels, where, weights)


def deviance_explained(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Share of the deviance of the prevalence that a model explains, per species.

    1 - deviance / deviance of predicting the prevalence of these sites everywhere.

    Args, Raises: as `log_loss`.

    Returns:
      At most 1, 0 for the prevalence, negative below it; NaN for a species with one
      class only (the prevalence is then perfect) and where undefined.
    """
    return whole(deviance_explained_metric(), probabilities, labels, where, weights)


def brier(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Brier score per species: the mean of (probability - label)^2, in [0, 1].

    Args, Returns, Raises: as `log_loss`.

    References:
      Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    return whole(brier_metric(), probabilities, labels, where, weights)


def log_loss_metric() -> Metric:
    """`log_loss` as a metric of sums."""
    return sums_metric(lambda b: _sums(b, _surprise), _mean)


def deviance_metric() -> Metric:
    """`deviance` as a metric of sums."""
    return sums_metric(lambda b: _sums(b, _surprise), lambda state: 2 * _mean(state))


def deviance_explained_metric() -> Metric:
    """`deviance_explained` as a metric of sums."""

    def explained(state: Any) -> Any:
        weight, present = value(state["weight"]), value(state["present"])
        with np.errstate(divide="ignore", invalid="ignore"):
            prevalence = present / weight
            absence = (weight - present) / weight
            null = -(prevalence * np.log(prevalence) + absence * np.log(absence))
            return 1 - _mean(state) / null  # NaN for one class: 0 log 0.

    return sums_metric(lambda b: _sums(b, _surprise), explained)


def brier_metric() -> Metric:
    """`brier` as a metric of sums."""
    return sums_metric(lambda b: _sums(b, _squared_error), _mean)


def valid(batch: Batch) -> tuple[Any, Any]:
    """Entries that count and are probabilities, and how many others there are."""
    p = batch.prediction
    good = batch.kept & (p >= 0) & (p <= 1)  # False for NaN.
    return good, batch.xp.sum(batch.kept & ~good, axis=0)


def _sums(batch: Batch, score: Any) -> Any:
    good, wrong = valid(batch)
    p = batch.xp.where(good, batch.prediction, 0.5)
    return {
        "loss": batch.total(batch.xp.where(good, score(batch, p), 0)),
        "weight": batch.weight_of(batch.kept),
        "present": batch.weight_of(batch.present),
        "wrong": wrong,
    }


def _surprise(batch: Batch, p: Any) -> Any:
    xp = batch.xp
    p = xp.clip(p, batch.epsilon, 1 - batch.epsilon)
    return -xp.where(batch.present, xp.log(p), xp.log1p(-p))


def _squared_error(batch: Batch, p: Any) -> Any:
    return (p - batch.present) ** 2


def _mean(state: Any) -> Any:
    weight = value(state["weight"])
    defined = (weight > 0) & (state["wrong"] == 0)
    return np.where(
        defined, value(state["loss"]) / np.where(defined, weight, 1), np.nan
    )
