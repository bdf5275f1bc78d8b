"""Shifts of prevalence against scipy's root finder, and richness that is too large."""

import numpy as np
import pytest
from scipy import optimize, special

from jaxsdm.decisions.calibration import fit_prevalence, richness_bias

RNG = np.random.default_rng(14)


def survey(places=80, species=7, dtype=np.float64):
    z = RNG.normal(-1, 1.5, (places, species))
    labels = (RNG.random(z.shape) < special.expit(z - 2)).astype(float)
    labels[RNG.random(z.shape) < 0.2] = np.nan
    labels[:, 0] = np.nan  # not surveyed
    labels[:, 1] = np.where(np.isnan(labels[:, 1]), np.nan, 0)  # not found
    return special.expit(z).astype(dtype), labels


def common_shift(z, labels):
    known = ~np.isnan(labels)
    return optimize.brentq(
        lambda b: special.expit(z[known] + b).sum() - labels[known].sum(), -40, 40
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [0.3, 1, 10.0, np.inf])
def test_against_scipy(spread, dtype):
    p, labels = survey(dtype=dtype)
    z = special.logit(p.astype(float))
    got = fit_prevalence(p, labels, spread=spread)
    tolerance = 1e-9 if dtype == np.float64 else 1e-5
    common = common_shift(z, labels)
    for j in range(p.shape[1]):
        known = ~np.isnan(labels[:, j])

        def excess(b, j=j, known=known):
            number = special.expit(z[known, j] + b).sum()
            return number - labels[known, j].sum() + (b - common) / spread**2

        own = known.any() and (labels[known, j].any() or spread < np.inf)
        expected = optimize.brentq(excess, -60, 60, xtol=1e-13) if own else common
        assert got.intercept[j] == pytest.approx(expected, abs=tolerance)
        assert got.undefined[j] == (not own)
    np.testing.assert_array_equal(got.slope, 1)


def test_without_shrinkage_the_mean_is_the_observed_prevalence():
    p, labels = survey()
    got = np.asarray(fit_prevalence(p, labels, spread=np.inf)(p))
    known = ~np.isnan(labels)
    for j in range(2, 7):
        mean, found = got[known[:, j], j].mean(), labels[known[:, j], j].mean()
        assert mean == pytest.approx(found, rel=1e-5)


def test_few_surveys_stay_near_the_common_shift():
    p, labels = survey(places=400)
    labels[10:, 2] = np.nan
    got = fit_prevalence(p, labels, spread=0.5)
    exact = fit_prevalence(p, labels, spread=np.inf)
    common = exact.intercept[0]
    assert got.intercept[0] == common
    assert abs(got.intercept[2] - common) < 0.5
    assert np.all(np.diff(np.asarray(got(p))[np.argsort(p[:, 3]), 3]) >= 0)


def test_probabilities_of_exactly_0_and_1_stay():
    p, labels = survey()
    p[0, 3], p[1, 3], labels[:2, 3] = 0, 1, [0, 1]
    got = np.asarray(fit_prevalence(p, labels)(p))
    np.testing.assert_array_equal(got[:2, 3], [0, 1])


def test_richness_bias():
    p, labels = (part[:, 2:] for part in survey(places=500))
    before = richness_bias(p, labels)
    known = ~np.isnan(labels)
    expected = np.where(known, p, 0).sum(axis=1)
    observed = np.nansum(labels, axis=1)
    looked = known.any(axis=1)
    assert before.places == looked.sum()
    assert before.bias == pytest.approx((expected - observed)[looked].mean())
    assert before.ratio == pytest.approx(expected.sum() / observed.sum())
    assert before.correlation == pytest.approx(
        np.corrcoef(expected[looked], observed[looked])[0, 1]
    )
    assert before.z > 10
    after = richness_bias(
        np.asarray(fit_prevalence(p, labels, spread=np.inf)(p)), labels
    )
    assert abs(after.z) < 1
    assert after.root_mean_square < before.root_mean_square


def test_z_of_a_calibrated_model_is_a_standard_normal():
    p = RNG.beta(0.5, 2, (100, 20))
    z = [richness_bias(p, (RNG.random(p.shape) < p).astype(int)).z for _ in range(300)]
    assert abs(np.mean(z)) < 0.2
    assert np.std(z) == pytest.approx(1, abs=0.15)


def test_what_is_refused():
    p, labels = survey()
    with pytest.raises(ValueError, match="spread above 0"):
        fit_prevalence(p, labels, spread=0.0)
    with pytest.raises(ValueError, match="want presences and absences, got 0"):
        fit_prevalence(p, np.zeros_like(p))
    with pytest.raises(ValueError, match="exactly 0 or 1"):
        fit_prevalence(np.zeros_like(p), labels)
    with pytest.raises(ValueError, match="looked for, got none"):
        richness_bias(p, np.full_like(p, np.nan))
    one = richness_bias(np.zeros((2, 2)), np.zeros((2, 2)))
    assert np.isnan([one.ratio, one.correlation, one.z]).all()
