"""Sums that do not depend on the order of their terms, on the host and inside `jit`.

A float sum depends on how the data were split into batches. Here a term is cut, without
rounding, into whole numbers of 2^0, 2^-15, 2^-30, 2^-45 and 2^-60, and each of these
"limbs" is summed as an integer. Integers add exactly: any split of the terms over
batches, devices and processes gives the same limbs, hence the same float64 at the end.
What a term has below 2^-60 (9e-19) is dropped.

A state is merged by adding its limbs, as `psum` does. `carried` brings each limb but
the first back below 2^15; with that done once a batch, int32 holds the sum of 65 536
batches that are merged without it.
"""

from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

BITS = 15
LIMBS = 5

# Limbs are below 2^15, so int32 holds the sum of this many of them.
MAX_TRACED_TERMS = 2**16


class ExactSum(NamedTuple):
    """A sum as integers.

    Attributes:
      limbs: `[limbs, ...]`; the value is the sum of `limbs[j] * 2**(-15 j)`. int64 on
        the host, JAX's default integer inside `jit`.
    """

    limbs: Any


def exact_sum(terms: Any, xp: ModuleType) -> ExactSum:
    """Sum over the first axis.

    Args:
      terms: `[terms, ...]` finite floats, booleans or integers, below 2^31 in sum
        inside `jit` and 2^62 on the host.
      xp: numpy, or jax.numpy inside `jit`.

    Raises:
      ValueError: more than `MAX_TRACED_TERMS` inside `jit`.
    """
    if xp is not np and len(terms) > MAX_TRACED_TERMS:
        raise ValueError(
            f"exact_sum: inside jit want at most {MAX_TRACED_TERMS} places a batch, "
            f"got {len(terms)}; update with smaller batches."
        )
    whole = np.int64 if xp is np else xp.result_type(int)
    if not xp.issubdtype(terms.dtype, xp.floating):
        first = xp.sum(terms, axis=0, dtype=whole)
        rest = xp.zeros((LIMBS - 1, *first.shape), whole)
        return ExactSum(xp.concatenate([first[None], rest]))
    limbs = []
    for _ in range(LIMBS):
        part = xp.floor(terms)
        limbs.append(xp.sum(part.astype(whole), axis=0, dtype=whole))
        terms = (terms - part) * 2**BITS
    return ExactSum(xp.stack(limbs))


def carried(total: ExactSum, xp: ModuleType) -> ExactSum:
    """The same sum with every limb but the first in [0, 2^15)."""
    limbs = list(total.limbs)
    for j in range(LIMBS - 1, 0, -1):
        limbs[j - 1] = limbs[j - 1] + (limbs[j] >> BITS)
        limbs[j] = limbs[j] & (2**BITS - 1)
    return ExactSum(xp.stack(limbs))


def value(total: ExactSum) -> Float[np.ndarray, "..."]:
    """The sum in float64, on the host."""
    limbs = carried(ExactSum(np.asarray(total.limbs, np.int64)), np).limbs
    result = np.zeros(limbs.shape[1:])
    for j in range(LIMBS - 1, -1, -1):
        result = result + limbs[j] * 2.0 ** (-BITS * j)
    return np.asarray(result)


def exact_mean(values: ArrayLike) -> float:
    """Mean of numbers in float64, whatever their order; NaN of none.

    Raises:
      ValueError: a value that is not finite.
    """
    table = np.asarray(values, np.float64).ravel()
    if not np.isfinite(table).all():
        raise ValueError("exact_mean: want finite values.")
    if not table.size:
        return float("nan")
    return float(value(exact_sum(table, np))) / table.size
