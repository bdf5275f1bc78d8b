"""Which species is where: counts of any kind as one sparse table."""

from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Num
from scipy import sparse

Counts: TypeAlias = (
    Num[np.ndarray, "sites species"]
    | Bool[np.ndarray, "sites species"]
    | sparse.sparray
    | sparse.spmatrix
)
"""`[sites, species]` counts, 0/1 or booleans, NaN where a species was not looked for;
for many sites and species a sparse table of SciPy."""


def presences(function: str, counts: Counts, sites: int) -> sparse.csr_array:
    """The counts above 0, as float64.

    Args:
      function: whose argument `counts` is, for the message.
      counts: `[sites, species]`, dense or sparse.
      sites: how many rows it must have.

    Raises:
      ValueError: if it has other rows than the sites, a negative or an infinite count.
    """
    if counts.ndim != 2 or counts.shape[0] != sites:
        raise ValueError(
            f"{function}: counts [sites, species] of {sites} sites, got shape "
            f"{counts.shape}."
        )
    if isinstance(counts, np.ndarray):
        rows, species = np.nonzero(counts)  # NaN is not zero: left out below.
        values = counts[rows, species].astype(np.float64)
    else:
        triplets = sparse.coo_array(counts)
        rows, species = triplets.coords
        values = triplets.data.astype(np.float64)
    if np.any(values < 0) or np.any(np.isinf(values)):
        raise ValueError(
            f"{function}: counts are finite and >= 0 or NaN, got {np.nanmin(values)} "
            f"to {np.nanmax(values)}."
        )
    there = values > 0
    places = rows[there], species[there]
    table = sparse.coo_array((values[there], places), shape=counts.shape)
    return table.tocsr()
