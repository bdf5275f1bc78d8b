"""Sets with a guarantee: thresholds that miss presences with a stated probability.

All guarantees are over calibration places and a new place that are exchangeable, and
on average over both. They use the calibration set's ranks only, so they hold however
bad the probabilities are; bad ones give long lists. Where the calibration set is too
small for the level that is asked, every place gets the species (or all of them) and
that is in `undefined`.

References:
  Vovk, Gammerman & Shafer 2005 (label-conditional conformal prediction); Sadinle, Lei &
  Wasserman 2019, doi:10.1080/01621459.2017.1395341; Angelopoulos et al. 2022,
  arXiv:2208.02814 (conformal risk control).
"""

import math
from fractions import Fraction

import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.score_means import EQUAL, ScoreOfCounts, score_values
from jaxsdm.decisions.surveys import fraction, surveys
from jaxsdm.decisions.thresholds import ThresholdRule, per_species


def fit_conformal_per_species(
    probabilities: ArrayLike, labels: ArrayLike, miss: float = 0.1
) -> ThresholdRule:
    """Thresholds with which each species is missed at most so often where it lives.

    The threshold of a species is the m-th lowest probability of its n presences, with
    m = floor(miss (n + 1)) and p >= t: a new presence is missed with a probability of
    at most m / (n + 1). With n + 1 < 1 / miss, m is 0: the species is in every set, and
    in `undefined`; so is a species without any presence.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for. Only
        presences are used.
      miss: the probability, such as 0.1 for nine presences in ten found.

    Raises:
      ValueError: an invalid calibration set, or miss not between 0 and 1.
    """
    function = "fit_conformal_per_species"
    fraction(function, "miss", miss)
    data = surveys(function, probabilities, labels)
    pairs = zip(data.probabilities.T, data.present.T, strict=True)
    found = [_lowest(column[there], miss) for column, there in pairs]
    return ThresholdRule(
        np.asarray([cut for cut, _ in found], data.probabilities.dtype),
        np.asarray([small for _, small in found]),
        "conformal_per_species",
    )


def fit_conformal_marginal(
    probabilities: ArrayLike, labels: ArrayLike, miss: float = 0.1
) -> ThresholdRule:
    """One threshold with which a presence of any species is missed at most so often.

    As `fit_conformal_per_species` with the presences of all species as one. The
    guarantee is for presences that are exchangeable: one species a row, such as
    presence-only records. Presences of one place are found and missed together, so for
    whole assemblages `fit_false_negative_rate` is the one that holds.

    Args, Raises: as `fit_conformal_per_species`.
    """
    function = "fit_conformal_marginal"
    fraction(function, "miss", miss)
    data = surveys(function, probabilities, labels)
    cut, small = _lowest(data.probabilities[data.present], miss)
    return ThresholdRule(
        data.probabilities.dtype.type(cut), np.asarray(small), "conformal_marginal"
    )


def fit_false_negative_rate(
    probabilities: ArrayLike, labels: ArrayLike, miss: float = 0.1
) -> ThresholdRule:
    """One threshold with which at most this share of a place's species is missed.

    Conformal risk control: with L(t) the mean over n calibration places of the share of
    their species with p < t, the highest threshold with
    (n L(t) + 1) / (n + 1) <= miss. Then the expected share missed at a new place is at
    most `miss`. Places without any species have no such share: they are left out, and
    the guarantee is for places that have some. With n + 1 < 1 / miss every place gets
    all species and `undefined` is True.

    Args, Raises: as `fit_conformal_per_species`; `miss` is the share. Where species
      were not looked for, the share is that of those that were.
    """
    function = "fit_false_negative_rate"
    fraction(function, "miss", miss)
    data = surveys(function, probabilities, labels)
    number = data.present.sum(axis=1)
    places = int(np.sum(number > 0))
    probability = data.probabilities[data.present]
    share = 1 / np.repeat(number, number).astype(np.float64)
    ascending = np.argsort(probability, kind="stable")
    probability, share = probability[ascending], share[ascending]
    # Losses where the cut is at each presence: those strictly below it are missed.
    first = np.flatnonzero(np.append(True, probability[1:] != probability[:-1]))
    lost = np.append(0.0, np.cumsum(share))[first[: len(probability)]]
    # Up to the rounding of the sums, never above the level by more than that.
    allowed = float(_level(miss) * (places + 1)) - 1
    within = np.flatnonzero(lost <= allowed + 1e-12 * places)
    small = not len(within)
    cut = 0.0 if small else probability[first[within[-1]]]
    return ThresholdRule(
        data.probabilities.dtype.type(cut), np.asarray(small), "false_negative_rate"
    )


def fit_common_percentile(
    probabilities: ArrayLike, labels: ArrayLike, score: ScoreOfCounts
) -> ThresholdRule:
    """Per species the c-th percentile of its presences, one c for all: C_opti.

    c is the whole number from 0 to 99 that maximises the mean score over the
    calibration places; means within 1e-10 are equal and the highest such c is taken
    (the smallest sets). The percentile is NumPy's linear one and must be exceeded,
    p > t, as in the code published with MaxExp (Gigot-Leandri et al. 2026,
    arXiv:2602.11771). A tuned rule without a guarantee.

    Args:
      probabilities: `[places, species]` of the calibration set.
      labels: `[places, species]`: 1 present, 0 absent, NaN not looked for.
      score: `(true_positives, size, present, species) -> value` of arrays of one
        shape, such as `f_beta(1)`.

    Returns:
      The rule. A species without a presence has no threshold: +inf, and `undefined`.

    Raises:
      ValueError: an invalid calibration set, or a score is not finite.
    """
    function = "fit_common_percentile"
    table, present, known = surveys(function, probabilities, labels)
    thresholds = np.full((100, table.shape[1]), np.nan)
    for species, there in enumerate(present.T):
        if there.any():
            column = table[there, species].astype(np.float64)
            thresholds[:, species] = np.percentile(column, np.arange(100))
    # As the rule will compare them, in the type of the probabilities.
    cuts = np.where(np.isnan(thresholds), np.inf, thresholds).astype(table.dtype)
    hits = np.empty((len(table), 100), np.int64)
    size = np.empty_like(hits)
    for percentile, cut in enumerate(cuts):
        chosen = known & (table > cut)
        size[:, percentile] = chosen.sum(axis=1)
        hits[:, percentile] = (chosen & present).sum(axis=1)
    values = score_values(
        function, score, hits, size, present.sum(axis=1), known.sum(axis=1)
    )
    means = values.mean(axis=0)
    best = np.flatnonzero(means >= means.max() - EQUAL)[-1]
    return per_species(
        thresholds[best], table.dtype, f"common_percentile_{best}", strict=True
    )


def _lowest(presences: np.ndarray, miss: float) -> tuple[float, bool]:
    """The threshold of these presences, and whether they are too few for one."""
    allowed = math.floor(_level(miss) * (len(presences) + 1))
    allowed = min(allowed, len(presences))
    if not allowed:
        return 0.0, True
    return float(np.partition(presences, allowed - 1)[allowed - 1]), False


def _level(miss: float) -> Fraction:
    """The level as it was meant: 0.29 * 100 is 29, not 28.999999999999996."""
    return Fraction(miss).limit_denominator(10**9)
