"""How predicted sets differ from true ones in beta diversity.

Of two sets with a species in both, b only in the one and c only in the other,

    Sorensen dissimilarity  (b + c) / (2 a + b + c)
    = turnover              min(b, c) / (a + min(b, c))      (Simpson: replacement)
    + nestedness            the rest                          (gain or loss alone)

`dissimilarity_to_truth` compares the predicted with the true set of one place: how much
of the error is wrong species, how much too many or too few. `beta_diversity_error`
compares pairs of places: does the map of predicted sets change from place to place as
the true one does.

References: Baselga 2010, doi:10.1111/j.1466-8238.2009.00490.x; Simpson 1943 and
Sorensen 1948 in Koleff et al. 2003, doi:10.1046/j.1365-2656.2003.00710.x.
"""

import functools
from typing import Any

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.defined import mean_defined
from jaxsdm.metrics.exact_sum import value
from jaxsdm.metrics.metric import Metric
from jaxsdm.metrics.sums import Batch, checked_mask, mask_metric, read, whole

COMPONENTS = ("sorensen", "turnover", "nestedness")

_ROWS = 256
"""Places that are compared with all others at a time."""


def dissimilarity_to_truth(
    mask: ArrayLike,
    labels: ArrayLike,
    *,
    component: str = "sorensen",
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    zero_division: float = 0.0,
) -> float:
    """Mean over places of the dissimilarity of the predicted and the true set.

    Args:
      mask: `[places, species]`, true for the species of a place's set.
      labels: `[places, species]`, 1 present, 0 absent, NaN not looked for.
      component: `sorensen` (1 - F1), `turnover` or `nestedness`.
      where: `[places, species]`, False leaves an entry out, whatever it holds.
      weights: `[places]`, how much a place counts.
      zero_division: where a ratio is 0 / 0: Sorensen of two empty sets, turnover where
        one is empty; NaN leaves the place out.

    Returns:
      In [0, 1]; NaN if no place has a value.

    Raises:
      ValueError: on unequal shapes, wrong weights, labels other than 0, 1 and NaN, a
        mask other than of 0 and 1, or an unknown component.
    """
    metric = dissimilarity_to_truth_metric(
        component=component, zero_division=zero_division
    )
    return whole(metric, mask, labels, where, weights)


def dissimilarity_to_truth_metric(
    *, component: str = "sorensen", zero_division: float = 0.0
) -> Metric:
    """`dissimilarity_to_truth` as a metric of sums."""
    _check(component)

    def sums(batch: Batch) -> Any:
        xp = batch.xp
        predicted = batch.kept & (batch.prediction > 0.5)
        real = xp.result_type(float)
        both, one, other = (
            xp.sum(part, axis=1).astype(real)
            for part in (
                predicted & batch.present,
                predicted & ~batch.present,
                batch.present & ~predicted,
            )
        )
        found = _dissimilarity(both, one, other, component, zero_division, xp)
        defined = batch.kept.any(axis=1) & ~xp.isnan(found)
        return {
            "total": batch.total(xp.where(defined, found, 0)),
            "weight": batch.weight_of(defined),
        }

    return mask_metric(sums, _mean)


def beta_diversity_error(
    mask: ArrayLike,
    labels: ArrayLike,
    *,
    component: str = "sorensen",
    kind: str = "absolute",
    where: ArrayLike | None = None,
    zero_division: float = 0.0,
) -> float:
    """Mean over all pairs of places of predicted minus true dissimilarity.

    Every pair is compared over the species that count at both places. Time grows with
    places squared times species.

    Args:
      mask: `[places, species]`, true for the species of a place's set.
      labels: `[places, species]`, 1 present, 0 absent, NaN not looked for.
      component: `sorensen`, `turnover` or `nestedness`.
      kind: `bias` (negative: predicted sets are too alike) or `absolute`.
      where: `[places, species]`, False leaves an entry out, whatever it holds.
      zero_division: where a ratio is 0 / 0; NaN leaves the pair out.

    Returns:
      In [-1, 1]; NaN without a pair.

    Raises:
      ValueError: on unequal shapes, labels other than 0, 1 and NaN, a mask other than
        of 0 and 1, or unknown names.
    """
    _check(component)
    if kind not in ("bias", "absolute"):
        raise ValueError(f"beta_diversity_error: want bias or absolute, got {kind!r}.")
    batch = read(checked_mask(mask, where), labels, where, None)
    kept = batch.kept.astype(np.float64)
    predicted = kept * (batch.prediction > 0.5)
    real = kept * batch.present
    errors = []
    for first in range(0, len(kept), _ROWS):
        rows = slice(first, first + _ROWS)
        later = np.arange(len(kept)) > np.arange(len(kept))[rows, None]
        later &= kept[rows] @ kept.T > 0
        pairs = []
        for sets in (predicted, real):
            both = sets[rows] @ sets.T
            one, other = sets[rows] @ kept.T - both, kept[rows] @ sets.T - both
            pairs.append(
                _dissimilarity(both, one, other, component, zero_division, np)[later]
            )
        errors.append(pairs[0] - pairs[1])
    error = np.concatenate(errors) if errors else np.zeros(0)
    return mean_defined(abs(error) if kind == "absolute" else error).mean


def dissimilarities(
    both: Float[np.ndarray, "..."],
    one: Float[np.ndarray, "..."],
    other: Float[np.ndarray, "..."],
    *,
    component: str = "sorensen",
    zero_division: float = 0.0,
) -> Float[np.ndarray, "..."]:
    """Dissimilarity of sets by how many species are in both, only one, only the other.

    Raises:
      ValueError: unknown component.
    """
    _check(component)
    return _dissimilarity(both, one, other, component, zero_division, np)


def _check(component: str) -> None:
    if component not in COMPONENTS:
        raise ValueError(
            f"beta diversity: want one of {', '.join(COMPONENTS)}, got {component!r}."
        )


def _dissimilarity(both, one, other, component: str, zero: float, xp: Any) -> Any:
    smaller = xp.minimum(one, other)
    divide = functools.partial(_ratio, zero=zero, xp=xp)
    if component == "turnover":
        return divide(smaller, both + smaller)
    sorensen = divide(one + other, 2 * both + one + other)
    if component == "sorensen":
        return sorensen
    return sorensen - divide(smaller, both + smaller)


def _ratio(part: Any, total: Any, zero: float, xp: Any) -> Any:
    return xp.where(total > 0, part / xp.where(total > 0, total, 1), zero)


def _mean(state: Any) -> float:
    weight = float(value(state["weight"]))
    return float(value(state["total"])) / weight if weight else float("nan")
