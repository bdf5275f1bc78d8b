"""A presence-only model calibrated by few surveys: its prevalences are shifted."""

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.calibration.logistic import LogitMap
from jaxsdm.decisions.calibration.roots import increasing_roots
from jaxsdm.decisions.surveys import surveys

HIGHEST = 50.0
"""Shifts are sought in [-HIGHEST, HIGHEST], far beyond the logits of float32."""


def fit_prevalence(
    probabilities: ArrayLike, labels: ArrayLike, *, spread: float | int = 1.0
) -> LogitMap:
    """Shifts the logits of each species towards the number of places it was found at.

    With z the logits of the surveyed places and n the number of presences, the common
    shift b0 makes the expected number of all species together the observed one:

        sum sigmoid(z + b0) = n, over all places and species.

    The shift b of a species then solves

        sum sigmoid(z + b) + (b - b0) / spread^2 = n, over its places:

    the most probable shift if those of the species are normal around b0 with standard
    deviation `spread`. Many surveys give the observed prevalence, few stay near b0,
    none give b0. The ranking of places within a species does not change.

    Args:
      probabilities: `[places, species]` of the surveyed places.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.
      spread: in logits, above 0; `inf` for the observed number exactly.

    Returns:
      The calibration, of slope 1. `undefined` are the species without a shift of their
      own, which have b0: those not surveyed, and with spread=inf also those found
      nowhere or everywhere.

    Raises:
      ValueError: an invalid calibration set or spread, or nothing was found at all, or
        everything everywhere, so that b0 is infinite.
    """
    if not spread > 0:
        raise ValueError(f"fit_prevalence: want spread above 0, got {spread!r}.")
    table, present, known = surveys("fit_prevalence", probabilities, labels)
    found, places = present.sum(axis=0), known.sum(axis=0)
    if not 0 < found.sum() < places.sum():
        raise ValueError(
            "fit_prevalence: want presences and absences, got "
            f"{found.sum()} presences of {places.sum()} entries."
        )
    p = table.astype(np.float64)

    def expected(shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # Odds times exp(shift); neither the sum nor a product overflows.
        q = p / (p + (1 - p) * np.exp(-shift)[None])
        slope = np.sum(q * (1 - q), axis=0, where=known)
        return np.sum(q, axis=0, where=known), slope

    def together(shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        number, slope = expected(np.broadcast_to(shift, found.shape))
        return number.sum(keepdims=True) - found.sum(), slope.sum(keepdims=True)

    def each(shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        number, slope = expected(shift)
        return number - found + (shift - common) / spread**2, slope + 1 / spread**2

    common = increasing_roots(together, -HIGHEST, HIGHEST, np.zeros(1))[0]
    if np.isnan(common):
        raise ValueError(
            "fit_prevalence: no shift gives the observed number of presences, because "
            "too many probabilities are exactly 0 or 1."
        )
    shift = increasing_roots(
        each, -HIGHEST, HIGHEST, np.full(len(found), np.clip(common, -20, 20))
    )
    undefined = np.isnan(shift) | (places == 0)
    if np.isinf(spread):
        undefined |= (found == 0) | (found == places)
    shift = np.where(undefined, common, shift).astype(table.dtype)
    return LogitMap(np.ones_like(shift), shift, undefined, "prevalence")
