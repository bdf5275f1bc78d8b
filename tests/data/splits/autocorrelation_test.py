"""Tests for jaxsdm.data.splits.autocorrelation and .variogram."""

import numpy as np
import pandas as pd
import pytest
from scipy import spatial

from jaxsdm.data.splits import autocorrelation_range, spatial_blocks, suggest_block_size
from jaxsdm.data.splits.variogram import Spherical, distance_classes, fit_spherical
from jaxsdm.data.surface import EARTH_RADIUS

DEGREES = "EPSG:4326"


def field(reach, *, nugget=0.0, sites=600, fields=6, seed=0):
    """Gaussian fields of a spherical covariance, in a square of 100 x 100."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 100, sites), rng.uniform(0, 100, sites)
    distance = spatial.distance.squareform(spatial.distance.pdist(np.stack([x, y], 1)))
    covariance = 1 - Spherical(reach, 1.0, 0.0).at(distance.ravel())
    covariance = covariance.reshape(sites, sites) + 1e-9 * np.eye(sites)
    smooth = np.linalg.cholesky(covariance) @ rng.standard_normal((sites, fields))
    return x, y, smooth + np.sqrt(nugget) * rng.standard_normal((sites, fields))


def test_the_spherical_model_by_hand():
    model = Spherical(range=10.0, sill=3.0, nugget=1.0)
    got = model.at(np.array([5.0, 10.0, 20.0]))
    np.testing.assert_allclose(got, [1 + 2 * (0.75 - 0.0625), 3, 3])
    np.testing.assert_array_equal(Spherical(0.0, 2.0, 2.0).at(np.ones(2)), [2, 2])


@pytest.mark.parametrize("want", [Spherical(7.0, 5.0, 1.0), Spherical(60.0, 2e-9, 0.0)])
def test_a_semivariogram_without_noise_is_recovered(want):
    distance = np.linspace(1, 100, 50)
    got = fit_spherical(distance, want.at(distance), np.full(50, 99.0), 100.0)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-12)


def test_near_and_well_known_classes_decide():
    """Two conflicting halves: the model follows the one with more weight."""
    distance = np.linspace(1, 100, 16)
    short, long = Spherical(20.0, 1.0, 0.0), Spherical(90.0, 1.0, 0.0)
    mixed = np.where(np.arange(16) % 2, short.at(distance), long.at(distance))
    for odd, want in ((1e6, 20), (1e-6, 90)):
        pairs = np.where(np.arange(16) % 2, odd, 1.0)
        assert fit_spherical(distance, mixed, pairs, 100.0).range == pytest.approx(
            want, rel=0.02
        )


def test_classes_are_closer_at_short_distances():
    np.testing.assert_allclose(distance_classes(90.0, 3), [0, 10, 40, 90])


@pytest.mark.parametrize("nugget", [0.0, 0.3])
@pytest.mark.parametrize("reach", [5.0, 12.0, 30.0])
def test_the_range_of_simulated_fields_is_recovered(reach, nugget):
    x, y, values = field(reach, nugget=nugget)
    table = autocorrelation_range(x, y, values).table
    assert table["range"].median() == pytest.approx(reach, rel=0.25)
    assert table.sill.median() == pytest.approx(1 + nugget, rel=0.25)
    assert table.nugget.median() == pytest.approx(nugget, abs=0.15)
    assert suggest_block_size(x, y, values).range == table["range"].median()


def test_the_empirical_semivariogram_is_what_a_loop_finds():
    x, y, values = field(12.0, sites=150)
    x[:9], y[:9] = x[9:18], y[9:18]  # at the same place: of no distance
    got = autocorrelation_range(x, y, values, bins=4, longest=60).semivariance
    edges = [0, 60 / 16, 60 / 4, 60 * 9 / 16, 60]
    sums, distances = [[] for _ in range(4)], [[] for _ in range(4)]
    for i in range(150):
        for j in range(i):
            distance = np.hypot(x[i] - x[j], y[i] - y[j])
            for one in range(4):
                if edges[one] < distance <= edges[one + 1]:
                    sums[one].append((values[i, 2] - values[j, 2]) ** 2 / 2)
                    distances[one].append(distance)
    filled = [one for one in range(4) if len(sums[one]) >= 30]
    assert 0 in filled
    np.testing.assert_allclose(got[2], [np.mean(sums[one]) for one in filled])
    np.testing.assert_allclose(got.index, [np.mean(distances[one]) for one in filled])


def test_degrees_are_metres_across_the_antimeridian():
    x, y, values = field(20.0)
    plane = suggest_block_size(x, y, values)
    metres = np.deg2rad(1 / 1000) * EARTH_RADIUS
    east = np.mod(x / 1000 + 179.95 + 180, 360) - 180
    assert np.ptp(east) > 359
    globe = suggest_block_size(east, y / 1000, values, crs=DEGREES)
    assert globe.autocorrelation.unit == "m"
    assert globe.size == pytest.approx(plane.size * metres, rel=1e-3)
    blocks = spatial_blocks(east, y / 1000, folds=3, block_size=globe.size, crs=DEGREES)
    assert set(blocks) == {0, 1, 2}


def test_noise_trends_and_constants():
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 100, 800), rng.uniform(0, 100, 800)
    values = pd.DataFrame({"trend": x, "noise": rng.normal(size=800), "flat": 7})
    found = autocorrelation_range(x, y, values)
    assert list(found.table.index) == ["trend", "noise", "flat"]
    assert found.table.at_least.tolist() == [True, False, False]
    assert found.table["range"]["trend"] == pytest.approx(found.longest, rel=0.01)
    assert np.isnan(found.table["range"]["flat"])
    assert found.table.nugget["noise"] == pytest.approx(1, rel=0.15)
    bounded = suggest_block_size(x, y, values[["trend"]])
    assert bounded.size == pytest.approx(100 / 3, rel=0.02)
    assert "fewer than nine blocks" in bounded.bounded
    assert bounded.range > bounded.size
    noise = suggest_block_size(
        x, y, np.tile(rng.permutation(800)[:, None].astype(float), 2)
    )
    assert 0 < noise.size < 100 / 3


def test_nothing_is_known_under_the_shortest_distance(monkeypatch):
    monkeypatch.setattr(
        "jaxsdm.data.splits.autocorrelation.fit_spherical",
        lambda *_: Spherical(0.0, 1.0, 1.0),
    )
    x, y, values = field(12.0, sites=100)
    got = suggest_block_size(x, y, values)
    assert got.size == got.autocorrelation.semivariance.index[0]
    assert "nothing is known of distances under" in got.bounded


def test_a_transect_has_nine_blocks_in_a_row():
    x = np.linspace(0, 90, 400)
    got = suggest_block_size(x, np.zeros(400), x[:, None])
    assert got.size == pytest.approx(10)


def test_blocks_are_bounded_by_the_extent_in_metres():
    """A degree of longitude is half as long at 60 degrees north."""
    x, y = np.random.default_rng(0).uniform(0, 1, (2, 400))
    got = suggest_block_size(x, 60 + y / 100, x[:, None], crs=DEGREES)
    width = np.deg2rad(np.ptp(x)) * EARTH_RADIUS / 2
    assert got.size == pytest.approx(width / 9, rel=0.01)


def test_the_draw_is_a_function_of_its_seed_and_leaves_out_missing_values():
    x, y, values = field(12.0)
    values[::3, 1] = np.nan
    one, again, other = (
        autocorrelation_range(x, y, values, points=150, seed=seed).table
        for seed in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, again)
    assert (one != other).any(axis=None)
    kept = np.arange(600) % 3 > 0
    want = autocorrelation_range(x[kept], y[kept], values[kept]).table
    pd.testing.assert_frame_equal(autocorrelation_range(x, y, values).table, want)


def test_what_has_no_range_is_refused():
    x, y, values = field(12.0, sites=60)
    with pytest.raises(ValueError, match=r"not numbers: soil; leave out categories"):
        autocorrelation_range(x, y, pd.DataFrame({"soil": ["a"] * 60}))
    with pytest.raises(ValueError, match=r"0 of 15 classes .* of the 4 sites drawn"):
        autocorrelation_range(x[:4], y[:4], values[:4])
    with pytest.raises(ValueError, match="all variables are constant"):
        suggest_block_size(x, y, np.ones((60, 2)))
