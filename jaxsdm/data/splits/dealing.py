"""Whole groups of sites dealt to folds: blocks, clusters, surveys, levels.

Two rules. By weight: folds of equal weight. By species: every species in as many folds
as it has groups, so that rare ones are neither lost from the training of a fold nor
from its test.
"""

import heapq

import numpy as np
import pandas as pd
from jaxtyping import Float, Int64, Shaped
from scipy import sparse

from jaxsdm.data.predictors import first_rows
from jaxsdm.data.splits.checks import check_folds
from jaxsdm.data.splits.presences import Counts, presences

_WHOLE = 1 << 21
"""A species' whole share in fixed point: whole numbers add up alike on every machine,
and the square of it times a million species fits 64 bits."""

_SWEEPS = 3
"""Passes over the groups to move one that sits badly; more of them gain little."""


def deal_groups(
    group: Shaped[np.ndarray, " sites"],
    folds: int,
    *,
    weights: Float[np.ndarray, " sites"] | None = None,
    counts: Counts | None = None,
    seed: int = 0,
) -> Int64[np.ndarray, " sites"]:
    r"""Folds made of whole groups.

    With `weights`, or with neither, groups are dealt from the heaviest to the lightest,
    each to the fold that has least so far; the seed decides between equals. Groups
    without any weight are then dealt so that folds are balanced in sites.

    With `counts`, groups come by their number of records, most first, and each goes to
    the fold where the sum over species of

    .. math:: \sum_f \left( q_{sf} - \frac{1}{F} \right)^2

    grows least, :math:`q_{sf}` being the mean of the fold's share of the groups of
    species `s` and of its records; all records together count as one species more.
    Shares of rare species are large, so they decide first. Groups are then moved while
    that lowers the sum. Groups without records are dealt by their number of sites, as
    above. To spread species over single sites, let every site be a group:
    `deal_groups(np.arange(sites), folds, counts=counts)`.

    Args:
      group: `[sites]` number or name of the group of each site.
      folds: how many.
      weights: `[sites]` what is balanced; without it, the number of sites.
      counts: `[sites, species]` what is spread; NaN where not looked for.
      seed: of the order among equals.

    Returns:
      `[sites]` fold of each site, from 0 to `folds - 1`.

    Raises:
      ValueError: if there are fewer groups than folds; if a group is missing; if a
        weight or count is negative or not finite; if both weights and counts are given.
    """
    number, levels = pd.factorize(group, sort=True)
    if np.any(number < 0):
        missing = number < 0
        raise ValueError(
            f"deal_groups: the group is missing in {missing.sum()} of {len(group)} "
            f"rows ({first_rows(missing)})."
        )
    check_folds(folds, len(levels), "groups")
    dealt = deal_numbered(
        "deal_groups", number.astype(np.int64), folds, weights, counts, seed
    )
    return dealt[number]


def deal_numbered(
    function: str,
    group: Int64[np.ndarray, " sites"],
    folds: int,
    weights: Float[np.ndarray, " sites"] | None,
    counts: Counts | None,
    seed: int,
) -> Int64[np.ndarray, " groups"]:
    """The fold of each group, where groups are numbered 0, 1, 2, ... without a gap.

    Args: those of `deal_groups`; `function` is whose they are, for messages.

    Raises:
      ValueError: on weights or counts that cannot be.
    """
    if weights is not None and counts is not None:
        raise ValueError(f"{function}: give weights or counts, not both.")
    if weights is not None and not np.all((weights >= 0) & np.isfinite(weights)):
        raise ValueError(
            f"{function}: weights are finite and >= 0, got {weights.min()} to "
            f"{weights.max()}."
        )
    sites = np.bincount(group).astype(np.float64)
    order = np.random.default_rng(seed).permutation(len(sites))
    if counts is None:
        heavy = sites if weights is None else np.bincount(group, weights)
        order = order[np.lexsort((-sites[order], -heavy[order]))]
        return _deal_by_weight(order, folds, heavy, sites)
    present = _sum_by_group(presences(function, counts, len(group)), group, len(sites))
    return _deal_by_species(order, folds, present, sites)


def _deal_by_weight(
    order: np.ndarray, folds: int, heavy: np.ndarray, sites: np.ndarray
) -> np.ndarray:
    fold = np.full(len(heavy), -1, np.int64)
    with_weight = heavy[order] > 0
    _deal_to_the_lightest(fold, order[with_weight], folds, heavy)
    first = np.bincount(
        fold[order[with_weight]], sites[order[with_weight]], minlength=folds
    )
    _deal_to_the_lightest(fold, order[~with_weight], folds, sites, first)
    return fold


def _deal_to_the_lightest(
    fold: np.ndarray,
    order: np.ndarray,
    folds: int,
    weight: np.ndarray,
    first: np.ndarray | None = None,
) -> None:
    """Fills `fold` of the groups in `order`; the least number among equal loads."""
    loads = [0.0] * folds if first is None else first.tolist()
    heap = [(load, number) for number, load in enumerate(loads)]
    heapq.heapify(heap)
    for one, heaviness in zip(order.tolist(), weight[order].tolist(), strict=True):
        load, lightest = heap[0]
        fold[one] = lightest
        heapq.heapreplace(heap, (load + heaviness, lightest))


def _deal_by_species(
    order: np.ndarray, folds: int, present: sparse.csr_array, sites: np.ndarray
) -> np.ndarray:
    """By shares of species; `present` is `[groups, species]` records."""
    groups, species = present.shape
    group_of, species_of = present.tocoo().coords
    groups_of_species = np.bincount(species_of, minlength=species)
    heavy = np.bincount(group_of, present.data, minlength=groups)
    order = order[np.lexsort((-sites[order], -heavy[order]))]

    share = _shares(present, groups_of_species, heavy)
    fold = np.full(groups, -1, np.int64)
    load = np.zeros((species + 1, folds), np.int64)
    occupied = order[heavy[order] > 0]
    for _ in range(1 + _SWEEPS):
        moved = False
        for one in occupied.tolist():
            part = slice(share.indptr[one], share.indptr[one + 1])
            column, of_species = share.indices[part], share.data[part]
            before = fold[one]
            if before >= 0:
                load[column, before] -= of_species
            crowding = of_species @ load[column]
            least = int(crowding.argmin())
            load[column, least] += of_species
            moved |= least != before
            fold[one] = least
        if not moved:
            break
    first = np.bincount(fold[occupied], sites[occupied], minlength=folds)
    _deal_to_the_lightest(fold, order[heavy[order] == 0], folds, sites, first)
    return fold


def _shares(
    present: sparse.csr_array, groups_of_species: np.ndarray, heavy: np.ndarray
) -> sparse.csr_array:
    """`[groups, species + 1]` share of a group in each species and in all records."""
    group_of, species_of = present.tocoo().coords
    records = np.bincount(species_of, present.data, minlength=present.shape[1])
    of_groups = 1 / groups_of_species[species_of]
    of_records = present.data / records[species_of]
    everything = np.flatnonzero(heavy)
    values = np.r_[(of_groups + of_records) / 2, heavy[everything] / heavy.sum()]
    places = (
        np.r_[group_of, everything],
        np.r_[species_of, np.full(len(everything), present.shape[1])],
    )
    # At least one unit, so that no group of a species is as good as none.
    fixed = np.maximum(np.rint(values * _WHOLE), 1).astype(np.int64)
    shape = present.shape[0], present.shape[1] + 1
    return sparse.coo_array((fixed, places), shape=shape).tocsr()


def _sum_by_group(
    present: sparse.csr_array, group: np.ndarray, groups: int
) -> sparse.csr_array:
    site, species = present.tocoo().coords
    table = sparse.coo_array(
        (present.data, (group[site], species)), shape=(groups, present.shape[1])
    )
    return table.tocsr()  # Adds what is twice.
