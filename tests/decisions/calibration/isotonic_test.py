"""Isotonic curves against scikit-learn."""

import jax
import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from jaxsdm.decisions.calibration import fit_isotonic
from jaxsdm.decisions.calibration.isotonic import pool_adjacent_violators

RNG = np.random.default_rng(12)


def survey(decimals, dtype=np.float64, places=200, species=5):
    p = RNG.random((places, species)).round(decimals).astype(dtype)
    labels = (RNG.random(p.shape) < p**2).astype(float)
    labels[RNG.random(p.shape) < 0.1] = np.nan
    return p, labels


def peer(p, labels, at):
    known = ~np.isnan(labels)
    model = IsotonicRegression(out_of_bounds="clip")
    return model.fit(p[known], labels[known]).predict(at)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decimals", [1, 8])
def test_against_scikit_learn(decimals, dtype):
    p, labels = survey(decimals, dtype)
    new = np.append(RNG.random((50, 5)), [[0] * 5, [1] * 5], axis=0).astype(dtype)
    new[:20] = p[:20]
    pooled = fit_isotonic(p, labels)
    each = fit_isotonic(p, labels, per_species=True)
    assert np.asarray(each.knots).dtype == dtype
    with jax.enable_x64(dtype == np.float64):
        got = np.asarray(each(new)), np.asarray(pooled(new))
        again = np.asarray(jax.jit(lambda r, q: r(q))(each, new))
    tolerance = 1e-12 if dtype == np.float64 else 1e-4
    expected = peer(p.ravel(), labels.ravel(), new.ravel()).reshape(new.shape)
    np.testing.assert_allclose(got[1], expected, atol=tolerance)
    for j in range(5):
        expected = peer(p[:, j], labels[:, j], new[:, j])
        np.testing.assert_allclose(got[0][:, j], expected, atol=tolerance)
    np.testing.assert_allclose(again, got[0], atol=1e-6)
    assert got[0].dtype == dtype
    assert not each.undefined.any()


def brute(total, weight):
    """One pool at a time, from the left."""
    pools = []
    for i, (t, w) in enumerate(zip(total, weight, strict=True)):
        pools.append([t, w, i])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= (
            pools[-1][0] * pools[-2][1]
        ):
            t, w, _ = pools.pop()
            pools[-1][0] += t
            pools[-1][1] += w
    return [pool[2] for pool in pools]


@pytest.mark.parametrize("n", [1, 2, 3, 10, 100, 1000])
def test_pools_against_one_merge_at_a_time(n):
    for _ in range(20):
        weight = RNG.integers(1, 5, n)
        total = RNG.integers(0, weight + 1)
        got = pool_adjacent_violators(total, weight)
        np.testing.assert_array_equal(got, brute(total, weight))


def test_one_class_stays_as_it_is():
    p, labels = survey(6)
    labels[:, 0], labels[:, 1], labels[:, 2] = 0, 1, np.nan
    got = fit_isotonic(p, labels, per_species=True)
    assert got.undefined_species == [0, 1, 2]
    np.testing.assert_allclose(np.asarray(got(p))[:, :3], p[:, :3], rtol=1e-6)
    with pytest.raises(ValueError, match="want presences and absences"):
        fit_isotonic(p[:, :1], labels[:, :1])
    with pytest.raises(ValueError, match="of 5 species, got 3"):
        got(p[:, :3])


def test_a_constant_column_becomes_its_prevalence():
    p = np.full((8, 1), 0.25)
    labels = (np.arange(8) < 3).astype(float)[:, None]
    got = fit_isotonic(p, labels, per_species=True)
    np.testing.assert_allclose(got(np.asarray([[0.1], [0.25], [0.9]])), 3 / 8)
