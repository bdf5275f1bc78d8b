"""The weights against scikit-learn, and that nothing is left of the gradient."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from jaxsdm.decisions.softmax_regression import softmax_regression

RNG = np.random.default_rng(16)


@pytest.mark.parametrize("classes", [3, 6])
def test_against_scikit_learn(classes):
    x = RNG.normal(size=(400, 2))
    scores = x @ RNG.normal(size=(2, classes)) + RNG.gumbel(size=(400, classes))
    number = np.argmax(scores, axis=1)
    weights = softmax_regression(x, number, classes, 0.01)
    peer = LogisticRegression(C=1 / (0.01 * 400), tol=1e-10, max_iter=10_000)
    share = peer.fit(x, number).predict_proba(x)
    own = np.exp(x @ weights[1:] + weights[0])
    # The intercepts bear a thousandth of the penalty here and none there.
    np.testing.assert_allclose(own / own.sum(axis=1, keepdims=True), share, atol=1e-3)
    np.testing.assert_allclose(weights[1:], peer.coef_.T, atol=1e-2)


def test_separated_classes_have_finite_weights():
    x = np.linspace(-1, 1, 30)[:, None]
    number = (np.arange(30) // 10).astype(int)
    weights = softmax_regression(x, number, 3, 1e-3)
    assert np.isfinite(weights).all()
    assert (np.argmax(x @ weights[1:] + weights[0], axis=1) == number).mean() > 0.9
