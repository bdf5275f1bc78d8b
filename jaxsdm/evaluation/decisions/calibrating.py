"""Probabilities from what a model gave: calibrations by name, and raw scores."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from jaxsdm import registry
from jaxsdm.decisions import calibration

CALIBRATIONS: dict[str, Callable[..., Any] | None] = {
    "none": None,
    "temperature": calibration.fit_temperature,
    "platt": calibration.fit_platt,
    "platt_per_species": functools.partial(calibration.fit_platt, per_species=True),
    "isotonic": calibration.fit_isotonic,
    "isotonic_per_species": functools.partial(
        calibration.fit_isotonic, per_species=True
    ),
    "prevalence": calibration.fit_prevalence,
}
"""Name -> what fits it on `(probabilities, labels)`."""


OF_SCORES = ("platt_per_species", "isotonic_per_species", "prevalence")
"""Those that raw scores can have: the level of a score is each species' own."""


def calibrated(
    values: Float[np.ndarray, "places species"],
    labels: Float[np.ndarray, "places species"],
    on: np.ndarray,
    name: str,
    *,
    raw: bool = False,
) -> tuple[Float[np.ndarray, "places species"], int]:
    """Probabilities of all places, calibrated on some of them.

    Raw scores are taken as logits up to a number for each species: their mean over the
    calibration places is subtracted, then comes a sigmoid, then the calibration. A
    species whose curve the n calibration places do not determine, most often because
    it was found at none of them, gets (presences + 1/2) / (n + 1) everywhere.

    Args:
      values: `[places, species]` probabilities, or raw scores.
      labels: `[places, species]`: 1, 0 or NaN; only those of `on` are looked at.
      on: numbers of the calibration places.
      name: of `CALIBRATIONS`, for raw scores of `OF_SCORES`.
      raw: whether they are scores.

    Returns:
      The probabilities, and for how many species calibration gave no curve (or shift)
      of their own. Probabilities of such a species stay as they were.

    Raises:
      ValueError: an unknown name, raw scores without such a calibration, no places, or
        a species of raw scores without any label.
    """
    fit = registry.choose(CALIBRATIONS, name, "calibration")
    if raw and name not in OF_SCORES:
        raise ValueError(
            f"scores are not probabilities: want --calibrate, one of "
            f"{', '.join(OF_SCORES)}, with labelled sites, got {name}."
        )
    if fit is None:
        return values, 0
    if not len(on):
        raise ValueError(
            f"calibration {name}: want labelled sites to calibrate on, got none. Give "
            "--labels and --calibration."
        )
    if raw:
        mean = values[on].mean(axis=0, keepdims=True, dtype=np.float64)
        values = 1 / (1 + np.exp(-np.clip(values - mean, -80, 80)))
    found = fit(values[on], labels[on])
    probabilities = np.clip(np.asarray(found(values)), 0, 1)
    undefined = found.undefined_species
    if raw and name != "prevalence" and undefined:
        probabilities = np.array(probabilities)
        own = labels[on][:, undefined]
        looked = (~np.isnan(own)).sum(axis=0)
        if not looked.all():
            raise ValueError(
                f"calibration {name}: species number "
                f"{undefined[int(np.argmin(looked))] + 1} has no label at a "
                "calibration site. Leave it out of the predictions."
            )
        probabilities[:, undefined] = ((own == 1).sum(axis=0) + 0.5) / (looked + 1)
    return probabilities, len(undefined)
