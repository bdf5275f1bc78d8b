"""When two records are at one place: equal coordinates, as they are written in files.

Digits that differ by rounding, and meridians that have two names (190 and -170), must
not make two places of one.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64

_PER_DEGREE = 10_000_000
"""Places within 1e-7 degree (a centimetre) may be one. The number of steps around and
from pole to pole, 3.6e9 x 1.8e9, still fits one int64."""


def is_on_earth(
    longitude: Float64[np.ndarray, " points"], latitude: Float64[np.ndarray, " points"]
) -> Bool[np.ndarray, " points"]:
    """Whether longitudes are in -180..360 and latitudes in -90..90; NaN is not."""
    around = (longitude >= -180) & (longitude <= 360)
    return np.asarray(around & (latitude >= -90) & (latitude <= 90))


def place_numbers(
    longitude: Float64[np.ndarray, " points"], latitude: Float64[np.ndarray, " points"]
) -> Int64[np.ndarray, " points"]:
    """One number for each place: equal where coordinates are, to 1e-7 degree.

    Longitudes are angles, and at a pole all of them are one place. Points that are not
    on earth, or have no coordinates, get -1.
    """
    real = is_on_earth(longitude, latitude)
    longitude = np.where(real, longitude, 0.0) % 360
    latitude = np.where(real, latitude, 0.0)
    east = np.rint(longitude * _PER_DEGREE).astype(np.int64) % (360 * _PER_DEGREE)
    north = np.rint((latitude + 90) * _PER_DEGREE).astype(np.int64)
    poles = 180 * _PER_DEGREE
    east[(north == 0) | (north == poles)] = 0
    return np.where(real, east * (poles + 1) + north, -1)
