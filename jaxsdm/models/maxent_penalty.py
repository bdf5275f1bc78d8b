"""How strongly Maxent penalises each feature of each species, and which it leaves out.

The penalty of feature `k` for a species with `n` records is

    beta_kc = max(0.001 range_k, multiplier(class_k, n) / sqrt(n) * sd_kc)

with `sd_kc` the standard deviation of the feature over the species' records (for hinge
features at least 1/sqrt(n)) and `range_k` over all sites. Few records mean few feature
classes; a feature left out has an infinite penalty.

Source: Phillips & Dudík (2008), Ecography 31:161-175, with the tables of the R package
maxnet (Phillips et al. 2017, Ecography 40:887-893). As there, linear, quadratic and
product features share the table of the richest of the three classes in use.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

# Records from which a class is used: maxnet.formula(classes="default").
FEWEST_RECORDS = {"linear": 0, "quadratic": 10, "hinge": 15, "product": 80}

# Class -> (records, multiplier), interpolated linearly and constant outside:
# maxnet.default.regularization.
MULTIPLIERS = {
    "linear": ((0, 10, 30, 100), (1.0, 1.0, 0.2, 0.05)),
    "quadratic": ((0, 10, 17, 30, 100), (1.3, 0.8, 0.5, 0.25, 0.05)),
    "product": ((0, 10, 17, 30, 100), (2.6, 1.6, 0.9, 0.55, 0.05)),
    "hinge": ((0, 1), (0.5, 0.5)),
    "categorical": ((0, 10, 17), (0.65, 0.5, 0.25)),
}
_POLYNOMIAL = ("linear", "quadratic", "product")


def maxent_penalties(
    features: Float[np.ndarray, "sites features"],
    counts: Float[np.ndarray, "sites species"],
    classes: Sequence[str],
    *,
    multiplier: float = 1.0,
) -> Float[np.ndarray, "features species"]:
    """Maxent's L1 penalties, for all species of a task.

    Args:
        features: as `MaxentFeatures` gives them, in [0, 1].
        counts: records per site; a record counts as often as it is listed.
        classes: the feature class of each column (`expanded_classes`).
        multiplier: scales every penalty (Maxent's "regularization multiplier").

    Returns:
        Penalties in nats per unit of the feature, per record; `inf` where a species
        has too few records for the class, and everywhere for a species without any.
        With a single record the spread over the sites stands in for that over records.

    Raises:
        ValueError: shapes that do not fit, or an unknown feature class.
    """
    features = np.asarray(features, np.float64)
    counts = np.asarray(counts, np.float64)
    if features.shape != (len(counts), len(classes)):
        raise ValueError(
            f"maxent_penalties: want features [sites, features] = "
            f"({len(counts)}, {len(classes)}), got {features.shape}."
        )
    unknown = sorted(set(classes) - set(MULTIPLIERS))
    if unknown:
        raise ValueError(
            f"maxent_penalties: feature classes {unknown} are not known; use "
            f"{sorted(MULTIPLIERS)}."
        )
    kind = np.asarray(classes)
    records = counts.sum(0)  # [species]
    n = np.maximum(records, 1.0)
    used = {
        name: (records >= FEWEST_RECORDS.get(name, 0)) & bool(np.any(kind == name))
        for name in MULTIPLIERS
    }
    tables = {name: np.interp(n, *table) for name, table in MULTIPLIERS.items()}
    shared = tables["linear"]
    for name in _POLYNOMIAL[1:]:
        shared = np.where(used[name], tables[name], shared)
    tables |= dict.fromkeys(_POLYNOMIAL, shared)

    spread = _spread(features, counts, n)
    is_hinge = (kind == "hinge")[:, None]
    spread = np.where(is_hinge, np.maximum(spread, n[None, :] ** -0.5), spread)
    base = np.stack([tables[name] for name in classes]) / np.sqrt(n)[None, :]
    floor = 0.001 * np.ptp(features, axis=0)[:, None]
    penalties = multiplier * np.maximum(floor, base * spread)
    left_out = ~np.stack([used[name] for name in classes]) | (records == 0)[None, :]
    return np.where(left_out, np.inf, penalties)


def _spread(
    features: Float[np.ndarray, "sites features"],
    counts: Float[np.ndarray, "sites species"],
    n: Float[np.ndarray, " species"],
) -> Float[np.ndarray, "features species"]:
    # Centred first, so that the difference of squares keeps its digits.
    centred = features - features.mean(0)[None, :]
    mean = (centred.T @ counts) / n[None, :]
    square = ((centred**2).T @ counts) / n[None, :]
    variance = np.maximum(square - mean**2, 0.0) * n / np.maximum(n - 1.0, 1.0)
    overall = np.square(centred).mean(0)[:, None]
    return np.sqrt(np.where(n[None, :] > 1, variance, overall))
