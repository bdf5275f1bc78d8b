"""Scores of species sets against what is present, by the way they are averaged.

A score is a function of four counts: true and false positives, false and true
negatives (TP, FP, FN, TN). Which entries are counted together is the averaging, and the
same sets get very different numbers by it, so that its name is part of the metric's:

* `sample`: counts of one place over species, score, mean over places;
* `micro`: counts over all places and species, score;
* `macro_over_present`: counts of one species over places, score, mean over the species
  with a presence among the labels;
* `macro_over_predicted_or_present`: over those predicted or present somewhere
  (scikit-learn's macro over the labels it sees);
* `macro_over_all`: over all species with an entry;
* `of_species`, `of_place`: the vector that is averaged, not averaged.

Every 0 / 0 in a score, such as the precision of an empty set, is `zero_division`; with
NaN the place or species has no value, is left out of means, and is NaN in the vectors,
where `undefined` counts it.

References:
  van Rijsbergen 1979 (F-beta; F1 is Sorensen's index); Jaccard 1912,
  doi:10.1111/j.1469-8137.1912.tb05611.x; Allouche et al. 2006,
  doi:10.1111/j.1365-2664.2006.01214.x (TSS); Cohen 1960,
  doi:10.1177/001316446002000104 (kappa). Averages as in scikit-learn.
"""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.metrics.exact_sum import exact_mean, value
from jaxsdm.metrics.metric import Metric
from jaxsdm.metrics.sums import Batch, checked_mask, mask_metric, read, whole

MACROS = ("macro_over_present", "macro_over_predicted_or_present", "macro_over_all")
AVERAGES = ("sample", "micro", *MACROS, "of_species")


class Counts:
    """Confusion counts of one shape, and the ratios made of them."""

    def __init__(self, xp: ModuleType, counts: tuple[Any, ...], zero: float):
        self.xp, self.zero = xp, zero
        self.tp, self.fp, self.fn, self.tn = counts

    def ratio(self, part: Any, total: Any) -> Any:
        """`part / total`, `zero_division` where the total is 0."""
        some = total > 0
        quotient = part / self.xp.where(some, total, 1)
        return self.xp.where(some, quotient, self.zero)


def precision(c: Counts) -> Any:
    """Share of the predicted that is present."""
    return c.ratio(c.tp, c.tp + c.fp)


def recall(c: Counts) -> Any:
    """Share of the present that is predicted (sensitivity)."""
    return c.ratio(c.tp, c.tp + c.fn)


def specificity(c: Counts) -> Any:
    """Share of the absent that is not predicted."""
    return c.ratio(c.tn, c.tn + c.fp)


def f_beta(c: Counts, beta: float = 1.0) -> Any:
    """F-beta: recall weighs beta times as much as precision."""
    hits = (1 + beta**2) * c.tp
    return c.ratio(hits, hits + beta**2 * c.fn + c.fp)


def jaccard(c: Counts) -> Any:
    """Predicted and present over predicted or present."""
    return c.ratio(c.tp, c.tp + c.fp + c.fn)


def tss(c: Counts) -> Any:
    """Sensitivity + specificity - 1."""
    return recall(c) + specificity(c) - 1


def accuracy(c: Counts) -> Any:
    """Share of all that is right."""
    return c.ratio(c.tp + c.tn, c.tp + c.fp + c.fn + c.tn)


def hamming_loss(c: Counts) -> Any:
    """Share of all that is wrong: 1 - accuracy."""
    return c.ratio(c.fp + c.fn, c.tp + c.fp + c.fn + c.tn)


def kappa(c: Counts) -> Any:
    """Cohen's kappa: agreement beyond chance."""
    chance = (c.tp + c.fp) * (c.fp + c.tn) + (c.tp + c.fn) * (c.fn + c.tn)
    return c.ratio(2 * (c.tp * c.tn - c.fn * c.fp), chance)


def exact_match(c: Counts) -> Any:
    """1 where nothing is wrong (subset accuracy)."""
    return (c.fp + c.fn == 0) * 1.0


SCORES: dict[str, Callable[..., Any]] = {
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "f_beta": f_beta,
    "jaccard": jaccard,
    "tss": tss,
    "accuracy": accuracy,
    "hamming_loss": hamming_loss,
    "kappa": kappa,
    "exact_match": exact_match,
}


def set_score(
    mask: ArrayLike,
    labels: ArrayLike,
    *,
    score: str,
    average: str,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    zero_division: float = 0.0,
    **options: float,
) -> Any:
    """A score of sets, averaged in a way that has a name.

    Args:
      mask: `[places, species]`, true for the species of a place's set.
      labels: `[places, species]`, 1 present, 0 absent, NaN not looked for.
      score: a name in `SCORES`.
      average: a name in `AVERAGES`, or `of_place`.
      where: `[places, species]`, False leaves an entry out, whatever it holds.
      weights: `[places]`, how much a place counts.
      zero_division: value of 0 / 0; NaN leaves the place or species out.
      **options: of the score: `beta` of `f_beta`.

    Returns:
      A float, NaN if nothing is defined; `[species]` of `of_species`, NaN for species
      without an entry; `[places]` of `of_place`, NaN for places without one.

    Raises:
      ValueError: on unequal shapes, wrong weights, labels other than 0, 1 and NaN, a
        mask other than of 0 and 1, an unknown name, or a beta that is negative or not
        finite. TypeError: on an unknown option.
    """
    if average == "of_place":
        _check(score, "sample", options)
        batch = read(checked_mask(mask, where), labels, where, weights)
        found = _of_place(batch, score, zero_division, options)
        seen = batch.kept.any(axis=1)
        return np.where(seen, np.asarray(found, np.float64), np.nan)
    metric = set_score_metric(
        score=score, average=average, zero_division=zero_division, **options
    )
    return whole(metric, mask, labels, where, weights)


def set_score_metric(
    *, score: str, average: str, zero_division: float = 0.0, **options: float
) -> Metric:
    """`set_score` as a metric of sums, for all averages but `of_place`."""
    _check(score, average, options)
    if average == "sample":

        def of_places(batch: Batch) -> Any:
            xp = batch.xp
            found = _of_place(batch, score, zero_division, options)
            defined = batch.kept.any(axis=1) & ~xp.isnan(found)
            return {
                "score": batch.total(xp.where(defined, found, 0)),
                "weight": batch.weight_of(defined),
            }

        return mask_metric(of_places, _mean)

    def averaged(state: Any) -> Any:
        counts = tuple(value(part) for part in state["counts"])
        return _average(counts, score, average, zero_division, options)

    return mask_metric(_of_species, averaged)


def _check(score: str, average: str, options: dict[str, float]) -> None:
    for name, known in ((score, tuple(SCORES)), (average, AVERAGES)):
        if name not in known:
            raise ValueError(
                f"set_score: want one of {', '.join(known)}, got {name!r}."
            )
    known_options = list(inspect.signature(SCORES[score]).parameters)[1:]
    for option in options:
        if option not in known_options:
            raise TypeError(
                f"set_score: {score} has options {known_options}, got {option!r}."
            )
    beta = options.get("beta", 1.0)
    if not 0 <= beta < np.inf:  # False for NaN.
        raise ValueError(f"set_score: want a finite beta of at least 0, got {beta}.")


def _confusion(batch: Batch) -> tuple[Any, ...]:
    predicted = batch.kept & (batch.prediction > 0.5)
    present, absent = batch.present, batch.kept & ~batch.present
    return (
        predicted & present,
        predicted & absent,
        ~predicted & present,
        ~predicted & absent,
    )


def _of_place(batch: Batch, score: str, zero: float, options: Any) -> Any:
    xp = batch.xp
    counts = tuple(
        xp.sum(part, axis=1).astype(xp.result_type(float)) for part in _confusion(batch)
    )
    return SCORES[score](Counts(xp, counts, zero), **options)


def _of_species(batch: Batch) -> Any:
    return {"counts": tuple(batch.weight_of(part) for part in _confusion(batch))}


def _mean(state: Any) -> float:
    weight = float(value(state["weight"]))
    return float(value(state["score"])) / weight if weight else float("nan")


def _average(
    counts: tuple[np.ndarray, ...],
    score: str,
    average: str,
    zero: float,
    options: Any,
) -> Any:
    if average == "micro":
        together = tuple(np.asarray(part.sum()) for part in counts)
        if not sum(together) > 0:
            return float("nan")
        return float(SCORES[score](Counts(np, together, zero), **options))
    values = SCORES[score](Counts(np, counts, zero), **options)
    tp, fp, fn, tn = counts
    seen = tp + fp + fn + tn > 0
    if average == "of_species":
        return np.where(seen, values, np.nan)
    judged = {
        "macro_over_present": tp + fn > 0,
        "macro_over_predicted_or_present": tp + fp + fn > 0,
        "macro_over_all": seen,
    }[average]
    return exact_mean(values[judged & ~np.isnan(values)])
