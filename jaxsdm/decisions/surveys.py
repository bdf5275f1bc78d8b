"""Probabilities and what was found, checked, on the host: what rules are fitted on."""

from typing import Any, NamedTuple

import jax
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jaxsdm.decisions.decision import check_probabilities


class Surveys(NamedTuple):
    """A calibration set.

    Attributes:
      probabilities: `[places, species]` float32 or float64, as they came.
      present: `[places, species]` where the species was found.
      known: `[places, species]` where it was looked for.
    """

    probabilities: Float[np.ndarray, "places species"]
    present: Bool[np.ndarray, "places species"]
    known: Bool[np.ndarray, "places species"]


def surveys(function: str, probabilities: ArrayLike, labels: ArrayLike) -> Surveys:
    """The calibration set of these probabilities and labels.

    Args:
      function: for messages.
      probabilities: `[places, species]` in [0, 1].
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.

    Raises:
      ValueError: no places, another shape, probabilities outside [0, 1], labels other
        than 0, 1 and NaN. TypeError: probabilities are not floating.
    """
    table = on_host(function, probabilities)
    truth = np.asarray(labels)
    if table.shape != truth.shape:
        raise ValueError(
            f"{function}: want labels of the shape of the probabilities, "
            f"{table.shape}, got {truth.shape}."
        )
    present, absent = truth == 1, truth == 0
    known = present | absent
    missing = np.zeros_like(known)
    if not jax.dtypes.issubdtype(truth.dtype, np.integer) and truth.dtype != bool:
        missing = np.isnan(truth)
    other = ~(known | missing)
    if other.any():
        place, species = np.argwhere(other)[0]
        raise ValueError(
            f"{function}: want labels 0, 1 or NaN (not looked for), got "
            f"{truth[place, species]} at place {place}, species {species} and "
            f"{other.sum()} such in all. Turn abundance into presence first."
        )
    return Surveys(table, present, known)


def on_host(
    function: str, probabilities: ArrayLike
) -> Float[np.ndarray, "places species"]:
    """Checked probabilities of at least one place as a NumPy table."""
    table = np.asarray(probabilities)
    if not (table.ndim == 2 and table.size and _surely_probabilities(table)):
        check_probabilities(function, table)
    if not len(table):
        raise ValueError(
            f"{function}: want at least one place to calibrate on, got none."
        )
    return table.astype(jax.numpy.promote_types(table.dtype, np.float32), copy=False)


def _surely_probabilities(table: np.ndarray) -> bool:
    """Whether all lie in [0, 1], in one pass; some that do (-0.0) are not sure.

    Floats from 0 to 1 are, as unsigned integers, those up to that of 1; negative ones,
    larger ones and NaN are above.
    """
    unsigned = {"float32": np.uint32, "float64": np.uint64}.get(table.dtype.name)
    if unsigned is None or not table.dtype.isnative:
        return False
    one = np.ones(1, table.dtype).view(unsigned)[0]
    return bool(table.view(unsigned).max() <= one)


def fraction(function: str, name: str, value: Any) -> float:
    """A number strictly between 0 and 1.

    Raises:
      ValueError: it is none; names function and argument.
    """
    if isinstance(value, bool) or not 0 < value < 1:
        raise ValueError(f"{function}: want {name} between 0 and 1, got {value!r}.")
    return float(value)
