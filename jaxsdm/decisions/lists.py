"""Lists of the most probable species: so many a place, or so many a place on average.

Of equal probabilities the species of the lower number comes first.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from jaxsdm.decisions.decision import Decision, check_probabilities
from jaxsdm.decisions.saving import option, saved
from jaxsdm.decisions.score_means import EQUAL, ScoreOfCounts, along_ranks
from jaxsdm.decisions.selection import kth_and_next_largest
from jaxsdm.decisions.surveys import on_host, surveys
from jaxsdm.decisions.thresholds import ThresholdRule, between
from jaxsdm.ops.order_statistics import kth_largest, largest_mask
from jaxsdm.ops.top_k import top_k


@saved
@dataclasses.dataclass(frozen=True)
class TopK:
    """The k most probable species of each place, all of them if there are fewer.

    Attributes:
      k: a whole number >= 0; may be traced.
    """

    k: Any

    def __call__(self, probabilities: ArrayLike) -> Decision:
        """The sets `[places, species]` of these probabilities.

        Raises:
          ValueError: not probabilities, or k is no whole number >= 0.
        """
        check_probabilities("TopK", probabilities)
        if not isinstance(self.k, jax.core.Tracer):
            known = np.asarray(self.k)
            whole = known.shape == () and np.issubdtype(known.dtype, np.integer)
            if not whole or known < 0:
                raise ValueError(f"TopK: want a whole number k >= 0, got {self.k!r}.")
        table = jnp.asarray(probabilities)
        places, species = table.shape
        if isinstance(self.k, jax.core.Tracer):
            sizes = jnp.full(places, jnp.asarray(self.k, jnp.int32))
            return most_probable(table, sizes)
        k = min(int(self.k), species)
        cut = top_k(table, max(k, 1))[0][:, -1]  # faster than a cut for each place
        return _down_to(table, jnp.full(places, k, jnp.int32), cut)


def fit_top_k(
    probabilities: ArrayLike, labels: ArrayLike, score: ScoreOfCounts
) -> TopK:
    """The length of list that maximises the mean score over places.

    All lengths from 0 to the number of species are tried. Means within 1e-10 are
    equal, and of equally good lengths the smallest is taken.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for: such a
        species takes its place in the list but counts neither as right nor as wrong.
      score: `(true_positives, size, present, species) -> value` of arrays of one
        shape, such as `f_beta(1)`.

    Raises:
      ValueError: an invalid calibration set, nothing was looked for anywhere, or a
        score is not finite.
    """
    data = surveys("fit_top_k", probabilities, labels)
    if not data.known.any():
        raise ValueError("fit_top_k: want species that were looked for, got none.")
    means = along_ranks("fit_top_k", data, score)[0].mean(axis=0)
    return TopK(np.argmax(means >= means.max() - EQUAL))


def most_probable(
    probabilities: Float[Array, "places species"], sizes: Int[Array, " places"]
) -> Decision:
    """As many of the most probable species of each place as its size says.

    Exact and without a sort, for sizes that are known or traced, from 0 on.
    """
    return _most_probable(probabilities, jnp.clip(sizes, 0, probabilities.shape[1]))


@jax.jit
def _most_probable(table, sizes):
    return _down_to(table, sizes, jax.vmap(kth_largest)(table, jnp.maximum(sizes, 1)))


@jax.jit
def _down_to(table, sizes, cut):
    """The species above the cut, and the first ones at it as sizes allow."""
    above, tied = table > cut[:, None], table == cut[:, None]
    left = sizes - jnp.sum(above, axis=1, dtype=jnp.int32)
    kept = jax.lax.cond(
        jnp.all(jnp.sum(tied, axis=1, dtype=jnp.int32) == left),
        lambda: tied,
        # Slower than all the rest together, and hardly ever needed.
        lambda: tied & (jnp.cumsum(tied, axis=1, dtype=jnp.int32) <= left[:, None]),
    )
    return Decision((above | kept) & (sizes > 0)[:, None], sizes)


def fit_average_k(
    probabilities: ArrayLike, k: float | int, *, ties: str = "midpoint"
) -> ThresholdRule:
    """The threshold with which sets hold k species on average over these places.

    The plug-in rule of average-K classification (threshold of Pl@ntNet-300K, Garcin
    et al. 2021): fitted on one set of places and used on others, where the mean size
    is about k. Let P be all n S probabilities in decreasing order and N = n k, rounded
    half up. Found by selection, not by a sort.

    Args:
      probabilities: `[places, species]` of the set that the threshold is fitted on.
      k: mean size, above 0 and below the number of species.
      ties: "midpoint": (P[N] + P[N+1]) / 2, which takes more than N where P[N] and
        P[N+1] are equal; "at_least": P[N], the same sets here; "at_most": P[N], or
        just above it where P[N+1] is equal, so that at most N are taken.

    Raises:
      ValueError: invalid probabilities, k or ties.
    """
    table = on_host("fit_average_k", probabilities)
    wanted = _number_wanted("fit_average_k", k, table.shape)
    if ties not in ("midpoint", "at_least", "at_most"):
        raise ValueError(
            f"fit_average_k: want ties midpoint, at_least or at_most, got {ties!r}."
        )
    upper, lower = kth_and_next_largest(table, wanted)
    cut: Any = upper
    if ties == "midpoint":
        cut = between(upper, lower)
    elif ties == "at_most" and upper == lower:
        cut = np.nextafter(upper, upper.dtype.type(np.inf))
    return ThresholdRule(cut, np.asarray(False), f"average_k_{ties}")


def fit_average_size(
    probabilities: ArrayLike, labels: ArrayLike, *, ties: str = "midpoint"
) -> ThresholdRule:
    """The threshold with which sets hold on average as many species as were found.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent; NaN is refused, because the
        number of species of such a place is not known.
      ties: as `fit_average_k`, with k the mean number of species found.

    Raises:
      ValueError: invalid calibration set, or no species or all species found at every
        place.
    """
    data = surveys("fit_average_size", probabilities, labels)
    if not data.known.all():
        raise ValueError(
            f"fit_average_size: want complete surveys, got {np.sum(~data.known)} "
            "entries that were not looked for. Drop their places or species."
        )
    k = data.present.sum() / len(data.present)
    if not 0 < k < data.present.shape[1]:
        raise ValueError(
            "fit_average_size: want surveys with presences and absences, got a mean "
            f"of {k:g} of {data.present.shape[1]} species a place."
        )
    return fit_average_k(data.probabilities, k, ties=ties)


@saved
@dataclasses.dataclass(frozen=True)
class AdaptiveTopK:
    """Sets that hold k species on average over the very places that it is given.

    The adaptive top-K of GeoLifeCLEF 2020: the cut is the (n k)-th largest of all
    probabilities of the table, n k rounded half up. It looks at all places at once: a
    place alone gets another set than among others. See `fit_average_k` for a threshold
    that is carried over.

    Attributes:
      k: mean size, above 0 and below the number of species.
      exact: exactly n k species in all, equal ones at the cut settled place by place;
        otherwise all that reach the cut, more than n k where some are equal.
    """

    k: float | int = option(30)
    exact: bool = option(False)

    def __call__(self, probabilities: ArrayLike) -> Decision:
        """The sets `[places, species]` of these probabilities.

        Raises:
          ValueError: not probabilities, or k is not in its range.
        """
        check_probabilities("AdaptiveTopK", probabilities)
        table = jnp.asarray(probabilities)
        if not len(table):
            return Decision(jnp.zeros(table.shape, bool), jnp.zeros(0, jnp.int32))
        wanted = _number_wanted("AdaptiveTopK", self.k, table.shape)
        if self.exact:
            mask = largest_mask(table, wanted)
        else:
            mask = table >= kth_largest(table, wanted)
        return Decision(mask, jnp.sum(mask, axis=1, dtype=jnp.int32))


def _number_wanted(function: str, k: float | int, shape: tuple[int, ...]) -> int:
    """`places * k`, rounded half up: at least one, and not all."""
    wanted = int(np.floor(shape[0] * k + 0.5)) if np.isfinite(k) else -1
    if not 1 <= wanted < shape[0] * shape[1]:
        raise ValueError(
            f"{function}: want a mean size k above 0 and below the number of species, "
            f"{shape[1]}, got k={k!r}."
        )
    return wanted
