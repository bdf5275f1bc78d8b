"""Tests for jaxsdm.data.splits.dealing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn import model_selection

from jaxsdm.data.splits import deal_groups

RNG = np.random.default_rng(0)


def test_same_as_group_k_fold_where_no_groups_are_equal():
    group = np.repeat(RNG.permutation(30), np.arange(1, 31) ** 2)
    want = np.empty(len(group), np.int64)
    splitter = model_selection.GroupKFold(5).split(group, groups=group)
    for number, (_, test) in enumerate(splitter):
        want[test] = number
    np.testing.assert_array_equal(deal_groups(group, 5), want)


def test_as_many_folds_as_groups_leave_one_group_out():
    group = np.array(["north", "south", "east"])[RNG.integers(0, 3, 50)]
    got = deal_groups(group, 3)
    tests = {tuple(np.flatnonzero(got == number)) for number in range(3)}
    splitter = model_selection.LeaveOneGroupOut().split(group, groups=group)
    assert tests == {tuple(test) for _, test in splitter}


groups = st.integers(2, 25)


@given(groups, st.integers(2, 5), st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_groups_stay_whole_and_no_fold_is_empty(number, folds, species, seed):
    rng = np.random.default_rng(seed)
    number = max(number, folds)
    group = np.r_[np.arange(number), rng.integers(0, number, 60)]
    counts = rng.poisson(0.3, (len(group), species)).astype(np.float32)
    for options in ({}, {"weights": rng.pareto(1, len(group))}, {"counts": counts}):
        got = deal_groups(group, folds, seed=seed, **options)
        again = deal_groups(group, folds, seed=seed, **options)
        np.testing.assert_array_equal(got, again)
        assert len(set(zip(group, got, strict=True))) == number
        assert len(set(got)) == folds


def world(sites=3000, blocks=200, species=60):
    """Species in clumps of blocks, from two records to a tenth of all sites."""
    rng = np.random.default_rng(3)
    group = rng.integers(0, blocks, sites)
    wanted = np.geomspace(2, sites / 10, species).astype(int)
    counts = np.zeros((sites, species), np.float32)
    for column, number in enumerate(wanted):
        near = np.abs(group - rng.integers(0, blocks)) < rng.integers(10, 80)
        rows = rng.permutation(np.flatnonzero(near))[:number]
        counts[rows, column] = 1 + rng.poisson(0.5, len(rows))
    return group, counts


def missed(group, counts, fold, folds=5):
    """Folds without a presence, of those that each species could have, and shares."""

    def sums(number, size):
        table = np.zeros((size, counts.shape[1]))
        np.add.at(table, number, counts)
        return table

    possible = np.minimum((sums(group, group.max() + 1) > 0).sum(axis=0), folds)
    records = sums(fold, folds)
    shares = records / records.sum(axis=0)
    return possible - (records > 0).sum(axis=0), ((shares - 1 / folds) ** 2).sum()


def test_rare_species_are_in_as_many_folds_as_they_have_groups():
    group, counts = world()
    plain, shares_plain = missed(group, counts, deal_groups(group, 5))
    spread = deal_groups(group, 5, counts=counts)
    lost, shares = missed(group, counts, spread)
    assert plain.sum() > 10
    assert lost.sum() <= 2
    assert shares < shares_plain / 2
    records = np.bincount(spread, counts.sum(axis=1))
    assert np.ptp(records) < 0.1 * records.mean()


def test_a_site_with_most_records_does_not_outweigh_the_others():
    """Numbers of records of a long tail: other groups of the species count as well."""
    group, counts = world()
    tail = np.ceil(np.random.default_rng(0).pareto(0.6, counts.shape))
    counts = np.minimum(counts * tail, 1e4).astype(np.float32)
    lost, _ = missed(group, counts, deal_groups(group, 5, counts=counts))
    assert lost.sum() <= 1


def test_a_group_with_nearly_all_records_leaves_no_fold_empty():
    counts = np.diag([1e9, 1, 1])
    assert set(deal_groups(np.arange(3), 3, counts=counts)) == {0, 1, 2}


def test_sites_without_records_fill_the_folds_up():
    group, counts = world()
    background = np.arange(1000, 1400)
    both = deal_groups(
        np.r_[group, background], 5, counts=np.r_[counts, np.zeros((400, 60))]
    )
    alone = deal_groups(group, 5, counts=counts)
    assert np.ptp(np.bincount(both)) <= 1 < np.ptp(np.bincount(alone))


def test_the_kind_of_table_does_not_matter():
    group, counts = world()
    want = deal_groups(group, 5, counts=counts)
    for same in (sparse.csr_array(counts), sparse.csc_matrix(counts)):
        np.testing.assert_array_equal(deal_groups(group, 5, counts=same), want)
    unknown = np.where(counts == 0, np.nan, counts)
    np.testing.assert_array_equal(deal_groups(group, 5, counts=unknown), want)


def test_a_species_everywhere_and_one_nowhere():
    counts = np.stack([np.ones(40), np.zeros(40)], axis=1)
    got = deal_groups(np.arange(40) // 2, 4, counts=counts)
    np.testing.assert_array_equal(np.bincount(got), [10, 10, 10, 10])
    nothing = deal_groups(np.arange(40) // 2, 4, counts=0 * counts)
    np.testing.assert_array_equal(np.bincount(nothing), [10, 10, 10, 10])


def test_sweeps_mend_what_greed_did():
    """Moving groups lowers the sum of squares: no single move lowers it further."""
    group, counts = world(blocks=40)
    fold = deal_groups(group, 3, counts=counts)
    present = np.zeros((40, 60))
    np.add.at(present, group, counts)
    present = present[:, present.any(axis=0)]
    where = present > 0
    share = (where / where.sum(axis=0) + present / present.sum(axis=0)) / 2
    share = np.c_[share, present.sum(axis=1) / present.sum()]
    of_group = np.zeros(40, int)
    of_group[group] = fold

    def total(of_group):
        load = np.stack([share[of_group == one].sum(axis=0) for one in range(3)])
        return ((load - 1 / 3) ** 2).sum()

    best = total(of_group)
    worse = []
    for one in range(40):
        for other in range(3):
            moved = of_group.copy()
            moved[one] = other
            worse.append(total(moved))
    assert np.mean(np.array(worse) < best - 1e-5) < 0.03


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"group": np.array(["a", None, "b"], object)}, r"missing in 1 of 3 rows \(ro"),
        ({"folds": 4}, "from 2 to 3, got 4: there are 3 groups"),
        ({"weights": np.array([1.0, np.nan, 1.0])}, "weights are finite and >= 0"),
        ({"counts": -np.ones((3, 2))}, "counts are finite and >= 0 or NaN, got -1.0"),
        ({"counts": np.full((3, 2), np.inf)}, "counts are finite and >= 0 or NaN"),
        ({"counts": np.ones((4, 2))}, r"of 3 sites, got shape \(4, 2\)"),
        (
            {"counts": np.ones((3, 2)), "weights": np.ones(3)},
            "weights or counts, not b",
        ),
    ],
)
@pytest.mark.usefixtures("as_a_user")
def test_bad_groups_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        deal_groups(**{"group": np.arange(3), "folds": 2} | options)
