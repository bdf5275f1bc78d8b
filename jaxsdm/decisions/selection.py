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
    largest = _bracket(flat, k + 1)
    place = len(largest) - k
    found = np.partition(largest, place)
    return found[place], found[:place].max()


def _bracket(flat: np.ndarray, number: int) -> np.ndarray:
    """At least the `number` largest, all where a sample does not tell them."""
    if len(flat) < 4 * _SAMPLE:
        return flat
    # An odd step is not a multiple of any even number of columns; nothing but speed
    # depends on it.
    step = len(flat) // _SAMPLE | 1
    sample = flat[::step]
    rank = number / len(flat) * len(sample)
    rank = int(rank + 5 * np.sqrt(rank) + 10)  # five standard deviations
    if rank > len(sample) // 2:
        return flat
    least = np.partition(sample, len(sample) - rank)[len(sample) - rank]
    parts = [flat[i : i + _BLOCK] for i in range(0, len(flat), _BLOCK)]
    largest = np.concatenate([part[np.flatnonzero(part >= least)] for part in parts])
    return largest if len(largest) >= number else flat
