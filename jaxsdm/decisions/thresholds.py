"""One threshold for all species, or one for each."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.criteria import CRITERIA
from jaxsdm.decisions.cuts import cuts
from jaxsdm.decisions.decision import Decision, check_probabilities
from jaxsdm.decisions.saving import option, saved
from jaxsdm.decisions.surveys import surveys
from jaxsdm.decisions.undefined import CountsUndefined


@saved
@dataclasses.dataclass(frozen=True)
class ThresholdRule(CountsUndefined):
    """A species is in the set where its probability reaches its threshold.

    Thresholds are compared in the type of the probabilities: those that were found in
    float64 decide alike on the same probabilities rounded to float32.
    `ThresholdRule(0.5)` is the rule without calibration.

    Attributes:
      thresholds: `[species]`, or one number for all; +inf: never, 0: everywhere.
      undefined: of the same shape: True where calibration gave no threshold, so that
        the species is never predicted, or everywhere where a rule says so.
      criterion: where the thresholds come from, for tables.
      strict: p > t instead of p >= t.
    """

    thresholds: ArrayLike
    undefined: ArrayLike = False
    criterion: str = option("given")
    strict: bool = option(False)

    def __call__(self, probabilities: ArrayLike) -> Decision:
        """The sets `[places, species]` of these probabilities.

        Raises:
          ValueError: not probabilities, or of another number of species; or a
            threshold is NaN (not seen inside `jit`).
        """
        check_probabilities("ThresholdRule", probabilities)
        table = jnp.asarray(probabilities)
        shape, species = np.shape(self.thresholds), table.shape[1]
        if shape not in ((), (species,)):
            raise ValueError(
                f"ThresholdRule: want probabilities of {shape} species, got {species}."
            )
        if not isinstance(self.thresholds, jax.core.Tracer):
            missing = int(np.isnan(np.asarray(self.thresholds)).sum())
            if missing:
                raise ValueError(
                    f"ThresholdRule: {missing} thresholds are NaN; use inf for a "
                    "species that is never predicted."
                )
        cut = jnp.asarray(self.thresholds, jnp.promote_types(table.dtype, jnp.float32))
        cut = cut.reshape(1, -1)
        mask = table > cut if self.strict else table >= cut
        return Decision(mask, jnp.sum(mask, axis=1, dtype=jnp.int32))


def fit_threshold(
    probabilities: ArrayLike,
    labels: ArrayLike,
    criterion: str = "max_tss",
    **options: Any,
) -> ThresholdRule:
    """A threshold for each species, by a criterion of `decisions.criteria`.

    Exact: every observed probability is tried, with p >= t. Of equally good
    thresholds the highest is taken.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.
      criterion: a name of `CRITERIA`.
      **options: of the criterion: `beta` (max_f), `sensitivity`, `specificity`
        (required_...), `false_positive` and `false_negative` (cost).

    Returns:
      The rule. A species without a threshold (no presence, or no absence where the
      criterion needs both) has +inf and is in `undefined`.

    Raises:
      ValueError: an unknown criterion, or an invalid calibration set.
    """
    if criterion not in CRITERIA:
        raise ValueError(
            f"fit_threshold: want one of {', '.join(CRITERIA)}, got {criterion!r}."
        )
    table, present, known = surveys("fit_threshold", probabilities, labels)
    chosen = CRITERIA[criterion]
    thresholds = np.empty(table.shape[1])
    for species, keep in enumerate(known.T):
        column = table[keep, species]
        found = present[keep, species]
        thresholds[species] = chosen(cuts(column, found), column, **options)
    return per_species(thresholds, table.dtype, criterion)


def frequency_matching(probabilities: ArrayLike, labels: ArrayLike) -> ThresholdRule:
    """Predicts each species about as often as it was found in the calibration set.

    The threshold is the 100 (1 - prevalence) percentile (linear) of the species'
    probabilities and must be exceeded, p > t, as in the code published with MaxExp
    (Gigot-Leandri et al. 2026, arXiv:2602.11771). A species that was not found has no
    threshold: +inf, counted in `undefined`.

    Args, Raises: as `fit_threshold`.
    """
    table, present, known = surveys("frequency_matching", probabilities, labels)
    thresholds = np.full(table.shape[1], np.nan)
    for species, keep in enumerate(known.T):
        found = present[keep, species]
        if found.any():
            column = table[keep, species].astype(np.float64)
            thresholds[species] = np.quantile(column, 1 - found.mean())
    return per_species(thresholds, table.dtype, "frequency_matching", strict=True)


def per_species(
    thresholds: np.ndarray, dtype: Any, criterion: str, *, strict: bool = False
) -> ThresholdRule:
    """The rule of these thresholds, NaN where there is none: never, and counted."""
    undefined = np.isnan(thresholds)
    thresholds = np.where(undefined, np.inf, thresholds).astype(dtype)
    return ThresholdRule(thresholds, undefined, criterion, strict)


def between(upper: Any, lower: Any) -> Any:
    """The midpoint of two probabilities, above the lower one if they differ.

    The midpoint of neighbouring floats is one of them, and p >= t must not let the
    lower one in.
    """
    upper, lower = np.asarray(upper)[()], np.asarray(lower)[()]
    middle = upper.dtype.type((np.float64(upper) + np.float64(lower)) / 2)
    return middle if middle > lower else upper
