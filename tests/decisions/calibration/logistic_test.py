"""Temperature and Platt against scipy and scikit-learn."""

import jax
import numpy as np
import pytest
from scipy import optimize, special
from sklearn.linear_model import LogisticRegression

from jaxsdm.decisions.calibration import LogitMap, fit_platt, fit_temperature
from jaxsdm.decisions.calibration.roots import increasing_roots

RNG = np.random.default_rng(11)


def survey(dtype=np.float64, places=300, species=4):
    z = RNG.normal(-1, 2, (places, species))
    p = special.expit(z).astype(dtype)
    labels = (RNG.random(p.shape) < special.expit(0.4 * z + 0.7)).astype(float)
    labels[RNG.random(p.shape) < 0.1] = np.nan
    return p, labels


def columns(p, labels, per_species):
    """What is fitted together."""
    if not per_species:
        known = ~np.isnan(labels)
        return [(p[known].astype(float), labels[known])]
    return [
        (p[~np.isnan(y), j].astype(float), y[~np.isnan(y)])
        for j, y in enumerate(labels.T)
    ]


def log_loss(line, z, target):
    score = line[0] * z + line[1]
    return np.mean(np.logaddexp(0, score) - target * score)


@pytest.mark.parametrize("per_species", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_temperature_against_scipy(dtype, per_species):
    p, labels = survey(dtype)
    got = fit_temperature(p, labels, per_species=per_species)
    slopes = np.atleast_1d(got.slope)
    assert slopes.dtype == dtype
    groups = columns(p, labels, per_species)
    for slope, (column, y) in zip(slopes, groups, strict=True):
        z = special.logit(column)
        peer = optimize.minimize_scalar(
            lambda s, z=z, y=y: log_loss((s, 0), z, y), bounds=(0.01, 100),
            method="bounded", options={"xatol": 1e-12},
        )  # fmt: skip
        assert slope == pytest.approx(peer.x, rel=1e-6)
    assert not np.any(got.undefined)


@pytest.mark.parametrize("per_species", [False, True])
def test_platt_against_scikit_learn(per_species):
    p, labels = survey()
    got = fit_platt(p, labels, per_species=per_species, smooth=False)
    lines = zip(np.atleast_1d(got.slope), np.atleast_1d(got.intercept), strict=True)
    groups = columns(p, labels, per_species)
    for (slope, intercept), (column, y) in zip(lines, groups, strict=True):
        peer = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000)
        peer.fit(special.logit(column)[:, None], y)
        assert slope == pytest.approx(peer.coef_[0, 0], rel=1e-5)
        assert intercept == pytest.approx(peer.intercept_[0], rel=1e-5)


def test_platt_with_smoothed_targets_against_scipy():
    p, labels = survey(places=30)
    got = fit_platt(p, labels, per_species=True)
    for j, (column, y) in enumerate(columns(p, labels, True)):
        z, n1, n0 = special.logit(column), y.sum(), (1 - y).sum()
        target = np.where(y == 1, (n1 + 1) / (n1 + 2), 1 / (n0 + 2))
        peer = optimize.minimize(
            log_loss, [1.0, 0.0], (z, target), method="BFGS", options={"gtol": 1e-10}
        )
        np.testing.assert_allclose(
            [got.slope[j], got.intercept[j]], peer.x, rtol=1e-5, atol=1e-6
        )


def test_a_miscalibrated_model_becomes_calibrated():
    p, labels = survey(places=20_000, species=2)
    got = fit_platt(p, labels)
    assert float(got.slope) == pytest.approx(0.4, abs=0.02)
    assert float(got.intercept) == pytest.approx(0.7, abs=0.03)
    known = ~np.isnan(labels)
    mean = np.asarray(got(p))[known].mean()
    assert mean == pytest.approx(labels[known].mean(), abs=1e-3)


def undetermined():
    p, labels = survey(places=40, species=6)
    labels[:, 0] = np.where(np.isnan(labels[:, 0]), np.nan, 0)
    labels[:, 1] = 1
    labels[:, 2] = np.nan
    labels[:, 3] = p[:, 3] > 0.5  # separated
    labels[:, 4] = p[:, 4] < 0.5  # reversed
    return p, labels


def test_what_is_not_determined_stays_as_it_is():
    p, labels = undetermined()
    temperature = fit_temperature(p, labels, per_species=True)
    assert temperature.undefined_species == [0, 1, 2, 3, 4]
    platt = fit_platt(p, labels, per_species=True, smooth=False)
    assert platt.undefined_species == [0, 1, 2, 3, 4]
    smooth = fit_platt(p, labels, per_species=True)
    assert smooth.undefined_species == [0, 1, 2]
    assert smooth.slope[3] > 0 > smooth.slope[4]
    for got in (temperature, platt):
        np.testing.assert_allclose(np.asarray(got(p))[:, :5], p[:, :5], rtol=1e-6)
    for fit in (fit_temperature, fit_platt):
        with pytest.raises(ValueError, match="does not determine it"):
            fit(p[:, :1], labels[:, :1])
    constant = np.full((10, 1), 0.3)
    y = (np.arange(10) < 4).astype(float)[:, None]
    assert fit_platt(constant, y, per_species=True).undefined_species == [0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_call_is_its_formula(dtype):
    p, _ = survey(dtype)
    p[0] = [0, 1, 1e-7, 0.5]
    slope, shift = np.asarray([0.5, 1, 1, 2.0]), np.asarray([1, -2, 3, 0.0])
    with jax.enable_x64(dtype == np.float64):
        rule = LogitMap(slope, shift)
        got = np.asarray(rule(p))
        again = np.asarray(jax.jit(lambda r, q: r(q))(rule, p))
    assert got.dtype == dtype
    expected = special.expit(slope * special.logit(p.astype(float)) + shift)
    tolerance = 1e-12 if dtype == np.float64 else 2e-6
    np.testing.assert_allclose(got[1:], expected[1:], rtol=tolerance)
    np.testing.assert_allclose(again, got, rtol=tolerance, atol=1e-7)
    assert got[0, 1] == 1  # a change of odds keeps certainty
    with pytest.raises(ValueError, match="species, got 2"):
        rule(p[:, :2])


def test_roots_of_increasing_functions():
    power = np.asarray([1.0, 3.0, 5.0, 1.0])
    shift = np.asarray([-3.0, 8.0, 0.0, 1e6])

    def functions(x):
        return x**power + shift, power * np.abs(x) ** (power - 1)

    roots = increasing_roots(functions, -10.0, 10.0, np.full(4, 7.0))
    np.testing.assert_allclose(roots, [3, -2, 0, np.nan], atol=1e-3)
    np.testing.assert_allclose(roots[:2], [3, -2], rtol=1e-13)
