"""Order statistics of a table in this computer's memory, for rules that are fitted.

`jaxsdm.ops.kth_largest` finds them in programs and over shards. Here one pass over the
table is enough: a sample tells from where on the largest ones lie, and only those are
looked at.
"""

import numpy as np
from jaxtyping import Float

_SAMPLE = 200_000
"""Elements of the sample, above which a bracket is worth it."""

_BLOCK = 65_536
"""Elements compared at a time, so that they are still in the cache when taken."""


def kth_and_next_largest(
    table: Float[np.ndarray, "..."], k: int
) -> tuple[np.floating, np.floating]:
    """The k-th and the (k+1)-th largest element; equal elements count each.

    Args:
      table: no NaN.
      k: from 1 to the number of elements less one.
    """
    flat = table.reshape(-1)
    larger, candidates = _bracket(flat, k)
    place = len(candidates) - (k - larger)
    found = np.partition(candidates, place)
    return found[place], found[:place].max()


def _bracket(flat: np.ndarray, k: int) -> tuple[int, np.ndarray]:
    """Elements around the k-th and the next largest, and how many are larger."""
    if len(flat) < 4 * _SAMPLE:
        return 0, flat
    # An odd step is not a multiple of any even number of columns; nothing but speed
    # depends on it.
    step = len(flat) // _SAMPLE | 1
    sample = flat[::step]
    rank = k / len(flat) * len(sample)
    reach = 5 * np.sqrt(rank) + 10  # five standard deviations
    low, high = int(rank + reach), int(rank - reach)
    if low >= len(sample):
        return 0, flat
    high = max(high, 0)
    at = sorted({len(sample) - 1 - low, len(sample) - 1 - high})
    found = np.partition(sample, at)
    least = found[at[0]]
    most = found[at[-1]] if high else np.inf
    larger, parts = 0, []
    for start in range(0, len(flat), _BLOCK):
        part = flat[start : start + _BLOCK]
        above = part > most
        larger += int(np.count_nonzero(above))
        parts.append(part[np.flatnonzero((part >= least) ^ above)])
    candidates = np.concatenate(parts)
    if larger < k < larger + len(candidates):
        return larger, candidates
    return 0, flat
