"""Areas under the precision-recall curve and the precision-recall-gain curve.

Both look at the sites a model ranks first and ignore correctly rejected absences, so
they tell models of rare species apart where ROC AUC hardly does. Average precision has
the prevalence as its floor and cannot be averaged over species of different prevalence
without care; the gains of Flach & Kull rescale precision and recall so that the
always-present model sits at 0 for every species, which makes means over species mean
something.
"""

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.columns import each_species
from jaxsdm.metrics.thresholds import cuts


def average_precision(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Average precision (AUC-PR as a step function) per species, exact with ties.

    AP = sum over cuts of (recall - recall of the cut above) * precision; sites of one
    score enter together. No interpolation: straight lines between points of a
    precision-recall curve are too optimistic.

    Args:
      scores: `[sites, species]`, higher means more suitable; only their order matters.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.
      weights: `[sites]`, how much a site counts.

    Returns:
      In (0, 1], the prevalence for a model without skill; NaN for a species with one
      class only or a NaN score.

    Raises:
      ValueError: on unequal shapes or labels other than 0, 1 and NaN.

    References:
      Davis & Goadrich 2006, doi:10.1145/1143844.1143874 (on interpolation).
    """
    return each_species(_average_precision, scores, labels, where, weights)


def pr_auc_trapezoid(
    scores: ArrayLike,
    labels: ArrayLike,
    *,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Float[np.ndarray, " species"]:
    """Area under the precision-recall curve by straight lines, per species.

    What papers call AUC-PR when they join the points of the curve, from recall 0 at
    precision 1 on. It is too optimistic, as precision is not linear in recall between
    two cuts: report `average_precision`, and this beside numbers that were made so.

    Args, Returns, Raises: as `average_precision`.

    References:
      Davis & Goadrich 2006, doi:10.1145/1143844.1143874; the value is that of
      scikit-learn's `auc(recall, precision)`.
    """
    return each_species(_trapezoid, scores, labels, where, weights)


def prg_auc(
    scores: ArrayLike, labels: ArrayLike, *, where: ArrayLike | None = None
) -> Float[np.ndarray, " species"]:
    """Area under the precision-recall-gain curve (AUPRG) per species.

    With P presences and A absences, at a cut with TP, FP and FN = P - TP,

        precision gain = 1 - (P / A) FP / TP,    recall gain = 1 - (P / A) FN / TP,

    and the area is that of precision gain over recall gain from 0 to 1. Along a tie
    (or any mixture of two cuts) FP is linear in TP, hence both gains are linear in
    1 / TP: straight lines in gain space are exact. The point of recall gain 0 lies at
    TP = P² / (P + A), generally inside a step; it is found on the line of counts, as
    gains at TP = 0 are infinite.

    Args:
      scores: `[sites, species]`, higher means more suitable; only their order matters.
      labels: `[sites, species]`, 1 present, 0 absent, NaN not looked for.
      where: `[sites, species]`, False leaves an entry out, whatever it holds.

    Returns:
      At most 1; 0 for constant scores, negative (without bound) for a model worse than
      predicting presence everywhere; NaN for a species with one class only or a NaN
      score.

    Raises:
      ValueError: on unequal shapes or labels other than 0, 1 and NaN.

    References:
      Flach & Kull 2015, "Precision-Recall-Gain Curves: PR Analysis Done Right", NIPS.
    """
    return each_species(_prg_auc, scores, labels, where)


def _trapezoid(
    scores: np.ndarray, present: np.ndarray, weights: np.ndarray | None = None
) -> float:
    _, true_presences, false_presences = cuts(scores, present, weights)
    precision = true_presences / (true_presences + false_presences)
    height = (precision + np.append(1.0, precision[:-1])) / 2
    width = np.diff(true_presences, prepend=0) / true_presences[-1]
    return float(np.sum(height * width))


def _average_precision(
    scores: np.ndarray, present: np.ndarray, weights: np.ndarray | None = None
) -> float:
    _, true_presences, false_presences = cuts(scores, present, weights)
    precision = true_presences / (true_presences + false_presences)
    recall_step = np.diff(true_presences, prepend=0) / true_presences[-1]
    return float(np.sum(recall_step * precision))


def _prg_auc(scores: np.ndarray, present: np.ndarray) -> float:
    _, true_presences, false_presences = cuts(scores, present)
    presences, absences = int(true_presences[-1]), int(false_presences[-1])
    odds = presences / absences
    start = presences**2 / (presences + absences)  # Recall gain 0.

    tp = np.append(0.0, true_presences)
    fp = np.append(0.0, false_presences)
    steps = (tp[1:] > start) & (tp[1:] > tp[:-1])  # Others have no width above 0.
    tp_from, tp_to = tp[:-1][steps], tp[1:][steps]
    fp_from, fp_to = fp[:-1][steps], fp[1:][steps]
    enter = np.maximum(tp_from, start)
    share = (enter - tp_from) / (tp_to - tp_from)
    fp_enter = fp_from + share * (fp_to - fp_from)

    height = 1 - odds * (fp_enter / enter + fp_to / tp_to) / 2
    width = odds * presences * (1 / enter - 1 / tp_to)
    return float(np.sum(height * width))
