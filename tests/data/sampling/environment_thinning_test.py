"""Tests for jaxsdm.data.sampling.environment_thinning."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.preprocessing import KBinsDiscretizer, StandardScaler

from jaxsdm.data.sampling import thin_by_environment

RNG = np.random.default_rng(0)
VALUES = RNG.normal(size=(500, 4)) @ RNG.normal(size=(4, 4)) * [1, 10, 1000, 0.01] + 5
SPECIES = RNG.choice(["a", "b"], 500)
PRIORITY = RNG.permutation(500)


def bins_of(values, bins):
    """Numbers of bins of equal width, by scikit-learn."""
    binned = KBinsDiscretizer(
        bins,
        encode="ordinal",
        strategy="uniform",
        quantile_method="averaged_inverted_cdf",
    ).fit_transform(values)
    return pd.DataFrame(binned)


@pytest.mark.parametrize("keep", [1, 3])
def test_each_bin_keeps_its_first(keep):
    frame = bins_of(VALUES, 4).assign(first=-PRIORITY).sort_values("first")
    want = frame.groupby([0, 1, 2, 3]).head(keep).index
    got = thin_by_environment(VALUES, bins=4, keep=keep, priority=PRIORITY)
    np.testing.assert_array_equal(got, np.sort(want))
    assert 50 < len(got) < 500


def test_bins_over_principal_components():
    scores = PCA(2).fit_transform(StandardScaler().fit_transform(VALUES))
    frame = bins_of(scores, 6).assign(first=-PRIORITY).sort_values("first")
    want = frame.groupby([0, 1]).head(1).index
    got = thin_by_environment(VALUES, bins=6, axes=2, priority=PRIORITY)
    np.testing.assert_array_equal(got, np.sort(want))


def test_each_group_keeps_its_own():
    frame = bins_of(VALUES, 3).assign(first=-PRIORITY, species=SPECIES)
    want = frame.sort_values("first").groupby([0, 1, 2, 3, "species"]).head(1).index
    got = thin_by_environment(VALUES, bins=3, groups=SPECIES, priority=PRIORITY)
    np.testing.assert_array_equal(got, np.sort(want))


def test_distance_in_standard_deviations():
    few = VALUES[:, [0, 2]]
    kept = thin_by_environment(few, distance=0.5)
    scaled = StandardScaler().fit_transform(few)
    near = (cdist(scaled, scaled[kept]) < 0.5).sum(axis=1)
    assert (near[kept] == 1).all()
    assert (near > 0).all()
    scores = PCA(3).fit_transform(StandardScaler().fit_transform(VALUES))
    kept = thin_by_environment(VALUES, distance=1, axes=3)
    near = (cdist(scores, scores[kept]) < 1).sum(axis=1)
    assert (near[kept] == 1).all()
    assert (near > 0).all()


def test_a_seed_is_a_choice():
    first, again, other = (
        thin_by_environment(VALUES, bins=3, seed=seed).tolist() for seed in (1, 1, 2)
    )
    assert first == again != other
    assert len(first) == len(other)


def test_units_and_constant_predictors_change_nothing():
    want = thin_by_environment(VALUES, bins=4, seed=2)
    scaled = np.c_[VALUES * [-3, 1, 0.1, 7] + 1, np.full(500, 0.1)]
    np.testing.assert_array_equal(thin_by_environment(scaled, bins=4, seed=2), want)


def test_alike_and_absent_records():
    alike = np.full((9, 2), 7.3)
    assert len(thin_by_environment(alike, bins=5)) == 1
    assert len(thin_by_environment(alike, bins=5, keep=4)) == 4
    assert len(thin_by_environment(alike, distance=0.1)) == 1
    assert len(thin_by_environment(alike, distance=0)) == 9
    none = np.zeros((0, 2))
    assert len(thin_by_environment(none, bins=5, axes=1)) == 0
    assert len(thin_by_environment(none, distance=1)) == 0


HOLED = np.array([[0.0, 1.0], [2.0, np.nan]])


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (VALUES, {}, "either bins= or distance="),
        (VALUES, {"bins": 2, "distance": 1}, "either bins= or distance="),
        (VALUES, {"bins": 0}, "at least 1, got 0 and 1"),
        (VALUES, {"bins": 2, "keep": 0}, "at least 1, got 2 and 0"),
        (VALUES, {"distance": 1}, "over 4 predictors"),
        (VALUES[:, :2], {"distance": -1}, "at least 0, got -1"),
        (VALUES[:, :2], {"distance": 1, "keep": 2}, "keep goes with bins"),
        (VALUES, {"bins": 2, "axes": 5}, "number of predictors, 4; got 5"),
        (VALUES, {"bins": 2, "axes": 0}, "number of predictors, 4; got 0"),
        (VALUES[:, :0], {"bins": 2}, "number of predictors, 0"),
        (HOLED, {"bins": 2}, "1 values are not finite, the first in row 1, column 1"),
    ],
)
def test_impossible_thinning_is_refused(values, options, said):
    with pytest.raises(ValueError, match=said):
        thin_by_environment(values, **options)
