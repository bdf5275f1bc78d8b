"""Order statistics of a table against a sort."""

import numpy as np
import pytest

from jaxsdm.decisions.selection import kth_and_next_largest

RNG = np.random.default_rng(15)


def skewed(places, species):
    """The largest first, where a sample of some rows would mislead."""
    return np.sort(RNG.random(places * species))[::-1].reshape(places, species)


TABLES = {
    "small": lambda: RNG.random((30, 7)),
    "one large": lambda: RNG.beta(0.1, 5, (3000, 1081)).astype(np.float32),
    "sorted": lambda: skewed(2000, 1000),
    "ties": lambda: RNG.integers(0, 4, (2000, 1000)) / 4,
    "constant": lambda: np.full((2000, 1000), 0.25, np.float32),
    "columns": lambda: np.tile(np.arange(1000) / 1000, (2000, 1)),
}


@pytest.mark.parametrize("name", TABLES)
def test_against_a_sort(name):
    table = TABLES[name]()
    ordered = np.sort(table.ravel())[::-1]
    for share in (0, 1e-4, 0.003, 0.1, 0.49, 0.8, 1):
        k = int(np.clip(share * table.size, 1, table.size - 1))
        got = kth_and_next_largest(table, k)
        assert got == (ordered[k - 1], ordered[k])
        assert got[0].dtype == table.dtype
