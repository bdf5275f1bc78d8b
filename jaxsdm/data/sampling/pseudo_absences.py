"""Pseudo-absences: places taken for absences because they are unlike the presences.

Models of presence and absence need both. Where nobody recorded absences they are drawn
not too near the presences, or outside the environment that these have (Barbet-Massin et
al. 2012, Methods in Ecology and Evolution 3, 327-338,
doi:10.1111/j.2041-210X.2011.00172.x). Background sites (`random_background`) are
something else: they say what there is, not where the species is absent.
"""

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.spatial import cKDTree

from jaxsdm.data.surface import Surface

METHODS = ("envelope", "distance")
"""How `environmental_pseudo_absences` tells what is unlike the presences."""


def disk_pseudo_absences(
    x: Float64[np.ndarray, " candidates"],
    y: Float64[np.ndarray, " candidates"],
    presence_x: Float64[np.ndarray, " presences"],
    presence_y: Float64[np.ndarray, " presences"],
    number: int,
    *,
    at_least: float | int | None = None,
    at_most: float | int | None = None,
    crs: str = "",
    seed: int = 0,
) -> Int64[np.ndarray, " drawn"]:
    """Candidates drawn at random by the distance to their nearest presence.

    Args:
      x: `[candidates]` in units of `crs`.
      y: `[candidates]`
      presence_x: `[presences]` in the same units.
      presence_y: `[presences]`
      number: how many candidates.
      at_least: no presence is nearer: metres along the ground if `crs` is in degrees,
        else units of it. None is no limit.
      at_most: some presence is as near as this; None is no limit.
      crs: coordinate reference system of all; `""` is a plane without a name.
      seed: of the draw.

    Returns:
      Row numbers of candidates, ascending, each at most once.

    Raises:
      ValueError: if there is no presence, a coordinate is missing or infinite, or fewer
        than `number` candidates are so far away.
    """
    caller = "disk_pseudo_absences"
    _check_presences(caller, len(presence_x))
    for name, values in (("candidates", x + y), ("presences", presence_x + presence_y)):
        lost = np.flatnonzero(~np.isfinite(values))
        if len(lost):
            raise ValueError(
                f"{caller}: {len(lost)} of {len(values)} {name} without finite "
                f"coordinates, the first in row {lost[0]}; leave them out."
            )
    surface = Surface(crs)
    tree = cKDTree(surface.points(presence_x, presence_y))
    straight, _ = tree.query(surface.points(x, y))
    fits = np.ones(len(x), bool)
    if at_least is not None:
        fits &= straight >= surface.straight(at_least)
    if at_most is not None:
        fits &= straight <= surface.straight(at_most)
    wanted = (
        f"with the nearest presence at {0 if at_least is None else at_least:g} to "
        f"{np.inf if at_most is None else at_most:g} {surface.unit}"
    )
    return _draw(caller, fits, number, wanted, seed)


def environmental_pseudo_absences(
    values: Float64[np.ndarray, "candidates predictors"],
    presence_values: Float64[np.ndarray, "presences predictors"],
    number: int,
    *,
    method: str = "envelope",
    quantile: float | int = 0.025,
    seed: int = 0,
) -> Int64[np.ndarray, " drawn"]:
    """Candidates drawn at random outside the environment of the presences.

    Args:
      values: `[candidates, predictors]` finite; quantities, not codes.
      presence_values: `[presences, predictors]` finite, in the same order.
      number: how many candidates.
      method: `"envelope"`: some predictor is below its `quantile` among the presences
        or above its `1 - quantile` (surface range envelope, SRE, of biomod2).
        `"distance"`: the Mahalanobis distance to the mean of the presences is above
        that of all but a share `quantile` of them; needs more presences than
        predictors.
      quantile: from 0 to below 1/2.
      seed: of the draw.

    Returns:
      Row numbers of candidates, ascending, each at most once.

    Raises:
      ValueError: if the method is unknown, the quantile is out of range, values are not
        finite, there are too few presences, or fewer than `number` candidates are
        outside.
    """
    caller = "environmental_pseudo_absences"
    if method not in METHODS:
        raise ValueError(
            f"{caller}: no method {method!r}; there are {', '.join(METHODS)}."
        )
    if not 0 <= quantile < 0.5:
        raise ValueError(f"{caller}: quantile from 0 to below 0.5, got {quantile}.")
    _check_presences(caller, len(presence_values))
    for name, table in (("candidates", values), ("presences", presence_values)):
        odd = np.argwhere(~np.isfinite(table))
        if len(odd):
            raise ValueError(
                f"{caller}: {len(odd)} values of {name} are not finite, the first in "
                f"row {odd[0, 0]}, column {odd[0, 1]}; leave these rows out."
            )
    if method == "envelope":
        low, high = np.quantile(presence_values, [quantile, 1 - quantile], axis=0)
        fits = ((values < low) | (values > high)).any(axis=1)
    else:
        limit = np.quantile(_distance(presence_values, presence_values), 1 - quantile)
        fits = _distance(values, presence_values) > limit
    wanted = f"outside the environment of the presences ({method}, {quantile:g})"
    return _draw(caller, fits, number, wanted, seed)


def _distance(
    values: Float64[np.ndarray, "rows predictors"],
    presences: Float64[np.ndarray, "presences predictors"],
) -> Float64[np.ndarray, " rows"]:
    """Mahalanobis distances to the mean of presences."""
    mean, spread = presences.mean(axis=0), presences.std(axis=0)
    unit = np.where(spread > 0, spread, 1.0)
    # Standardised first: predictors of very different units would look dependent.
    scaled = (presences - mean) / unit
    _, size, axes = np.linalg.svd(scaled, full_matrices=False)
    tiny = size <= size.max(initial=0.0) * max(scaled.shape) * np.finfo(float).eps
    if len(size) < presences.shape[1] or tiny.any():
        raise ValueError(
            f"environmental_pseudo_absences: {len(presences)} presences do not vary in "
            f"{presences.shape[1]} predictors independently, so there is no distance; "
            "use method='envelope' or fewer predictors."
        )
    along = (values - mean) / unit @ axes.T / size * np.sqrt(len(presences))
    return np.asarray(np.sqrt(np.sum(along**2, axis=1)))


def _check_presences(caller: str, presences: int) -> None:
    if not presences:
        raise ValueError(f"{caller}: no presences, so nothing to be unlike.")


def _draw(
    caller: str,
    fits: Bool[np.ndarray, " candidates"],
    number: int,
    wanted: str,
    seed: int,
) -> Int64[np.ndarray, " drawn"]:
    """Some of the candidates that fit."""
    possible = np.flatnonzero(fits)
    if not 0 <= number <= len(possible):
        raise ValueError(
            f"{caller}: {number} candidates wanted, {len(possible)} of {len(fits)} are "
            f"{wanted}; ask for fewer or widen the limits."
        )
    chosen = np.random.default_rng(seed).choice(len(possible), number, replace=False)
    return possible[np.sort(chosen)]
