"""Folds drawn at random: what spatial splits are compared with."""

import numpy as np
from jaxtyping import Int64

from jaxsdm.data.splits.checks import check_folds


def random_folds(
    number_of_sites: int, *, folds: int, seed: int = 0
) -> Int64[np.ndarray, " sites"]:
    """Folds of equal size (to one site), drawn at random.

    Raises:
      ValueError: if there are fewer than 2 folds or more folds than sites.
    """
    check_folds(folds, number_of_sites, "sites")
    dealt = np.arange(number_of_sites, dtype=np.int64) % folds
    return np.random.default_rng(seed).permutation(dealt)
