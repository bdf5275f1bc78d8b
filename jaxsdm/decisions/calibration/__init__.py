"""Probabilities that mean what they say: calibration on surveys, and prior corrections.

`fit_NAME(probabilities, labels, ...)` gives a calibration, a pytree that can be saved
and is called on probabilities `[places, species]`. Where the surveys do not determine
one for a species, it leaves the species as it is (or says otherwise), and counts it in
`undefined`.
"""

from jaxsdm.decisions.calibration.diagnostics import RichnessBias, richness_bias
from jaxsdm.decisions.calibration.isotonic import Isotonic, fit_isotonic
from jaxsdm.decisions.calibration.logistic import LogitMap
from jaxsdm.decisions.calibration.platt import fit_platt
from jaxsdm.decisions.calibration.prevalence import fit_prevalence
from jaxsdm.decisions.calibration.prior import (
    PresenceBackground,
    case_control_correction,
    presence_background_correction,
    weighted_training_correction,
)
from jaxsdm.decisions.calibration.temperature import fit_temperature

__all__ = [
    "Isotonic",
    "LogitMap",
    "PresenceBackground",
    "RichnessBias",
    "case_control_correction",
    "fit_isotonic",
    "fit_platt",
    "fit_prevalence",
    "fit_temperature",
    "presence_background_correction",
    "richness_bias",
    "weighted_training_correction",
]
