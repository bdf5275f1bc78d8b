"""Losses of this field as one would write them in PyTorch, on the CPU or a GPU.

Written for this comparison, in the formulation of the papers: a tensor of noise and a
table of ones for the top-K hinge, polynomials multiplied in a tree in log space for
the smooth top-K SVM. Each function prepares tensors and gives a program of them, which
returns what it found once it is there.
"""

import math
from collections.abc import Callable

import numpy as np
import torch

Program = Callable[[], tuple[torch.Tensor, ...]]


def top_k_hinge(
    logits: np.ndarray, labels: np.ndarray, *, k: int, draws: int
) -> Program:
    """Loss and gradient by `randn`, `kthvalue` over the classes and a one-hot table."""

    class CutMean(torch.autograd.Function):
        """Mean over draws of the (k+1)-th largest noised score."""

        @staticmethod
        def forward(ctx, scores):
            noised = scores[..., None] + torch.randn(
                *scores.shape, draws, device=scores.device
            )
            cut = torch.kthvalue(-noised, k + 1, dim=1)
            ctx.save_for_backward(cut.indices)
            ctx.shape = noised.shape
            return -cut.values.mean(-1)

        @staticmethod
        def backward(ctx, cotangent):
            (indices,) = ctx.saved_tensors
            chosen = torch.zeros(ctx.shape, device=indices.device)
            chosen.scatter_(1, indices[:, None], 1.0)
            return chosen.mean(-1) * cotangent[:, None]

    def loss(scores, own):
        gap = 1 + CutMean.apply(scores) - scores.gather(1, own)[:, 0]
        return torch.relu(gap).mean()

    return _with_gradient(loss, logits, labels)


def smooth_top_k_svm(
    logits: np.ndarray,
    labels: np.ndarray,
    *,
    k: int,
    tau: float,
    alpha: float = 1.0,
    automatic: bool = False,
) -> Program:
    """Loss and gradient by divide and conquer; without the hard branch.

    The gradient is that of automatic differentiation, or the recursion of Berrada et
    al. 2018 (section 4), which takes less time. Their approximation where the recursion
    is unstable is left out: it only adds to the work.
    """

    class Ratio(torch.autograd.Function):
        """`log e_K - log e_{K-1}` of the other classes."""

        @staticmethod
        def forward(ctx, scores, own):
            log_x = (scores / (k * tau)).scatter(1, own, _NONE)
            log_e = _log_polynomials(log_x, k)
            ctx.save_for_backward(log_x, log_e)
            return log_e[k] - log_e[k - 1]

        @staticmethod
        def backward(ctx, cotangent):
            log_x, log_e = ctx.saved_tensors
            highest = log_x.amax(1)
            x = torch.exp(log_x - highest[:, None])
            share, last = torch.zeros_like(x), x
            for degree in range(1, k + 1):
                ratio = torch.exp(highest + log_e[degree - 1] - log_e[degree])
                last = share
                share = (1 - share).mul_(x).mul_(ratio[:, None])
            weight = cotangent / (k * tau)
            return (share - last).mul_(weight[:, None]), None

    def loss(scores, own):
        log_x_own = scores.gather(1, own)[:, 0] / (k * tau)
        if automatic:
            log_x = (scores / (k * tau)).scatter(1, own, _NONE)
            log_e = _log_polynomials(log_x, k)
            ratio = log_e[k] - log_e[k - 1]
        else:
            ratio = Ratio.apply(scores, own)
        excess = alpha / tau + ratio - log_x_own
        return tau * torch.nn.functional.softplus(excess).mean()

    return _with_gradient(loss, logits, labels)


def flat_cut(scores: np.ndarray, *, number: int) -> Program:
    """Midway between two order statistics of all scores, by `topk`."""
    table = torch.from_numpy(scores).to(_device())

    def run():
        best = torch.topk(table.flatten(), number + 1).values
        return _done((best[-2] + best[-1]) / 2)

    return run


def flat_labels(logits: np.ndarray, labels: np.ndarray, *, k: int) -> Program:
    """The true classes and the most probable others, k a row in all, by `topk`."""
    device = _device()
    scores = torch.from_numpy(logits).to(device)
    own = torch.from_numpy(labels).long().to(device)[:, None]
    others = (k - 1) * len(logits)

    def run():
        log_p = torch.log_softmax(scores, 1).scatter_(1, own, -math.inf)
        chosen = torch.topk(log_p.flatten(), others).indices
        sets = torch.zeros(log_p.numel(), dtype=torch.bool, device=device)
        sets[chosen] = True
        return _done(sets.view_as(log_p).scatter_(1, own, True))

    return run


def _log_polynomials(log_x: torch.Tensor, k: int) -> torch.Tensor:
    """`[k + 1, batch]` logarithms of the symmetric polynomials of `[batch, classes]`.

    Pairs of polynomials are multiplied level by level, without the degrees above k.
    """
    log_p = torch.stack([torch.zeros_like(log_x), log_x])  # [degrees, batch, classes]
    while log_p.shape[-1] > 1:
        if log_p.shape[-1] % 2:
            one = torch.full_like(log_p[..., :1], _NONE)
            one[0] = 0
            log_p = torch.cat([log_p, one], -1)
        a, b = log_p.chunk(2, -1)
        highest = len(log_p) - 1
        product = []
        for degree in range(min(2 * highest, k) + 1):
            first, last = max(0, degree - highest), min(degree, highest)
            total = a[first] + b[degree - first]
            for i in range(first + 1, last + 1):
                total = torch.logaddexp(total, a[i] + b[degree - i])
            product.append(total)
        log_p = torch.stack(product)
    return log_p[..., 0]


_NONE = -1e4
"""Logarithm of nothing; the derivative of `logaddexp` of two infinities is nan."""


def _with_gradient(loss, logits: np.ndarray, labels: np.ndarray) -> Program:
    scores = torch.from_numpy(logits).to(_device()).requires_grad_()
    own = torch.from_numpy(labels).long().to(_device())[:, None]

    def run():
        value = loss(scores, own)
        return _done(value.detach(), *torch.autograd.grad(value, scores))

    return run


def _done(*results: torch.Tensor) -> tuple[torch.Tensor, ...]:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return results


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
