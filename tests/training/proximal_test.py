"""Tests for jaxsdm.training.proximal."""

import numpy as np
import pytest
import scipy.optimize
from scipy.special import logsumexp

from jaxsdm import models
from jaxsdm.training.proximal import fit_maxent

RNG = np.random.default_rng(0)
SITES, FEATURES, SPECIES = 120, 8, 4
F = RNG.random((SITES, FEATURES)) ** 2
COUNTS = RNG.poisson(np.exp(2 * F @ RNG.normal(size=(FEATURES, SPECIES)) - 1))
COUNTS = COUNTS.astype(float)
PENALTIES = RNG.uniform(0.005, 0.03, (FEATURES, SPECIES))
PENALTIES[2, 0] = np.inf
WEIGHTS = RNG.uniform(0.2, 2, SITES)


def objective(w, species, weights):
    y = COUNTS[:, species] / COUNTS[:, species].sum()
    used = np.isfinite(PENALTIES[:, species])
    log_a = np.log(weights / weights.sum())
    cost = PENALTIES[used, species] @ np.abs(w[used])
    return logsumexp(F @ w + log_a) - y @ F @ w + cost


def by_lbfgs(species, weights):
    """The minimum by scipy, on the positive and negative parts of the weights."""
    y = COUNTS[:, species] / COUNTS[:, species].sum()
    used = np.isfinite(PENALTIES[:, species])
    f, b = F[:, used], PENALTIES[used, species]
    log_a = np.log(weights / weights.sum())

    def value_and_gradient(parts):
        w = parts[: len(b)] - parts[len(b) :]
        z = f @ w + log_a
        p = np.exp(z - logsumexp(z))
        g = f.T @ (p - y)
        value = logsumexp(z) - y @ f @ w + b @ parts[: len(b)] + b @ parts[len(b) :]
        return value, np.r_[g + b, -g + b]

    found = scipy.optimize.minimize(
        value_and_gradient,
        np.zeros(2 * len(b)),
        jac=True,
        bounds=[(0, None)] * (2 * len(b)),
        options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9},
    )
    w = np.zeros(FEATURES)
    w[used] = found.x[: len(b)] - found.x[len(b) :]
    return w


@pytest.fixture(scope="module")
def solved():
    return fit_maxent(F, COUNTS, PENALTIES, tolerance=1e-6, max_iterations=3000)


def test_equals_scipy(solved):
    for species in range(SPECIES):
        want = by_lbfgs(species, np.ones(SITES))
        best = objective(want, species, np.ones(SITES))
        got = objective(solved.kernel[:, species], species, np.ones(SITES))
        assert abs(got - best) < 1e-7
        np.testing.assert_allclose(solved.objective[species], best, rtol=1e-5)
        np.testing.assert_allclose(solved.kernel[:, species], want, atol=2e-3)
    assert solved.kernel[2, 0] == 0
    assert np.any(solved.kernel == 0)
    assert np.any(solved.kernel != 0)


def test_optimality_conditions(solved):
    """Phillips & Dudík (2008): model means lie within the penalty of the records'."""
    z = F @ solved.kernel.astype(float)
    p = np.exp(z - logsumexp(z, axis=0))
    difference = F.T @ (p - COUNTS / COUNTS.sum(0))
    used = solved.kernel != 0
    assert np.all(np.abs(difference) <= PENALTIES + 2e-5)
    np.testing.assert_allclose(
        difference[used],
        -PENALTIES[used] * np.sign(solved.kernel[used]),
        atol=2e-5,
    )
    assert solved.violation.max() < 2e-5


@pytest.mark.parametrize("iterations", [0, 3, 10, 40])
def test_gap_bounds_what_is_missing(iterations):
    early = fit_maxent(F, COUNTS, PENALTIES, tolerance=0, max_iterations=iterations)
    for species in range(SPECIES):
        best = objective(by_lbfgs(species, np.ones(SITES)), species, np.ones(SITES))
        missing = objective(early.kernel[:, species], species, np.ones(SITES)) - best
        assert -1e-7 <= missing <= early.gap[species] + 1e-6
    assert early.iterations == iterations


def test_gap_closes(solved):
    assert solved.gap.max() < 0.01
    assert solved.gap.min() > -1e-6


def test_stops_when_every_species_is_within_tolerance():
    fit = fit_maxent(F, COUNTS, PENALTIES, tolerance=1e-3, max_iterations=3000)
    assert 0 < fit.iterations < 3000
    assert fit.violation.max() < 1e-3


def test_site_weights_of_all_kinds():
    fit = fit_maxent(
        F, COUNTS, PENALTIES, site_weights=WEIGHTS, tolerance=1e-6, max_iterations=3000
    )
    for species in range(SPECIES):
        best = objective(by_lbfgs(species, WEIGHTS), species, WEIGHTS)
        np.testing.assert_allclose(fit.objective[species], best, rtol=1e-5)
    apiece = np.repeat(WEIGHTS[:, None], SPECIES, axis=1) * [1.0, 2.0, 3.0, 4.0]
    again = fit_maxent(
        F, COUNTS, PENALTIES, site_weights=apiece, tolerance=1e-6, max_iterations=3000
    )
    np.testing.assert_allclose(again.kernel, fit.kernel, atol=1e-3)


def test_folds_as_columns_equal_tables_without_their_sites():
    fold = np.arange(SITES) % 2
    inside = (fold[:, None] != np.arange(2)).astype(float)  # [sites, fold]
    counts = COUNTS[:, :1] * inside
    both = fit_maxent(
        F,
        counts,
        PENALTIES[:, [1, 1]],
        site_weights=inside,
        tolerance=1e-6,
        max_iterations=3000,
    )
    for k in range(2):
        rows = fold != k
        alone = fit_maxent(
            F[rows],
            COUNTS[rows, :1],
            PENALTIES[:, [1]],
            tolerance=1e-6,
            max_iterations=3000,
        )
        np.testing.assert_allclose(both.kernel[:, k], alone.kernel[:, 0], atol=2e-3)
        np.testing.assert_allclose(both.entropy[k], alone.entropy[0], rtol=1e-4)


def test_normalizer_and_entropy_are_the_outputs_own(solved):
    log_intensity = (F @ solved.kernel).astype(np.float32)
    normalizer, entropy = models.background_normalizer(log_intensity)
    np.testing.assert_allclose(solved.log_normalizer, normalizer, rtol=1e-5)
    np.testing.assert_allclose(solved.entropy, entropy, rtol=1e-4)


def test_species_without_records_is_flat_and_disturbs_no_other(solved):
    counts = np.insert(COUNTS, 1, 0.0, axis=1)
    penalties = np.insert(PENALTIES, 1, 0.01, axis=1)
    fit = fit_maxent(F, counts, penalties, tolerance=1e-6, max_iterations=3000)
    assert not fit.kernel[:, 1].any()
    assert fit.records[1] == 0
    assert fit.violation[1] == 0
    np.testing.assert_allclose(
        [fit.objective[1], fit.gap[1], fit.entropy[1] - np.log(SITES)], 0, atol=1e-6
    )
    np.testing.assert_allclose(
        np.delete(fit.kernel, 1, axis=1), solved.kernel, atol=1e-3
    )
    assert all(np.isfinite(part).all() for part in fit)


def test_kernel_is_maxents():
    x = RNG.normal(size=(60, 3)).astype(np.float32)
    y = (RNG.random((60, 2)) < 0.4).astype(np.float32)
    layer = models.MaxentFeatures(knots=4)
    constants = models.expansion_constants(x)
    features = np.asarray(layer.apply({"constants": constants}, x))
    classes = models.expanded_classes((False,) * 3, knots=4)
    fit = fit_maxent(features, y, models.maxent_penalties(features, y, classes))
    module = models.Maxent(2, knots=4)
    outputs = module.apply(
        models.maxent_variables(fit.kernel, constants), {"predictors": x}
    )
    np.testing.assert_allclose(
        np.asarray(outputs.logits), features @ fit.kernel, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"features": F[:9]}, r"features of shape \(120, 8\) .*got \(9, 8\)"),
        ({"penalties": PENALTIES.T}, r"penalties of shape \(8, 4\)"),
        ({"site_weights": np.ones(7)}, "site_weights"),
        ({"features": np.where(F[3, 5] == F, np.nan, F)}, r"columns \[5\] are not"),
        ({"counts": -COUNTS}, "counts must be finite and >= 0"),
        ({"penalties": -PENALTIES}, "penalties must be >= 0"),
        ({"site_weights": np.zeros(SITES)}, r"no site has weight for species \[0, 1"),
    ],
)
def test_says_what_is_wrong(change, text):
    good = {"features": F, "counts": COUNTS, "penalties": PENALTIES}
    with pytest.raises(ValueError, match=text):
        fit_maxent(**(good | change))
