"""Straight lines on the logits of probabilities, pooled or one for each species."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm.decisions.decision import check_probabilities
from jaxsdm.decisions.saving import option, saved
from jaxsdm.decisions.undefined import CountsUndefined

CLIP = 1e-7
"""Logits are of probabilities clipped to [CLIP, 1 - CLIP]: within 16.2 of zero."""


@saved
@dataclasses.dataclass(frozen=True)
class LogitMap(CountsUndefined):
    """`sigmoid(slope * logit(p) + intercept)`.

    A slope of exactly 1 is a change of odds and leaves 0 and 1 as they are; with
    others p is clipped to [1e-7, 1 - 1e-7] before its logit.

    Attributes:
      slope: `[species]`, or one number for all; 1 / temperature.
      intercept: likewise, in logits.
      undefined: likewise, True where calibration gave nothing of the species' own.
      method: where it comes from, for tables.
    """

    slope: ArrayLike
    intercept: ArrayLike
    undefined: ArrayLike = False
    method: str = option("given")

    def __call__(self, probabilities: ArrayLike) -> Float[Array, "places species"]:
        """Calibrated probabilities, float32 (float64 for float64).

        Raises:
          ValueError: not probabilities, or of another number of species.
        """
        check_probabilities("LogitMap", probabilities)
        table = jnp.asarray(probabilities)
        table = table.astype(jnp.promote_types(table.dtype, jnp.float32))
        slope, intercept = (
            for_columns("LogitMap", values, table)
            for values in (self.slope, self.intercept)
        )
        clipped = jnp.clip(table, CLIP, 1 - CLIP)
        logits = jnp.log(clipped) - jnp.log1p(-clipped)
        return jnp.where(
            slope == 1,
            change_odds(table, intercept),
            jax.nn.sigmoid(slope * logits + intercept),
        )


def change_odds(
    p: Float[Array, "places species"], logarithm: Float[Array, "1 _"]
) -> Float[Array, "places species"]:
    """Probabilities with their odds times `exp(logarithm)`; exact at 0 and 1."""
    factor = jnp.exp(-jnp.abs(logarithm))
    lowered = p * factor / (p * factor + (1 - p))
    raised = p / (p + (1 - p) * factor)
    return jnp.where(logarithm < 0, lowered, raised)


def for_columns(function: str, values: ArrayLike, table: Array) -> Float[Array, "1 _"]:
    """One number, or one a species, ready to meet `table`.

    Raises:
      ValueError: it is of another number of species.
    """
    shape = np.shape(values)
    if shape not in ((), table.shape[1:]):
        raise ValueError(
            f"{function}: want probabilities of {shape} species, got {table.shape[1]}."
        )
    return jnp.asarray(values, table.dtype).reshape(1, -1)


def logits_of(probabilities: np.ndarray) -> Float[np.ndarray, "places species"]:
    """Logits of clipped probabilities in float64 on the host."""
    p = np.clip(probabilities.astype(np.float64), CLIP, 1 - CLIP)
    return np.log(p) - np.log1p(-p)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """On the host, without overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1 + small)
