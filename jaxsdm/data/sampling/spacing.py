"""Points that keep their distance: the greedy choice in an order, in rounds.

The greedy choice takes points in the order of their rank and keeps each that has no
kept point nearer than the distance. The rank alone decides, so that many places can be
settled at once: points are sorted into cubes as wide as the distance, and the best
point of a cube that is better than the best of every cube around it cannot lose to any
point that is left. In a random order few rounds are enough (Blelloch, Fineman and Shun
2012, Greedy sequential maximal independent set and matching are parallel on average,
doi:10.1145/2312005.2312058).
"""

import dataclasses
import itertools

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64, Shaped

_FEW = 2000
"""So few points are chosen faster one by one than in rounds."""

_SLOW = 0.02
"""Rounds that settle a smaller share of the cubes do not pay: the order runs along a
chain of neighbours, such as time along a track, and a round sees its head only."""

_PAIRS_AT_ONCE = 2**21
_SPARE = 1e-6  # cubes are wider by so much, more than is lost by rounding
_FINEST = 1e-9  # of the extent: narrower cubes would have no exact numbers


def order_of_choice(
    caller: str,
    number: int,
    priority: Shaped[np.ndarray, " points"] | None,
    seed: int,
) -> Int64[np.ndarray, " points"]:
    """The rank of each point: greater priority first, NaN last, equals at random."""
    chance = np.random.default_rng(seed).permutation(number)
    if priority is None:
        return chance
    _check_length(caller, "priority", priority, number)
    order = np.lexsort((chance, -priority.astype(np.float64)))
    rank = np.empty(number, np.int64)
    rank[order] = np.arange(number)
    return rank


def group_numbers(
    caller: str, number: int, groups: Shaped[np.ndarray, " points"] | None
) -> Int64[np.ndarray, " points"] | None:
    """Names or numbers of groups as numbers from 0."""
    if groups is None:
        return None
    _check_length(caller, "groups", groups, number)
    return pd.factorize(groups, use_na_sentinel=False)[0].astype(np.int64)


def greedy_spacing(
    points: Float64[np.ndarray, "points dimensions"],
    distance: float,
    rank: Int64[np.ndarray, " points"],
    group: Int64[np.ndarray, " points"] | None = None,
) -> Bool[np.ndarray, " points"]:
    """Which points the greedy choice keeps.

    Args:
      points: in a space of straight distances, of 1 to 3 dimensions: the cubes around
        a cube grow in number with each.
      distance: no two kept points are nearer than this; 0 keeps all.
      rank: `[points]` the order of the choice: the numbers 0 to points - 1, once each.
      group: `[points]` numbers; points of different groups do not see each other.

    Returns:
      `[points]` True where kept. Every other point has a kept one of a smaller rank
      nearer than the distance.
    """
    if not len(points) or distance == 0:
        return np.ones(len(points), bool)
    order, cubes = _sorted_into_cubes(points, distance, group)
    points, rank = points[order], rank[order]
    kept = np.zeros(len(points), bool)
    left = np.arange(len(points))
    while len(left) > _FEW:
        settled, share = cubes.settle(left, rank)
        kept[settled] = True
        gone = cubes.near(settled, left, points, distance)
        left = left[~gone[left]]
        if share < _SLOW:
            break
    left = left[np.argsort(rank[left])]
    kept[cubes.one_by_one(left, points, distance)] = True
    chosen = np.zeros(len(points), bool)
    chosen[order[kept]] = True
    return chosen


@dataclasses.dataclass(frozen=True, eq=False)
class _Cubes:
    """The cubes that have points, by number; points come sorted by cube.

    Attributes:
      cube: `[points]` in which each lies, ascending.
      around: `[cubes, 3 ** dimensions]` each cube, then those that touch it; the
        number of cubes where there is none.
    """

    cube: Int64[np.ndarray, " points"]
    around: Int64[np.ndarray, "cubes neighbours"]

    def settle(
        self, left: Int64[np.ndarray, " left"], rank: Int64[np.ndarray, " points"]
    ) -> tuple[Int64[np.ndarray, " settled"], float]:
        """Points that are the best of all cubes around, and their share of cubes."""
        start = _starts(self.cube[left])
        occupied = self.cube[left[start]]
        best = np.minimum.reduceat(rank[left], start)
        best_of = np.full(len(self.around) + 1, len(rank))
        best_of[occupied] = best
        wins = best == best_of[self.around[occupied]].min(axis=1)
        # The best of a cube is found again by its rank: ranks are all different.
        place = np.empty(len(rank), np.int64)
        place[rank[left]] = left
        return place[best[wins]], float(wins.mean())

    def near(
        self,
        settled: Int64[np.ndarray, " settled"],
        left: Int64[np.ndarray, " left"],
        points: Float64[np.ndarray, "points dimensions"],
        distance: float,
    ) -> Bool[np.ndarray, " points"]:
        """Which points are nearer than the distance to a settled one, itself too."""
        start = _starts(self.cube[left])
        first, number = (np.zeros(len(self.around) + 1, np.int64) for _ in range(2))
        first[self.cube[left[start]]] = start
        number[self.cube[left[start]]] = np.diff(np.r_[start, len(left)])
        around = self.around[self.cube[settled]]
        pairs = np.cumsum(number[around].sum(axis=1))
        gone = np.zeros(len(points), bool)
        begin = 0
        while begin < len(settled):
            done = pairs[begin - 1] if begin else 0
            end = np.searchsorted(pairs, done + _PAIRS_AT_ONCE, side="right")
            part = slice(begin, max(int(end), begin + 1))
            length = number[around[part]]
            other = left[_ranges(first[around[part]].ravel(), length.ravel())]
            centre = np.repeat(settled[part], length.sum(axis=1))
            squared = np.sum((points[other] - points[centre]) ** 2, axis=1)
            gone[other[squared < distance**2]] = True
            begin = part.stop
        return gone

    def one_by_one(
        self,
        left: Int64[np.ndarray, " left"],
        points: Float64[np.ndarray, "points dimensions"],
        distance: float,
    ) -> list[int]:
        """The greedy choice among points in their order, as it is defined."""
        held: dict[int, list[list[float]]] = {}
        kept = []
        for begin in range(0, len(left), _FEW):  # lists of a few points at a time
            some = left[begin : begin + _FEW]
            for place, here, around in zip(
                some.tolist(),
                points[some].tolist(),
                self.around[self.cube[some]].tolist(),
                strict=True,
            ):
                if not any(
                    sum((a - b) ** 2 for a, b in zip(here, other, strict=True))
                    < distance**2
                    for cube in around
                    if cube in held
                    for other in held[cube]
                ):
                    kept.append(place)
                    held.setdefault(around[0], []).append(here)
        return kept


def _sorted_into_cubes(
    points: Float64[np.ndarray, "points dimensions"],
    distance: float,
    group: Int64[np.ndarray, " points"] | None,
) -> tuple[Int64[np.ndarray, " points"], _Cubes]:
    """The order that sorts points by cube, and the cubes in that order."""
    least = points.min(axis=0)
    extent = points.max(axis=0) - least
    side = max(distance * (1 + _SPARE), float(extent.max()) * _FINEST)
    # One number a cube: a step along an axis adds its stride. A margin of one cube
    # keeps the ends of rows apart. Where numbers grow beyond 64 bits they wrap and two
    # cubes may become one: such a cube is slower to settle, and as right.
    along = np.floor((points - least) / side).astype(np.int64)
    spans = [int(n) + 3 for n in along.max(axis=0)]
    strides = np.array(
        [_wrapped(int(np.prod(spans[:i], dtype=object))) for i in range(len(spans) + 1)]
    )
    with np.errstate(over="ignore"):
        key = (along * strides[:-1]).sum(axis=1)
        if group is not None:
            key += group * strides[-1]
        order = np.argsort(key, kind="stable")
        start = _starts(key[order])
        cube = np.repeat(np.arange(len(start)), np.diff(np.r_[start, len(key)]))
        keys = key[order[start]]
        steps = sorted(itertools.product((-1, 0, 1), repeat=len(spans)), key=any)
        around = np.empty((len(keys), len(steps)), np.int64)
        for column, step in enumerate(steps):
            wanted = keys + np.int64((np.array(step) * strides[:-1]).sum())
            found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            around[:, column] = np.where(keys[found] == wanted, found, len(keys))
    return order, _Cubes(cube, around)


def _wrapped(number: int) -> int:
    """A whole number in 64 bits with a sign, as overflow leaves it."""
    return (number + 2**63) % 2**64 - 2**63


def _starts(ascending: Int64[np.ndarray, " points"]) -> Int64[np.ndarray, " runs"]:
    """Where runs of equal numbers begin."""
    return np.flatnonzero(np.diff(ascending, prepend=ascending[:1] - 1))


def _ranges(
    first: Int64[np.ndarray, " ranges"], length: Int64[np.ndarray, " ranges"]
) -> Int64[np.ndarray, " all"]:
    """The numbers of all ranges, one range after the other."""
    before = np.cumsum(length) - length
    return np.repeat(first - before, length) + np.arange(length.sum())


def _check_length(
    caller: str, name: str, values: Shaped[np.ndarray, " points"], number: int
) -> None:
    if values.shape != (number,):
        raise ValueError(
            f"{caller}: {name} of {number} records, got shape {values.shape}."
        )
