"""Isotonic calibration: the best non-decreasing curve, pooling adjacent violators."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float

from jaxsdm.decisions.decision import check_probabilities
from jaxsdm.decisions.saving import saved
from jaxsdm.decisions.surveys import surveys
from jaxsdm.decisions.undefined import CountsUndefined


@saved
@dataclasses.dataclass(frozen=True)
class Isotonic(CountsUndefined):
    """Curves through knots, straight between them and flat outside.

    Attributes:
      knots: `[species, knots]`, or `[1, knots]` for all, increasing; the last one is
        repeated where a species has fewer.
      values: of the same shape, the calibrated probabilities there.
      undefined: `[species]` or `[1]`, True where the curve is the identity because
        calibration gave none.
    """

    knots: ArrayLike
    values: ArrayLike
    undefined: ArrayLike

    def __call__(self, probabilities: ArrayLike) -> Float[Array, "places species"]:
        """Calibrated probabilities, float32 (float64 for float64).

        Raises:
          ValueError: not probabilities, or of another number of species.
        """
        check_probabilities("Isotonic", probabilities)
        table = jnp.asarray(probabilities)
        table = table.astype(jnp.promote_types(table.dtype, jnp.float32))
        curves = np.shape(self.knots)[0]
        if curves not in (1, table.shape[1]):
            raise ValueError(
                f"Isotonic: want probabilities of {curves} species, got "
                f"{table.shape[1]}."
            )
        knots = jnp.asarray(self.knots, table.dtype)
        values = jnp.asarray(self.values, table.dtype)
        if curves == 1:
            return jnp.interp(table, knots[0], values[0])
        return jax.vmap(jnp.interp, in_axes=(1, 0, 0), out_axes=1)(table, knots, values)


def fit_isotonic(
    probabilities: ArrayLike, labels: ArrayLike, *, per_species: bool = False
) -> Isotonic:
    """The non-decreasing curve of the least squared error on the calibration set.

    Exact. It needs many surveys a curve: at each end it says 0 or 1 where the last few
    places agree. With one class only it would say 0 or 1 everywhere: there it is the
    identity and the species is in `undefined`.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.
      per_species: one curve a species instead of one for all.

    Raises:
      ValueError: an invalid calibration set, or one class only for one curve for all.

    References:
      Ayer et al. 1955, doi:10.1214/aoms/1177728423; Zadrozny & Elkan 2002,
      doi:10.1145/775047.775151.
    """
    table, present, known = surveys("fit_isotonic", probabilities, labels)
    if not per_species:
        curve = _curve(table[known], present[known])
        if curve is None:
            raise ValueError(
                "fit_isotonic: want presences and absences, got "
                f"{present.sum()} presences of {known.sum()} entries."
            )
        knots, values = (part[None] for part in curve)
        return Isotonic(knots, values.astype(table.dtype), np.zeros(1, bool))
    found = [_curve(table[k, j], present[k, j]) for j, k in enumerate(known.T)]
    identity = np.asarray([0.0, 1.0], table.dtype)
    curves = [curve or (identity, identity) for curve in found]
    width = max(len(knots) for knots, _ in curves)
    knots, values = (
        np.stack([np.pad(c[part], (0, width - len(c[part])), "edge") for c in curves])
        for part in (0, 1)
    )
    undefined = np.asarray([curve is None for curve in found])
    return Isotonic(knots, values.astype(table.dtype), undefined)


def _curve(
    p: Float[np.ndarray, " entries"], present: Bool[np.ndarray, " entries"]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Knots and values: the first and the last probability of each pool."""
    if not present.any() or present.all():
        return None
    knots, number = np.unique(p, return_inverse=True)
    places = np.bincount(number)
    found = np.bincount(number, present).astype(np.int64)
    start = pool_adjacent_violators(found, places)
    end = np.append(start[1:], len(knots)) - 1
    value = np.add.reduceat(found, start) / np.add.reduceat(places, start)
    both = np.stack([start, end], axis=1).ravel()
    once = np.append(True, both[1:] != both[:-1])
    return knots[both[once]], np.repeat(value, 2)[once]


def pool_adjacent_violators(total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Where the pools start whose means, `total / weight`, increase strictly.

    Every run of means that do not increase lies in one pool, so a pass merges all
    runs at once; the order of merges does not change the result. Of whole numbers the
    comparison is exact.

    Args:
      total: `[n]` sums of the elements, in order.
      weight: `[n]` how many they are, above 0.

    Returns:
      `[pools]` the first element of each.
    """
    start = np.arange(len(total))
    while True:
        mean = total / weight
        opens = np.append(True, mean[1:] > mean[:-1])
        if opens.all():
            return start
        first = np.flatnonzero(opens)
        start = start[first]
        total, weight = np.add.reduceat(total, first), np.add.reduceat(weight, first)
