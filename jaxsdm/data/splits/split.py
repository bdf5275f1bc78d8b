"""A split: which sites test each fold, and which stay out of its training.

Fold numbers alone say that all other sites train. A split also says what has to leave
the training of a fold: sites too near to its test sites, or years after them.
"""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float64, Int64
from scipy import spatial

from jaxsdm.data.splits.checks import check_distance, check_places
from jaxsdm.data.surface import Surface

Rows = Int64[np.ndarray, " rows"]


@dataclasses.dataclass(frozen=True, eq=False)
class Split:
    """Test and training sites of each fold.

    Iterating gives `(training_rows, test_rows)` fold by fold, row numbers ascending.

    Attributes:
      fold: `[sites]` the fold that a site tests, from 0; -1 where a site is never
        tested, as with background sites: it trains in every fold.
      left_out: for each fold, the rows that neither test nor train it, ascending.

    Raises:
      ValueError: if a fold number is below -1, has no rows in `left_out`, or a row
        left out is a test row of that fold or no row at all.
    """

    fold: Int64[np.ndarray, " sites"]
    left_out: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        lowest, highest = _range_of(self.fold)
        if lowest < -1 or highest >= self.folds:
            raise ValueError(
                f"Split: fold numbers from -1 to {self.folds - 1}, as left_out has "
                f"{self.folds} entries; got {lowest} to {highest}."
            )
        for number, rows in enumerate(self.left_out):
            first, last = _range_of(rows)
            if first < 0 or last >= len(self.fold):
                raise ValueError(
                    f"Split: left_out[{number}] has row {first if first < 0 else last},"
                    f" the {len(self.fold)} sites are rows 0 to {len(self.fold) - 1}."
                )
            if np.any(self.fold[rows] == number):
                raise ValueError(
                    f"Split: left_out[{number}] has test rows of fold {number}."
                )

    @classmethod
    def of(cls, fold: Int64[np.ndarray, " sites"]) -> "Split":
        """The split of these fold numbers in which all other sites train."""
        nothing = np.empty(0, np.int64)
        return cls(fold, (nothing,) * (_range_of(fold)[1] + 1))

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return len(self.left_out)

    def __len__(self) -> int:
        return self.folds

    def __iter__(self) -> Iterator[tuple[Rows, Rows]]:
        for test, left_out in zip(self.test_rows(), self.left_out, strict=True):
            training = np.ones(len(self.fold), bool)
            training[test] = training[left_out] = False
            yield np.flatnonzero(training), test

    def test_rows(self) -> list[Rows]:
        """For each fold, the rows that test it, ascending."""
        by_fold = np.argsort(self.fold, kind="stable")
        starts = np.searchsorted(self.fold[by_fold], np.arange(self.folds + 1))
        return [by_fold[start:end] for start, end in itertools.pairwise(starts)]


def buffered(
    fold: Int64[np.ndarray, " sites"],
    x: Float64[np.ndarray, " sites"],
    y: Float64[np.ndarray, " sites"],
    distance: float | int,
    *,
    crs: str = "",
) -> Split:
    """A split with a strip around the test sites of each fold that does not train.

    Without it, sites on both sides of a block's edge are neighbours, one in training
    and one in the test.

    Args:
      fold: `[sites]` fold of each site, -1 for one that is never tested.
      x: `[sites]` in units of the CRS.
      y: `[sites]`
      distance: sites this near to a test site of a fold, or nearer, leave its training;
        metres if the CRS is one of degrees, otherwise units of the CRS.
      crs: coordinate reference system of x and y; `""` is a plane without a name.

    Raises:
      ValueError: if a coordinate is not finite, lengths differ, or the distance is
        not a finite number of at least 0.
    """
    check_places("buffered", x, y, fold=fold)
    check_distance("buffered", distance)
    plain, surface = Split.of(fold), Surface(crs)
    points, reach = surface.points(x, y), float(surface.straight(distance))
    # The bound of a query is itself left out, and its square must not vanish.
    reach = max(float(np.nextafter(reach, np.inf)), 1e-150)
    left_out = []
    for number, test in enumerate(plain.test_rows()):
        if len(test) == 0:
            left_out.append(test)
            continue
        # The box around the test sites spares the tree most questions where folds are
        # many and compact.
        low, high = points[test].min(axis=0) - reach, points[test].max(axis=0) + reach
        near = (fold != number) & np.all((points >= low) & (points <= high), axis=1)
        candidates = np.flatnonzero(near)
        tree = spatial.cKDTree(points[test])
        nearest, _ = tree.query(points[candidates], distance_upper_bound=reach)
        left_out.append(candidates[np.isfinite(nearest)])
    return Split(fold, tuple(left_out))


def as_split(split: Split | Int64[np.ndarray, " sites"]) -> Split:
    """The split itself, or that of fold numbers."""
    return split if isinstance(split, Split) else Split.of(split)


def _range_of(numbers: np.ndarray) -> tuple[int, int]:
    """Least and greatest; of none, what is in every range."""
    return int(numbers.min(initial=0)), int(numbers.max(initial=-1))
