"""Tests for jaxsdm.data.splits.describe and .describe_markdown."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from jaxsdm.data import mess
from jaxsdm.data.splits import (
    Split,
    buffered,
    buffered_leave_one_out,
    describe_split,
    spatial_blocks,
)

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(0, 100, (2, 200))
COUNTS = RNG.poisson([0, 0.01, 0.2, 3], (200, 4)).astype(np.float32)
COUNTS[RNG.random((200, 4)) < 0.1] = np.nan
COUNTS[:, 3] = 1
SPECIES = ("nowhere", "rare", "common", "everywhere")
PREDICTORS = pd.DataFrame({"x": X, "y": Y, "soil": np.where(X < 90, "clay", "sand")})
SPLIT = buffered(
    np.where(X < 10, -1, spatial_blocks(X, Y, folds=4, block_size=20.0)), X, Y, 5.0
)


def describe(split=SPLIT, **options):
    given = {
        "counts": COUNTS,
        "species": SPECIES,
        "predictors": PREDICTORS,
        "categorical": ["soil"],
    }
    return describe_split(split, X, Y, **given | options)


def test_every_number_is_what_a_loop_over_folds_finds():
    got = describe()
    there = np.nan_to_num(COUNTS) > 0
    tested, lost, least = np.zeros(4), np.zeros(4), np.full(4, 200)
    for number, (train, test) in enumerate(SPLIT):
        pairs = np.hypot(X[test, None] - X[train], Y[test, None] - Y[train])
        nearest = pairs.min(axis=1)
        in_test, in_training = there[test].any(axis=0), there[train].any(axis=0)
        tested += in_test
        lost += in_test & ~in_training
        least = np.minimum(least, there[train].sum(axis=0))
        similar = mess(
            PREDICTORS.iloc[train], PREDICTORS.iloc[test], categorical=["soil"]
        )
        want = {
            "test_sites": len(test),
            "training_sites": len(train),
            "left_out": 200 - len(test) - len(train),
            "nearest_min": nearest.min(),
            "nearest_median": np.median(nearest),
            "test_records": np.nansum(COUNTS[test]),
            "training_records": np.nansum(COUNTS[train]),
            "species_tested": in_test.sum(),
            "species_lost": (in_test & ~in_training).sum(),
            "species_untested": (~in_test & there.any(axis=0)).sum(),
            "dissimilar": np.mean(similar.similarity < 0),
        }
        assert list(got.folds.columns) == list(want)
        np.testing.assert_allclose(got.folds.loc[number], list(want.values()))
    assert got.folds.dissimilar.max() > 0
    want = pd.DataFrame(
        {
            "records": np.nansum(COUNTS, axis=0),
            "sites": there.sum(axis=0),
            "folds_tested": tested,
            "folds_lost": lost,
            "fewest_training": least,
        },
        index=pd.Index(SPECIES, name="species"),
    )
    pd.testing.assert_frame_equal(got.species, want, check_dtype=False)
    assert got.never_tested == np.sum(X < 10)
    assert got.unit == "map units"


def test_fold_numbers_and_sparse_counts_are_as_good():
    fold = SPLIT.fold
    one = describe(Split.of(fold))
    other = describe(fold, counts=sparse.csr_array(np.nan_to_num(COUNTS)))
    pd.testing.assert_frame_equal(one.folds, other.folds)
    pd.testing.assert_frame_equal(one.species, other.species)
    unnamed = describe(fold, species=())
    assert list(unnamed.species.index) == ["0", "1", "2", "3"]


def test_folds_without_presences_sites_or_training_are_data():
    fold = np.array([0, 0, 1, 3])
    x = np.arange(4.0)
    counts = np.array([[1, 0], [1, 0], [0, 0], [0, 2]])
    got = describe_split(
        fold, x, 0 * x, counts=counts, predictors=pd.DataFrame({"x": x})
    )
    assert got.folds.test_sites.tolist() == [2, 1, 0, 1]
    assert got.folds.test_records.tolist() == [2, 0, 0, 2]
    assert got.folds.species_lost.tolist() == [1, 0, 0, 1]
    assert got.folds.species_untested.tolist() == [1, 2, 2, 1]
    assert got.folds.nearest_min.isna().tolist() == [False, False, True, False]
    assert got.folds.dissimilar.isna().tolist() == [False, False, True, False]
    assert "| 2 | 0 | 4 | 0 |  |  | 0 | 4 | 0 | 0 | 2 |  |" in got.to_markdown()
    all_one = describe_split(np.zeros(4, np.int64), x, x, counts=counts)
    assert all_one.folds.nearest_min.tolist() == [np.inf]
    assert all_one.species.folds_lost.tolist() == [1, 1]
    assert "| 0 | 4 | 0 | 0 | inf |" in all_one.to_markdown()
    none = describe_split(np.full(4, -1), x, x, counts=counts)
    assert len(none.folds) == 0
    assert none.never_tested == 4
    assert "0 folds; 4 sites are never tested." in none.to_markdown()


def test_missing_predictors_are_neither_like_nor_unlike():
    predictors = pd.DataFrame({"x": np.where(np.arange(200) % 2, X, np.nan)})
    got = describe(predictors=predictors, categorical=())
    odd = np.arange(200) % 2 == 1
    want = []
    for train, test in SPLIT:
        known, asked = X[train[odd[train]]], X[test[odd[test]]]
        want.append(np.mean((asked < known.min()) | (asked > known.max())))
    np.testing.assert_allclose(got.folds.dissimilar, want)


def test_only_places_are_enough():
    got = describe_split(SPLIT, X, Y, crs="EPSG:2225")
    assert got.species is None
    assert list(got.folds.columns)[-1] == "nearest_median"
    assert "Distances in US survey foot." in got.to_markdown()


def test_as_markdown():
    text = describe().to_markdown()
    assert text.startswith("4 folds; ")
    assert "| fold | test sites | training sites | left out | nearest (min) |" in text
    first = describe().folds.iloc[0]
    assert f"| 0 | {first.test_sites:.0f} | {first.training_sites:.0f} |" in text
    assert "| folds with a presence in the test | species |" in text
    assert "MESS below 0" in text
    assert "No species is lost" in text or "rare (1)" in text


def test_lost_species_are_named():
    counts = np.zeros((200, 40))
    counts[SPLIT.test_rows()[2][0]] = 1
    text = describe(counts=counts, species=tuple(f"s{n}" for n in range(40)))
    text = text.to_markdown()
    assert "40 of 40 species are lost from the training of a fold that tests th" in text
    assert text.count("(1)") == 30
    assert "and 10 more." in text


def test_thousands_of_folds_stay_short():
    got = describe(
        buffered_leave_one_out(X, Y, 3.0),
        counts=np.tile(COUNTS, 30)[:, :99],
        species=(),
    )
    assert len(got.folds) == 200
    assert got.to_markdown().count("\n") < 30
    assert "| median | 1 |" in got.to_markdown()


def test_many_numbers_of_folds_are_summed_up():
    counts = (RNG.random((200, 60)) < np.linspace(0, 1, 60)).astype(np.float32)
    got = describe(buffered_leave_one_out(X, Y, 3.0), counts=counts, species=())
    tested = got.species.folds_tested
    assert (
        f"in the test: {tested.min()} to {tested.max()}, median {tested.median():.0f}; "
        f"none for {np.sum(tested == 0)} of 60 species."
    ) in got.to_markdown()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"species": ("a",)}, r"1 names of species need .* shape \(200, 4\)"),
        (
            {"counts": None},
            "4 names of species need as many columns of counts, got none",
        ),
        ({"predictors": PREDICTORS[:3]}, "predictors of 200 sites, got 3 rows"),
        ({"counts": COUNTS[:3]}, r"counts \[sites, species\] of 200 sites, got"),
        ({"split": np.zeros(3, np.int64)}, "arrays of different lengths: x 200, y 200"),
    ],
)
@pytest.mark.usefixtures("as_a_user")
def test_what_does_not_fit_together_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        describe(**options)
