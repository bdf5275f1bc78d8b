"""Corrections of the prior: what a training set had too much of is taken out again."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm.decisions.calibration.logistic import LogitMap, for_columns
from jaxsdm.decisions.decision import check_probabilities
from jaxsdm.decisions.saving import saved


def weighted_training_correction(weight: ArrayLike) -> LogitMap:
    """For a model trained with a weight a on presences: p' = p / (a + p (1 - a)).

    Its odds are a times too high.

    Args:
      weight: a > 0, of a presence relative to an absence: one number or `[species]`.

    Raises:
      ValueError: a weight is not above 0 and finite.
    """
    weight = _positive("weighted_training_correction", "weight", weight)
    return _change_of_odds(-np.log(weight), "weighted_training")


def case_control_correction(sampled: ArrayLike, prevalence: ArrayLike) -> LogitMap:
    """For a model of places that were sampled by presence and by absence.

    Odds change by those of the true prevalence over those of the training set.

    Args:
      sampled: share of presences in the training set, in (0, 1): a number or
        `[species]`.
      prevalence: share of places where the species lives, in (0, 1): likewise.

    Raises:
      ValueError: a share is not in (0, 1).

    References:
      King & Zeng 2001, doi:10.1093/oxfordjournals.pan.a004868.
    """
    function = "case_control_correction"
    sampled = _share(function, "sampled", sampled)
    prevalence = _share(function, "prevalence", prevalence)
    logarithm = (
        np.log(prevalence)
        - np.log1p(-prevalence)
        - (np.log(sampled) - np.log1p(-sampled))
    )
    return _change_of_odds(logarithm, "case_control")


@saved
@dataclasses.dataclass(frozen=True)
class PresenceBackground:
    """`min(1, factor * p / (1 - p))`.

    Attributes:
      factor: `[species]`, or one number for all.
    """

    factor: ArrayLike

    def __call__(self, probabilities: ArrayLike) -> Float[Array, "places species"]:
        """Probabilities of presence, float32 (float64 for float64).

        Raises:
          ValueError: not probabilities, or of another number of species.
        """
        check_probabilities("PresenceBackground", probabilities)
        table = jnp.asarray(probabilities)
        table = table.astype(jnp.promote_types(table.dtype, jnp.float32))
        scaled = for_columns("PresenceBackground", self.factor, table) * table
        beyond = scaled >= 1 - table
        return jnp.where(beyond, 1, scaled / jnp.where(beyond, 1, 1 - table))


def presence_background_correction(
    prevalence: ArrayLike, presences: ArrayLike, background: ArrayLike
) -> PresenceBackground:
    """For a classifier of presence records against background, given the prevalence.

    Background holds presences too, so the classifier's odds are
    n1 / (prevalence n0) times the probability of presence itself, and not times its
    odds. What comes out above 1 is cut: then the prevalence is too high for the model.

    Args:
      prevalence: share of places where the species lives, in (0, 1): a number or
        `[species]`.
      presences: n1 > 0, the records (or their total weight): likewise.
      background: n0 > 0, the background points (or their total weight): likewise.

    Raises:
      ValueError: prevalence is not in (0, 1), or a count is not above 0.

    References:
      Ward et al. 2009, doi:10.1111/j.1541-0420.2008.01116.x; Phillips & Elith 2013,
      doi:10.1890/12-1520.1.
    """
    function = "presence_background_correction"
    prevalence = _share(function, "prevalence", prevalence)
    presences = _positive(function, "presences", presences)
    background = _positive(function, "background", background)
    return PresenceBackground(prevalence * background / presences)


def _change_of_odds(logarithm: ArrayLike, method: str) -> LogitMap:
    logarithm = np.asarray(logarithm)
    zeros = np.zeros_like(logarithm)
    return LogitMap(zeros + 1, logarithm, zeros.astype(bool), method)


def _positive(function: str, name: str, value: ArrayLike) -> np.ndarray:
    array = np.asarray(value, np.float64)
    if array.ndim > 1 or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(
            f"{function}: want {name} above 0, a number or [species], got {value!r}."
        )
    return array


def _share(function: str, name: str, value: ArrayLike) -> np.ndarray:
    array = np.asarray(value, np.float64)
    if array.ndim > 1 or not ((array > 0) & (array < 1)).all():
        raise ValueError(
            f"{function}: want {name} in (0, 1), a number or [species], got {value!r}."
        )
    return array
