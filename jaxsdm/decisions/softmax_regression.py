"""Softmax regression of few features, by Newton's method on the host."""

import numpy as np
from jaxtyping import Float, Int


def softmax_regression(
    x: Float[np.ndarray, "places features"],
    number: Int[np.ndarray, " places"],
    classes: int,
    ridge: float | int,
) -> np.ndarray:
    """The weights of the least penalised log-loss.

    Args:
      x: `[places, features]`, best of mean 0 and variance 1.
      number: `[places]` the class of each, from 0 on.
      classes: how many.
      ridge: weight of half the squared slopes, above 0, per place.

    Returns:
      `[1 + features, classes]`, intercepts first.
    """
    design = np.append(np.ones((len(x), 1)), x, axis=1)
    places, width = design.shape
    truth = np.eye(classes)[number]
    penalty = np.full((width, classes), ridge)
    penalty[0] = ridge * 1e-3  # fixes the constant that softmax does not see

    def loss(weights: np.ndarray) -> float:
        scores = design @ weights
        high = scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores - high).sum(axis=1)) + high[:, 0]
        fit = np.mean(total - (scores * truth).sum(axis=1))
        return float(fit + np.sum(penalty * weights**2) / 2)

    weights = np.zeros((width, classes))
    for _ in range(100):
        scores = design @ weights
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        gradient = design.T @ (share - truth) / places + penalty * weights
        if np.abs(gradient).max() < 1e-10:
            break
        spread = np.einsum("pc,cd->pcd", share, np.eye(classes))
        spread -= share[:, :, None] * share[:, None, :]
        curvature = np.einsum("pi,pj,pcd->icjd", design, design, spread) / places
        curvature = curvature.reshape(width * classes, -1) + np.diag(penalty.ravel())
        step = np.linalg.solve(curvature, gradient.ravel()).reshape(width, classes)
        length, before = 1.0, loss(weights)
        while loss(weights - length * step) > before and length > 1e-8:
            length /= 2
        weights = weights - length * step
    return weights
