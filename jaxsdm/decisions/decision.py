"""What every rule gives, and what every rule asks of its input."""

import math
from typing import NamedTuple

import jax
import numpy as np
import numpy.typing as npt
from jax.typing import ArrayLike
from jaxtyping import Array, Bool, Float, Int


class Decision(NamedTuple):
    """Species sets of some places.

    Attributes:
      mask: `[places, species]` the species of each set.
      size: `[places]` how many they are.
      expected_score: `[places]` what the set scores on average if the probabilities
        hold, for rules that maximise a score; None for the others.
    """

    mask: Bool[Array, "places species"]
    size: Int[Array, " places"]
    expected_score: Float[Array, " places"] | None = None


def check_probabilities(function: str, probabilities: ArrayLike) -> None:
    """Raises unless these are probabilities of species at places.

    Shapes are checked always, values where they are known: not inside `jit`.

    Args:
      function: for the message.
      probabilities: `[places, species]`.

    Raises:
      TypeError: they are not floating.
      ValueError: another number of axes, no species, or values outside [0, 1] or NaN;
        says how many and where the first one is.
    """
    shape, dtype = np.shape(probabilities), jax.dtypes.result_type(probabilities)
    if not jax.dtypes.issubdtype(dtype, np.floating):
        raise TypeError(f"{function}: want floating probabilities, got {dtype}.")
    if len(shape) != 2 or not shape[1]:
        raise ValueError(
            f"{function}: want probabilities [places, species], got shape {shape}."
        )
    if isinstance(probabilities, jax.core.Tracer):
        return
    table = np.asarray(probabilities)
    if table.size and not (table.min() >= 0 and table.max() <= 1):  # NaN fails both
        wrong = ~((table >= 0) & (table <= 1))
        place, species = np.argwhere(wrong)[0]
        raise ValueError(
            f"{function}: want probabilities in [0, 1]; {wrong.sum()} are not, the "
            f"first {table[place, species]} at place {place}, species {species}. "
            "Logits go through a sigmoid first."
        )


def check_empty_score(function: str, empty_score: float | int) -> float:
    """The number, which must be finite.

    Raises:
      ValueError: it is not.
    """
    if not math.isfinite(empty_score):
        raise ValueError(f"{function}: want a finite empty_score, got {empty_score}.")
    return float(empty_score)


def check_disjoint(calibration: npt.ArrayLike, test: npt.ArrayLike) -> None:
    """Raises if a place of the calibration set is a place of the test set too.

    Args:
      calibration: `[places]` ids.
      test: `[places]` ids.

    Raises:
      ValueError: says how many are in both and names some.
    """
    both = set(np.asarray(calibration).tolist()) & set(np.asarray(test).tolist())
    if both:
        some = ", ".join(sorted(str(one) for one in both)[:3])
        raise ValueError(
            f"check_disjoint: {len(both)} places are used for calibration and for the "
            f"test ({some}{', ...' if len(both) > 3 else ''}): what is found on them "
            "is too good. Split by place first."
        )
