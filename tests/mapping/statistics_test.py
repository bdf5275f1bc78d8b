"""Tests for jaxsdm.mapping.statistics."""

import numpy as np
import pytest

from jaxsdm.mapping.statistics import MapStatistics, areas_of, omission_thresholds

RNG = np.random.default_rng(0)
VALUES = RNG.random((2, 30), np.float32)
Y = RNG.uniform(40, 70, 30)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035"])
def test_in_parts_as_at_once(crs):
    statistics = MapStatistics(np.array([0.5, np.nan], np.float32))
    for part in (slice(0, 7), slice(7, 7), slice(7, 30)):
        statistics.add(VALUES[:, part], areas_of(Y[part], crs))
    table = statistics.table()
    area = np.cos(np.deg2rad(Y)) if crs == "EPSG:4326" else np.ones(30)
    assert (table["cells"] == 30).all()
    np.testing.assert_array_equal(table["min"], VALUES.min(1))
    np.testing.assert_array_equal(table["max"], VALUES.max(1))
    np.testing.assert_allclose(table["mean"], np.average(VALUES, 1, weights=area))
    share = np.average(VALUES[0] >= 0.5, weights=area)
    np.testing.assert_allclose(table["share_above"], [share, np.nan])


def test_nothing_has_no_numbers():
    table = MapStatistics(np.zeros(2, np.float32)).table()
    assert (table["cells"] == 0).all()
    assert table[["min", "mean", "max", "share_above"]].isna().all(axis=None)


@pytest.mark.parametrize(("records", "omitted"), [(1, 0), (9, 0), (10, 1), (29, 2)])
def test_the_threshold_leaves_out_a_tenth_at_most(records, omitted):
    counts = np.zeros((30, 2), np.float32)
    counts[:records, 0] = 2
    counts[records:, 0] = np.nan  # not looked for
    threshold, none = omission_thresholds(VALUES, counts)
    assert np.isnan(none)
    below = VALUES[0, :records] < threshold
    assert below.sum() == omitted <= records / 10
    assert threshold in VALUES[0, :records]
