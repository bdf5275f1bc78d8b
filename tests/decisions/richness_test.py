"""Sets as large as a predicted richness against NumPy and scikit-learn."""

import jax
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from jaxsdm.decisions.richness import SSE, BinnedK, fit_binned_k, fit_predicted_k

RNG = np.random.default_rng(8)


def survey(places=300, species=40, dtype=np.float32):
    level = RNG.normal(-2, 1, (places, 1))
    p = 1 / (1 + np.exp(-level - RNG.normal(0, 1.5, (places, species))))
    return p.astype(dtype), (RNG.random(p.shape) < p**1.5).astype(float)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_as_many_as_the_probabilities_sum_to(dtype):
    p, _ = survey(dtype=dtype)
    with jax.enable_x64(dtype == np.float64):
        for got in (SSE()(p), jax.jit(lambda r, q: r(q))(SSE(), p)):
            expected = np.floor(p.astype(np.float64).sum(axis=1) + 0.5)
            np.testing.assert_array_equal(got.size, expected)
            np.testing.assert_array_equal(got.mask.sum(axis=1), expected)
            lowest = np.where(got.mask, p, 2).min(axis=1)
            assert (lowest >= np.where(got.mask, -1, p).max(axis=1)).all()


def test_halves_are_rounded_up_and_ties_go_to_the_first():
    p = np.full((1, 5), 0.5, np.float32)
    np.testing.assert_array_equal(SSE()(p).mask, [[1, 1, 1, 0, 0]])
    assert int(SSE()(np.full((1, 3), 0.5, np.float32)).size[0]) == 2


def test_the_richness_of_another_model():
    p, _ = survey(places=4)
    got = SSE()(p, np.asarray([0.0, 2.5, 7.2, 99.0], np.float32))
    np.testing.assert_array_equal(got.size, [0, 3, 7, 40])
    with pytest.raises(ValueError, match=r"richness \[places\]"):
        SSE()(p, np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="richness >= 0"):
        SSE()(p, np.asarray([1, 2, -1, 0], np.float32))


@pytest.mark.parametrize("species", [3, 5, 8])
def test_the_sizes_of_the_golden_files(shared, species):
    with np.load(shared / "golden" / "maxexp" / f"maxexp_S{species:02d}.npz") as golden:
        p, expected = golden["p"], golden["sse_k"]
    with jax.enable_x64(True):
        np.testing.assert_array_equal(SSE()(p).size, expected)


@pytest.mark.parametrize("given", [False, True])
def test_regression_of_richness(given):
    p, labels = survey()
    richness = labels.sum(axis=1)
    features = np.stack([p.sum(axis=1), p.max(axis=1)], axis=1) if given else None
    x = features if given else p.sum(axis=1, dtype=np.float64)[:, None]
    design = np.append(np.ones((len(p), 1)), x, axis=1).astype(np.float64)
    solution = np.linalg.solve(design.T @ design, design.T @ richness)
    rule = fit_predicted_k(p, labels, features)
    np.testing.assert_allclose(rule.slopes, solution[1:], rtol=1e-5)
    np.testing.assert_allclose(rule.intercept, solution[0], rtol=1e-4)
    got = rule(p, features)
    expected = np.clip(np.floor(design @ solution + 0.5), 0, 40)
    assert (np.abs(got.size - expected) <= 1).all()
    assert (got.size == expected).mean() > 0.99
    again = jax.jit(lambda r, q, f: r(q, f))(rule, p, features)
    np.testing.assert_array_equal(again.mask, got.mask)


def test_regression_corrects_sums_that_are_too_large():
    p, labels = survey()
    error = [
        np.mean((np.asarray(rule(p).size) - labels.sum(axis=1)) ** 2)
        for rule in (SSE(), fit_predicted_k(p, labels))
    ]
    assert error[1] < error[0] / 2


def test_bins_of_richness_against_scikit_learn():
    p, labels = survey()
    richness = labels.sum(axis=1)
    rule = fit_binned_k(p, labels, bins=5, offset=2, most=12)
    edges = np.unique(np.quantile(richness, [0.2, 0.4, 0.6, 0.8]))
    number = np.digitize(richness, edges)
    means = np.asarray([richness[number == b].mean() for b in np.unique(number)])
    np.testing.assert_allclose(rule.means, means, rtol=1e-6)
    x = p.sum(axis=1, dtype=np.float64)[:, None]
    peer = LogisticRegression(C=1 / (1e-3 * len(x)), tol=1e-10, max_iter=10_000)
    peer.fit((x - x.mean()) / x.std(), number)
    predicted = peer.predict((x - x.mean()) / x.std())
    expected = np.clip(np.floor(means[predicted] + 0.5) + 2, 1, 12)
    got = np.asarray(rule(p).size)
    assert (got == expected).mean() > 0.99
    again = jax.jit(lambda r, q: r(q))(rule, p)
    np.testing.assert_array_equal(again.size, got)


def test_one_bin_is_the_mean_for_all():
    p, labels = survey()
    mean = int(np.floor(labels.sum(axis=1).mean() + 0.5))
    rule = fit_binned_k(p, labels, bins=1)
    assert isinstance(rule, BinnedK)
    assert (np.asarray(rule(p).size) == mean + 5).all()


def test_what_is_refused():
    p, labels = survey()
    unknown = labels.copy()
    unknown[0, 0] = np.nan
    for fit in (fit_predicted_k, fit_binned_k):
        with pytest.raises(ValueError, match="complete surveys, got 1 "):
            fit(p, unknown)
        with pytest.raises(ValueError, match="finite features"):
            fit(p, labels, np.full((len(p), 1), np.nan))
        with pytest.raises(ValueError, match="finite features"):
            fit(p, labels, np.zeros((3, 1)))
    with pytest.raises(ValueError, match="vary on their own"):
        fit_predicted_k(p, labels, np.ones((len(p), 1)))
    with pytest.raises(ValueError, match="bins >= 1"):
        fit_binned_k(p, labels, bins=0)
    with pytest.raises(ValueError, match="features of shape"):
        fit_predicted_k(p, labels)(p, np.zeros((len(p), 2), np.float32))
