"""Platt's calibration: a logistic regression of the labels on the logit."""

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.calibration.groups import Group, grouped
from jaxsdm.decisions.calibration.logistic import LogitMap, sigmoid
from jaxsdm.decisions.surveys import surveys


def fit_platt(
    probabilities: ArrayLike,
    labels: ArrayLike,
    *,
    per_species: bool = False,
    smooth: bool = True,
) -> LogitMap:
    """`sigmoid(slope * logit(p) + intercept)` of the least log-loss.

    Not determined with one class only or one distinct probability, and without
    smoothing where presences and absences are separated: there it is the identity and
    the species is in `undefined`.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.
      per_species: one line a species instead of one for all.
      smooth: Platt's targets (n1 + 1) / (n1 + 2) for presences and 1 / (n0 + 2) for
        absences instead of 1 and 0, so that few surveys do not give certainty.

    Raises:
      ValueError: an invalid calibration set, or one for all is not determined.

    References:
      Platt 1999 (Advances in Large Margin Classifiers, 61-74); solved as in Lin, Lin &
      Weng 2007, doi:10.1007/s10994-007-5018-6.
    """
    data = surveys("fit_platt", probabilities, labels)

    def fit(group: Group) -> tuple[float, float] | None:
        return _fit(group, smooth)

    return grouped("fit_platt", data, fit, per_species, "platt")


def _fit(group: Group, smooth: bool) -> tuple[float, float] | None:
    logits, present = group
    presences = int(present.sum())
    absences = len(present) - presences
    if not (presences and absences) or logits.min() == logits.max():
        return None
    there, away = logits[present], logits[~present]
    if not smooth and (away.max() <= there.min() or there.max() <= away.min()):
        return None
    target = present.astype(np.float64)
    if smooth:
        target = np.where(
            present, (presences + 1) / (presences + 2), 1 / (absences + 2)
        )
    center, scale = logits.mean(), logits.std()
    x = (logits - center) / scale
    share = target.mean()
    line = np.asarray([0.0, np.log(share / (1 - share))])

    def loss(line: np.ndarray) -> float:
        score = line[0] * x + line[1]
        return float(np.sum(np.logaddexp(0, score) - target * score))

    now = loss(line)
    for _ in range(200):
        q = sigmoid(line[0] * x + line[1])
        gradient = np.asarray([np.sum((q - target) * x), np.sum(q - target)])
        if np.abs(gradient).max() < 1e-11 * len(x):
            break
        weight = q * (1 - q)
        cross = np.sum(weight * x)
        curvature = np.asarray(
            [[np.sum(weight * x**2), cross], [cross, np.sum(weight)]]
        )
        step = np.linalg.solve(curvature + 1e-12 * np.eye(2), gradient)
        length = 1.0
        while (after := loss(line - length * step)) > now and length > 1e-10:
            length /= 2
        line, now = line - length * step, after
    return float(line[0] / scale), float(line[1] - line[0] * center / scale)
