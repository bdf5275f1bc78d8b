"""From how far on sites are strangers: the size of blocks that keep a test honest.

Blocks shorter than the range of spatial autocorrelation leave in training what is
alike to the test. The range is that of the predictors, or of residuals or records, by
a semivariogram of each (Valavi et al. 2019, blockCV, Methods in Ecology and Evolution
10, 225-232, doi:10.1111/2041-210X.13107).
"""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64
from scipy import spatial

from jaxsdm.data.splits.blocks import from_the_west
from jaxsdm.data.splits.checks import check_places
from jaxsdm.data.splits.variogram import distance_classes, fit_spherical
from jaxsdm.data.surface import EARTH_RADIUS, Surface

_FEWEST_PAIRS = 30
"""In a class of distance (Journel & Huijbregts 1978, Mining Geostatistics, p. 194)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Autocorrelation:
    """Range of spatial autocorrelation of each variable, and what it was read from.

    Attributes:
      table: a row a variable, by name: `range` (in `unit`; 0 where no pair of sites is
        more alike than any other, NaN where the variable is constant), `sill` and
        `nugget` (squared units of the variable), `at_least` (whether the range is
        beyond the longest distance looked at, so that it is only a lower bound).
      semivariance: a row a class of distance, a column a variable; the index is the
        mean distance of its pairs.
      longest: the longest distance looked at, in `unit`.
      unit: of distances: `"m"`, or that of the CRS.
    """

    table: pd.DataFrame
    semivariance: pd.DataFrame
    longest: float
    unit: str


@dataclasses.dataclass(frozen=True, eq=False)
class BlockSize:
    """A side for blocks.

    Attributes:
      size: for `spatial_blocks(block_size=...)` with the same CRS: metres if it is one
        of degrees, otherwise units of the CRS.
      range: the median over the variables, which `size` is unless it is bounded.
      bounded: empty, or why the size is another than the range.
      autocorrelation: of each variable.
    """

    size: float
    range: float
    bounded: str
    autocorrelation: Autocorrelation


def autocorrelation_range(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    values: pd.DataFrame | Float[np.ndarray, "sites variables"],
    *,
    crs: str = "",
    points: int = 2000,
    bins: int = 15,
    longest: float | int | None = None,
    seed: int = 0,
) -> Autocorrelation:
    """The distance from which on values of two sites are not related.

    A spherical model is fitted to the semivariogram of each variable at sites drawn at
    random. A variable with a trend over the whole area never levels off: its range is
    then the longest distance and marked `at_least`.

    Args:
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      values: numbers at the sites, a column a variable: predictors, residuals, or the
        number of records. Sites with a missing value are left out of the draw.
      crs: coordinate reference system of x and y; `""` is a plane without a name.
      points: sites to draw at most; all pairs of them are compared.
      bins: classes of distance; those with fewer than 30 pairs are left out.
      longest: the longest distance looked at; without it, half of the longest between
        sites drawn.
      seed: of the draw.

    Raises:
      ValueError: if lengths differ, a coordinate is not finite, a column is not of
        numbers, or fewer than 3 classes of distance have pairs enough.
    """
    frame = pd.DataFrame(values)
    check_places("autocorrelation_range", x, y, values=frame.to_numpy())
    text = [str(c) for c in frame if not pd.api.types.is_numeric_dtype(frame[c].dtype)]
    if text:
        raise ValueError(
            f"autocorrelation_range: not numbers: {', '.join(text)}; leave out "
            "categories, their differences have no size."
        )
    table = frame.to_numpy(np.float64, na_value=np.nan)
    usable = np.flatnonzero(np.isfinite(table).all(axis=1))
    rng = np.random.default_rng(seed)
    drawn = np.sort(rng.choice(usable, min(points, len(usable)), replace=False))
    surface = Surface(crs)
    distance = surface.along(spatial.distance.pdist(surface.points(x[drawn], y[drawn])))
    longest = float(distance.max(initial=0) / 2 if longest is None else longest)
    edges = distance_classes(longest, bins)
    class_of_pair = np.searchsorted(edges, distance, side="left") - 1
    near = (class_of_pair >= 0) & (class_of_pair < bins)
    class_of_pair = class_of_pair[near]
    pairs = np.bincount(class_of_pair, minlength=bins)
    filled = pairs >= _FEWEST_PAIRS
    if filled.sum() < 3:
        raise ValueError(
            f"autocorrelation_range: {filled.sum()} of {bins} classes of distance up to"
            f" {longest:g} {surface.unit} have {_FEWEST_PAIRS} pairs of the "
            f"{len(drawn)} sites drawn, at least 3 are needed; give more sites or "
            "fewer bins."
        )
    mean = np.bincount(class_of_pair, distance[near], bins)[filled] / pairs[filled]
    rows, semivariance = [], {}
    for name, column in zip(frame.columns, table[drawn].T, strict=True):
        squared = spatial.distance.pdist(column[:, None], "sqeuclidean")[near] / 2
        half = np.bincount(class_of_pair, squared, bins)[filled] / pairs[filled]
        semivariance[name] = half
        model = fit_spherical(mean, half, pairs[filled].astype(np.float64), longest)
        constant = not half.any()
        reach = np.nan if constant else model.range
        rows.append((reach, model.sill, model.nugget, bool(reach > 0.99 * longest)))
    return Autocorrelation(
        pd.DataFrame(
            rows, frame.columns, ["range", "sill", "nugget", "at_least"]
        ).rename_axis("variable"),
        pd.DataFrame(semivariance, pd.Index(mean, name="distance")),
        longest,
        surface.unit,
    )


def suggest_block_size(
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    values: pd.DataFrame | Float[np.ndarray, "sites variables"],
    *,
    crs: str = "",
    points: int = 2000,
    seed: int = 0,
) -> BlockSize:
    """A side for blocks: the median range of autocorrelation over the variables.

    Never so large that fewer than about nine blocks cover the sites' extent, for folds
    are made of whole blocks; and never shorter than the shortest distances looked at.
    The result says when it is bounded: blocks shorter than the range leave neighbours
    in training, so leave a strip out of it (`buffered`).

    Args: those of `autocorrelation_range`.

    Raises:
      ValueError: as there, and if all variables are constant.
    """
    found = autocorrelation_range(x, y, values, crs=crs, points=points, seed=seed)
    reach = float(found.table["range"].median())
    if np.isnan(reach):
        raise ValueError("suggest_block_size: all variables are constant.")
    least = float(found.semivariance.index[0])
    most = _side_of_nine_blocks(x, y, Surface(crs))
    if reach > most:
        bounded = (
            f"the range of {reach:g} {found.unit} leaves fewer than nine blocks; leave "
            "out of training what is nearer to the test than that"
        )
        return BlockSize(most, reach, bounded, found)
    if reach < least:
        bounded = f"nothing is known of distances under {least:g} {found.unit}"
        return BlockSize(min(least, most), reach, bounded, found)
    return BlockSize(reach, reach, "", found)


def _side_of_nine_blocks(x: np.ndarray, y: np.ndarray, surface: Surface) -> float:
    """Squares of this side cover the extent by about 3 x 3, a thin one by 1 x 9."""
    height = np.ptp(y)
    width = np.ptp(x)
    if surface.is_sphere:
        height = np.deg2rad(height) * EARTH_RADIUS
        middle = np.deg2rad((y.min() + y.max()) / 2)
        width = np.deg2rad(np.ptp(from_the_west(x))) * EARTH_RADIUS * np.cos(middle)
    return float(max(np.sqrt(height * width) / 3, height / 9, width / 9))
