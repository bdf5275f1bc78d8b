"""As many species as the place holds: the number first, then the most probable ones."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm.decisions.decision import Decision, check_probabilities
from jaxsdm.decisions.lists import most_probable
from jaxsdm.decisions.saving import option, saved
from jaxsdm.decisions.softmax_regression import softmax_regression
from jaxsdm.decisions.surveys import Surveys, surveys


@saved
@dataclasses.dataclass(frozen=True)
class SSE:
    """As many species as the probabilities sum to, rounded half up.

    The set of the least expected squared error of richness; the probability ranking
    rule on summed probabilities (D'Amen et al. 2015, doi:10.1111/jbi.12485). Sums are
    in the type of the probabilities: in float32 one very near a half may be
    rounded either way.
    """

    def __call__(
        self, probabilities: ArrayLike, richness: ArrayLike | None = None
    ) -> Decision:
        """The sets `[places, species]` of these probabilities.

        Args:
          probabilities: `[places, species]`.
          richness: `[places]`, finite, number of species from another model; the sum
            of the probabilities by default.

        Raises:
          ValueError: not probabilities, or richness of another shape, negative or NaN.
        """
        check_probabilities("SSE", probabilities)
        table = jnp.asarray(probabilities)
        if richness is None:
            return most_probable(table, _rounded(_sums(table), table.shape[1]))
        richness = jnp.asarray(richness)
        if richness.shape != table.shape[:1]:
            raise ValueError(
                f"SSE: want richness [places], {table.shape[:1]}, got {richness.shape}."
            )
        if not isinstance(richness, jax.core.Tracer) and not np.all(
            np.isfinite(richness) & (richness >= 0)
        ):
            raise ValueError("SSE: want finite richness >= 0, got values that are not.")
        return most_probable(table, _rounded(richness, table.shape[1]))


@saved
@dataclasses.dataclass(frozen=True)
class PredictedK:
    """As many species as a linear regression of richness says, rounded half up.

    Attributes:
      intercept: species.
      slopes: `[features]` species per unit of a feature.
    """

    intercept: ArrayLike
    slopes: ArrayLike

    def __call__(
        self, probabilities: ArrayLike, features: ArrayLike | None = None
    ) -> Decision:
        """The sets `[places, species]`; `features` as in `fit_predicted_k`."""
        check_probabilities("PredictedK", probabilities)
        table = jnp.asarray(probabilities)
        x = _features("PredictedK", table, features, np.size(self.slopes))
        slopes = jnp.asarray(self.slopes, x.dtype)
        richness = jnp.asarray(self.intercept, x.dtype) + x @ slopes
        return most_probable(table, _rounded(richness, table.shape[1]))


def fit_predicted_k(
    probabilities: ArrayLike, labels: ArrayLike, features: ArrayLike | None = None
) -> PredictedK:
    """Regression of observed richness by least squares.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent; NaN is refused, because the
        richness of such a place is not known.
      features: `[places, features]` to predict richness from; by default one, the sum
        of the probabilities, which corrects a model whose sums are too large.

    Raises:
      ValueError: an invalid calibration set, fewer places than coefficients, or
        features that determine each other (one is constant, or a sum of others).
    """
    data, x, richness = _complete("fit_predicted_k", probabilities, labels, features)
    design = np.append(np.ones((len(x), 1)), x, axis=1)
    solution, _, rank, _ = np.linalg.lstsq(design, richness, rcond=None)
    if rank < design.shape[1]:
        raise ValueError(
            f"fit_predicted_k: want features that vary on their own, got {rank} "
            f"independent ones of {design.shape[1]}, the constant included, at "
            f"{len(design)} places."
        )
    dtype = data.probabilities.dtype
    return PredictedK(solution[0].astype(dtype), solution[1:].astype(dtype))


@saved
@dataclasses.dataclass(frozen=True)
class BinnedK:
    """As many species as the most probable bin of richness holds, and some more.

    Attributes:
      means: `[bins]` mean richness of the places of a bin.
      intercepts: `[bins]` and
      slopes: `[features, bins]` of the classifier, softmax(x slopes + intercepts).
      offset: species added to the rounded mean.
      most: the longest list.
    """

    means: ArrayLike
    intercepts: ArrayLike
    slopes: ArrayLike
    offset: int = option(5)
    most: int = option(5000)

    def __call__(
        self, probabilities: ArrayLike, features: ArrayLike | None = None
    ) -> Decision:
        """The sets `[places, species]`; `features` as in `fit_binned_k`."""
        check_probabilities("BinnedK", probabilities)
        table = jnp.asarray(probabilities)
        x = _features("BinnedK", table, features, np.shape(self.slopes)[0])
        scores = x @ jnp.asarray(self.slopes, x.dtype)
        scores = scores + jnp.asarray(self.intercepts, x.dtype)[None]
        richness = jnp.asarray(self.means, x.dtype)[jnp.argmax(scores, axis=1)]
        sizes = _rounded(richness, table.shape[1]) + self.offset
        return most_probable(table, jnp.clip(sizes, 1, self.most))


def fit_binned_k(
    probabilities: ArrayLike,
    labels: ArrayLike,
    features: ArrayLike | None = None,
    *,
    bins: int = 15,
    offset: int = 5,
    most: int = 5000,
    ridge: float | int = 1e-3,
) -> BinnedK:
    """GeoPlant's estimator: bins of richness at its quantiles, a classifier of bins.

    The list of a place is the rounded mean richness of its most probable bin plus
    `offset`, between 1 and `most` (Picek et al. 2024, arXiv:2408.13928). The classifier
    is a softmax regression of the features, here fitted by Newton's method.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent; NaN is refused.
      features: `[places, features]`; by default one, the sum of the probabilities.
      bins: how many; fewer where quantiles coincide.
      offset: species added.
      most: the longest list.
      ridge: weight of half the squared slopes (of standardised features), per place.

    Raises:
      ValueError: an invalid calibration set, no bins, or ridge not above 0.
    """
    if bins < 1 or not 0 < ridge < np.inf:
        raise ValueError(
            f"fit_binned_k: want bins >= 1 and ridge > 0, got {bins} and {ridge!r}."
        )
    data, x, richness = _complete("fit_binned_k", probabilities, labels, features)
    edges = np.unique(np.quantile(richness, np.arange(1, bins) / bins))
    number = np.searchsorted(edges, richness, side="right")
    filled, number = np.unique(number, return_inverse=True)
    means = np.bincount(number, richness) / np.bincount(number)
    center, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    weights = softmax_regression((x - center) / scale, number, len(filled), ridge)
    slopes = weights[1:] / scale[:, None]
    dtype = data.probabilities.dtype
    return BinnedK(
        means.astype(dtype),
        (weights[0] - center @ slopes).astype(dtype),
        slopes.astype(dtype),
        offset,
        most,
    )


def _complete(
    function: str, probabilities: Any, labels: Any, features: Any
) -> tuple[Surveys, np.ndarray, np.ndarray]:
    """Checked complete surveys, their features and their richness, in float64."""
    data = surveys(function, probabilities, labels)
    if not data.known.all():
        raise ValueError(
            f"{function}: want complete surveys, got {np.sum(~data.known)} entries "
            "that were not looked for. Drop their places or species."
        )
    if features is None:
        x = data.probabilities.astype(np.float64).sum(axis=1, keepdims=True)
    else:
        x = np.asarray(features, np.float64)
    if x.ndim != 2 or len(x) != len(data.present) or not np.isfinite(x).all():
        raise ValueError(
            f"{function}: want finite features [places, features] of "
            f"{len(data.present)} places, got shape {x.shape}."
        )
    return data, x, data.present.sum(axis=1).astype(np.float64)


def _features(
    function: str, table: Array, features: ArrayLike | None, number: int
) -> Float[Array, "places features"]:
    x = _sums(table)[:, None] if features is None else jnp.asarray(features)
    if x.shape != (len(table), number):
        raise ValueError(
            f"{function}: want features of shape {(len(table), number)}, got {x.shape}."
        )
    if not isinstance(x, jax.core.Tracer) and not np.isfinite(np.asarray(x)).all():
        raise ValueError(f"{function}: want finite features.")
    return x


def _sums(table: Array) -> Float[Array, " places"]:
    return jnp.sum(table, axis=1, dtype=jnp.promote_types(table.dtype, jnp.float32))


def _rounded(richness: Array, species: int) -> Array:
    """Half up, in 0 ... species."""
    return jnp.clip(jnp.floor(richness + 0.5), 0, species).astype(jnp.int32)
