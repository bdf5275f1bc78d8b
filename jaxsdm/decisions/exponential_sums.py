"""Sums of exponentials that equal one over a number, with a known relative error.

    1 / a ~ sum_q w_q exp(-s_q a)    for a in [1, A], all w_q > 0

Of a random `a` that is a sum of independent terms, `E[exp(-s a)]` is a product: so the
expected value of a ratio becomes some forty products. The integrand is positive, so
the relative error of the sum is that of the expectation too.

It is the trapezoidal rule for the integral of `exp(u - a exp(u))`, whose error falls
like `exp(-pi^2 / step)`; all that lies left of its first point is one term with the
same sum and mean. Sums of the least length for their error would have half as many
terms, from a fit for each A (Braess & Hackbusch 2005, doi:10.1093/imanum/dri015).

Reference: Beylkin & Monzon 2010, doi:10.1016/j.acha.2009.08.011.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float


class ExponentialSum(NamedTuple):
    """Terms of a sum, float64.

    Attributes:
      rates: `[terms]` s.
      weights: `[terms]` w.
    """

    rates: Float[np.ndarray, " terms"]
    weights: Float[np.ndarray, " terms"]


ERRORS = {"float32": 1e-7, "float64": 5e-14}
"""Largest relative error of the sums that decisions use (`exponential_sums_test`)."""


@functools.cache
def exponential_sum(largest: float, error: float) -> ExponentialSum:
    """A sum for one over the numbers of [1, largest].

    Args:
      largest: A, from 1.
      error: relative error, at most: from 1e-2 down to 5e-14.
    """
    target = error / 3  # what the rule, its two ends and rounding share
    step = math.pi**2 / (math.log(1 / target) + 2.5)
    last = math.log(math.log(1 / target) + 4)
    first = math.log(target ** (1 / 3) / (2 * largest))
    u = np.arange(first, last + step, step)
    rates, weights = np.exp(u), step * np.exp(u)
    # Sum and mean rate of the terms at u[0] - step, u[0] - 2 step, ...
    ratio = math.exp(-step)
    weight = weights[0] * ratio / (1 - ratio)
    moment = weights[0] * rates[0] * ratio**2 / (1 - ratio**2)
    return ExponentialSum(np.append(moment / weight, rates), np.append(weight, weights))
