"""Whether probabilities sum to the number of species that is found."""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.surveys import surveys


class RichnessBias(NamedTuple):
    """Expected against observed richness, over places.

    Attributes:
      places: how many had species that were looked for.
      expected: mean sum of probabilities, species.
      observed: mean number of species found.
      bias: expected - observed.
      ratio: expected / observed; NaN if nothing was found.
      root_mean_square: of the difference at a place, species.
      correlation: of expected and observed over places; NaN if either is constant.
      z: bias over its standard error if the probabilities hold and species are
        independent given the place; beyond 3 they do not. NaN if all are 0 or 1.
    """

    places: int
    expected: float
    observed: float
    bias: float
    ratio: float
    root_mean_square: float
    correlation: float
    z: float


def richness_bias(probabilities: ArrayLike, labels: ArrayLike) -> RichnessBias:
    """How far sums of probabilities are from richness.

    Rules that trust probabilities (SSE, the maximisers of an expected score) give sets
    that are too large where the bias is positive.

    Args:
      probabilities: `[places, species]`.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for: such a
        species counts on neither side.

    Raises:
      ValueError: an invalid calibration set, or nothing was looked for anywhere.
    """
    table, present, known = surveys("richness_bias", probabilities, labels)
    looked = known.any(axis=1)
    if not looked.any():
        raise ValueError("richness_bias: want species that were looked for, got none.")
    p = np.where(known, table.astype(np.float64), 0)[looked]
    expected, observed = p.sum(axis=1), present[looked].sum(axis=1).astype(np.float64)
    bias = float(np.mean(expected - observed))
    error = float(np.sqrt(np.sum(p * (1 - p)))) / len(p)
    nan = float("nan")
    varies = np.ptp(expected) > 0 and np.ptp(observed) > 0
    return RichnessBias(
        len(p),
        float(expected.mean()),
        float(observed.mean()),
        bias,
        float(expected.mean() / observed.mean()) if observed.any() else nan,
        float(np.sqrt(np.mean((expected - observed) ** 2))),
        float(np.corrcoef(expected, observed)[0, 1]) if varies else nan,
        bias / error if error > 0 else nan,
    )
