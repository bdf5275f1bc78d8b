"""How the difference of two sites grows with their distance, and where it levels off.

The empirical semivariogram is half the mean squared difference of pairs of sites by
classes of distance; the spherical model gives it a range, beyond which two sites tell
nothing of each other (Cressie 1993, Statistics for Spatial Data, sections 2.4 and 2.6,
doi:10.1002/9781119115151).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy import optimize

_TRIED_RANGES = 100


class Spherical(NamedTuple):
    """A spherical semivariogram.

    Attributes:
      range: distance from which on values are not related; 0 if they never are, the
        longest distance if they still are there.
      sill: semivariance from the range on, the nugget included, in squared units.
      nugget: semivariance at distance 0.
    """

    range: float
    sill: float
    nugget: float

    def at(
        self, distance: Float64[np.ndarray, " distances"]
    ) -> Float64[np.ndarray, " distances"]:
        """Semivariance at these distances above 0."""
        if self.range == 0:
            return np.full(len(distance), self.sill)
        rise = _rise(distance, self.range)
        return self.nugget + (self.sill - self.nugget) * rise


def distance_classes(longest: float, bins: int) -> Float64[np.ndarray, " edges"]:
    """Edges from 0 to the longest distance, closer at short ones.

    Squares of equal steps: near pairs are few and say most about the range, and a range
    may be a hundredth of the area as well as half of it.
    """
    return longest * np.linspace(0, 1, bins + 1) ** 2


def fit_spherical(
    distance: Float64[np.ndarray, " bins"],
    semivariance: Float64[np.ndarray, " bins"],
    pairs: Float64[np.ndarray, " bins"],
    longest: float,
) -> Spherical:
    """The spherical model by weighted least squares, sill and nugget not below 0.

    Weights are pairs / distance squared: near classes decide. For a given range the
    model is linear in sill and nugget, so ranges are tried from the shortest distance
    to the longest and the best one is refined.

    Args:
      distance: `[bins]` mean distance of the pairs of a class, above 0.
      semivariance: `[bins]` of the class.
      pairs: `[bins]` how many they are.
      longest: the greatest range to consider.
    """
    root = np.sqrt(pairs) / distance
    scale = semivariance.max() or 1.0
    wanted = root * semivariance / scale

    def fitted(reach: float) -> tuple[np.ndarray, float]:
        model = np.stack([np.ones(len(distance)), _rise(distance, reach)], axis=1)
        return optimize.nnls(root[:, None] * model, wanted)

    tried = np.geomspace(distance.min(), longest, _TRIED_RANGES)
    best = int(np.argmin([fitted(reach)[1] for reach in tried]))
    around = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
    refined = optimize.minimize_scalar(
        lambda reach: fitted(reach)[1], bounds=around, method="bounded"
    )
    reach = min((tried[best], float(refined.x)), key=lambda reach: fitted(reach)[1])
    (nugget, rise), _ = fitted(reach)
    if rise == 0:
        return Spherical(0.0, float(nugget * scale), float(nugget * scale))
    return Spherical(
        float(reach), float((nugget + rise) * scale), float(nugget * scale)
    )


def _rise(distance: np.ndarray, reach: float) -> np.ndarray:
    part = np.minimum(distance / reach, 1)
    return 1.5 * part - 0.5 * part**3
