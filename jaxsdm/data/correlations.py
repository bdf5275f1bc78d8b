"""Correlations of predictors, and what a linear regression makes of them."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

# Variance that an exact relation among float32 values may keep, of predictors of
# variance 1, and the weight from which a predictor is part of it.
_EXACT, _RELATED = 1e-10, 1e-4


def correlations(
    values: Float64[np.ndarray, "rows predictors"],
) -> Float64[np.ndarray, "predictors predictors"]:
    """Pearson correlations; NaN in the row and column of a constant predictor."""
    flat = values.min(axis=0) == values.max(axis=0)
    centred = values - values.mean(axis=0)
    norm = np.sqrt((centred**2).sum(axis=0))
    norm[flat] = np.nan
    scaled = centred / norm
    matrix = np.clip(scaled.T @ scaled, -1, 1)
    np.fill_diagonal(matrix, np.where(flat, np.nan, 1.0))
    return matrix


def inflation(
    pearson: Float64[np.ndarray, "predictors predictors"],
) -> tuple[
    Float64[np.ndarray, " predictors"], Bool[np.ndarray, "predictors predictors"]
]:
    """Variance inflation factors from correlations, and who tells whom exactly.

    They are the diagonal of the inverse. A singular matrix is inverted off its null
    space, which holds the exact relations: a predictor outside it has the same factor
    with or without those that repeat one another.
    """
    used = np.flatnonzero(~np.isnan(np.diag(pearson)))
    factors = np.full(len(pearson), np.nan)
    exact = np.zeros(pearson.shape, bool)
    shares, axes = np.linalg.eigh(pearson[np.ix_(used, used)])
    null = axes[:, shares < _EXACT]
    related = np.abs(null @ null.T) > _RELATED
    np.fill_diagonal(related, False)
    exact[np.ix_(used, used)] = related
    real = shares >= _EXACT
    inverse = (axes[:, real] ** 2 / shares[real]).sum(axis=1)
    factors[used] = np.where(related.any(axis=1), np.inf, np.maximum(inverse, 1.0))
    return factors, exact


def strongest_partner(pearson: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Of each predictor the one it is most correlated with, and that correlation.

    Missing where there is none: for a constant, or a single predictor.
    """
    size = np.abs(pearson.to_numpy(copy=True))
    np.fill_diagonal(size, np.nan)
    found = ~np.isnan(size).all(axis=1)
    place = np.where(np.isnan(size), -1.0, size).argmax(axis=1)
    names = pearson.columns.to_numpy()
    strongest = pearson.to_numpy()[np.arange(len(size)), place]
    return (
        pd.Series(np.where(found, names[place], None), pearson.index, dtype=object),
        pd.Series(np.where(found, strongest, np.nan), pearson.index),
    )
