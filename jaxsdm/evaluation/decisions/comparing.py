"""All rules on labelled places: what they score, and what they were expected to."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from jaxsdm import decisions, metrics
from jaxsdm.decisions import RULES, SCORES, Score
from jaxsdm.evaluation.decisions.deciding import fitted_rule

COMPARED = ("f1", "f2", "jaccard", "tss")
"""Scores of the comparison."""


class Fold(NamedTuple):
    """Places to fit on and places to judge on.

    Attributes:
      calibration: `[places, species]` probabilities to fit on.
      calibration_labels: their labels, 1, 0 or NaN.
      probabilities: `[places, species]` to judge on.
      labels: their labels.
      blocks: `[places]` blocks that are drawn together for intervals, or None.
    """

    calibration: Float[np.ndarray, "calibration species"]
    calibration_labels: Float[np.ndarray, "calibration species"]
    probabilities: Float[np.ndarray, "places species"]
    labels: Float[np.ndarray, "places species"]
    blocks: np.ndarray | None = None


def compare_rules(
    folds: Sequence[Fold],
    *,
    scores: Sequence[str] = COMPARED,
    rules: Sequence[str] = tuple(RULES),
    empty_score: float = 0.0,
    resamples: int = 1000,
) -> pd.DataFrame:
    """One row for each rule and score.

    Args:
      folds: disjoint places to judge on, pooled; one is enough.
      scores: names of `SCORES`. Rules that maximise a score are fitted for each.
      rules: names of `RULES`.
      empty_score: what an empty set scores where nothing is present.
      resamples: of the bootstrap over places, or blocks.

    Returns:
      Columns `rule`, `score`; `realised` (mean over places) with the ends `low` and
      `high` of its 95 % interval; `over_maxexp`, the mean difference to MaxExp, with
      `over_low` and `over_high` from the same resamples; `expected`, the mean that the
      probabilities promise for the same sets; `size` and `richness`, mean numbers of
      species that were looked for; `undefined`, species without a threshold (most of
      the folds); `places`; `not_fitted`, why a rule has no values.

    Raises:
      ValueError: an unknown name, or no place to judge on.
    """
    if not sum(len(fold.labels) for fold in folds):
        raise ValueError("compare_rules: want labelled test sites, got none.")
    if all(fold.blocks is None for fold in folds):
        blocks = None
    else:
        blocks = np.concatenate(
            [
                [f"{number}/{one}" for one in fold.blocks]
                if fold.blocks is not None
                else [f"{number}/p{one}" for one in range(len(fold.labels))]
                for number, fold in enumerate(folds)
            ]
        )
    rows = []
    for name in scores:
        judged = {
            rule: _judged(folds, rule, SCORES[name], empty_score)
            for rule in dict.fromkeys(["maxexp", *rules])
        }
        fine = [rule for rule, one in judged.items() if "not_fitted" not in one]
        if not fine:
            raise ValueError(f"compare_rules: {judged['maxexp']['not_fitted']}")
        table = np.stack([judged[rule]["realised"] for rule in fine], axis=1)
        over = table - judged["maxexp"]["realised"][:, None]
        known = metrics.bootstrap_mean(
            np.concatenate([table, over], axis=1), blocks=blocks, resamples=resamples
        )
        for rule in rules:
            one = judged[rule]
            row: dict[str, Any] = {"rule": rule, "score": name}
            if rule in fine:
                own, other = fine.index(rule), len(fine) + fine.index(rule)
                row |= {
                    "realised": known.value[own],
                    "low": known.low[own],
                    "high": known.high[own],
                    "over_maxexp": known.value[other],
                    "over_low": known.low[other],
                    "over_high": known.high[other],
                    **{
                        column: np.nanmean(one[column])
                        for column in ("expected", "size", "richness")
                    },
                    "undefined": one["undefined"],
                    "places": int(np.sum(~np.isnan(one["realised"]))),
                }
            rows.append({**row, "not_fitted": one.get("not_fitted", "")})
    return pd.DataFrame(rows)


def mean_of_parts(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The mean over parts of every value, for rules that all of them could fit.

    Intervals of single parts say nothing about the mean: they are left out. `undefined`
    and `places` are sums.

    Args:
      tables: name of the part -> its table of `compare_rules`.
    """
    joined = pd.concat(tables.values(), ignore_index=True)
    joined["failed"] = joined["not_fitted"] != ""
    groups = joined.groupby(["rule", "score"], sort=False)
    mean = groups[["realised", "over_maxexp", "expected", "size", "richness"]].mean()
    total = groups[["undefined", "places", "failed"]].sum()
    found = mean.join(total).reset_index()
    failed = found.pop("failed") > 0
    found["not_fitted"] = np.where(failed, "not fitted in every part", "")
    found.loc[failed, ["realised", "over_maxexp", "expected", "size"]] = np.nan
    return found


def realised_scores(
    mask: np.ndarray, labels: np.ndarray, score: Score, empty_score: float = 0.0
) -> Float[np.ndarray, " places"]:
    """What sets score against labels, over the species that were looked for.

    Args:
      mask: `[places, species]` the sets.
      labels: `[places, species]` 1, 0 or NaN.
      score: of `jaxsdm.decisions`.
      empty_score: see `Score`.

    Returns:
      `[places]`, NaN where nothing was looked for.
    """
    known, present = ~np.isnan(labels), labels == 1
    counts = [
        part.sum(axis=1).astype(np.float64)
        for part in (mask & present, mask & known, present, known)
    ]
    looked = counts[3] > 0
    counts[3] = np.maximum(counts[3], 1)
    values = np.asarray(score(*counts, empty_score=empty_score), np.float64)
    return np.where(looked, values, np.nan)


def expected_scores(
    probabilities: np.ndarray,
    mask: np.ndarray,
    labels: np.ndarray,
    score: Score,
    empty_score: float = 0.0,
) -> Float[np.ndarray, " places"]:
    """What the probabilities promise for the species that were looked for.

    Args:
      probabilities: `[places, species]`.
      mask, labels, score, empty_score: as `realised_scores`.
    """
    known = ~np.isnan(labels)
    if known.all():
        return np.asarray(
            decisions.expected_score(
                probabilities, mask, score, empty_score=empty_score
            ),
            np.float64,
        )
    values = np.full(len(labels), np.nan)
    patterns, of_place = np.unique(known, axis=0, return_inverse=True)
    for number, looked in enumerate(patterns):
        rows = np.flatnonzero(of_place.reshape(-1) == number)
        if looked.any():
            values[rows] = decisions.expected_score(
                probabilities[np.ix_(rows, looked)],
                mask[np.ix_(rows, looked)],
                score,
                empty_score=empty_score,
            )
    return values


def _judged(
    folds: Sequence[Fold], rule: str, score: Score, empty_score: float
) -> dict[str, Any]:
    """Values of every place under one rule, or why there are none."""
    found: dict[str, list[Any]] = {}
    undefined = 0
    for fold in folds:
        try:
            chosen = fitted_rule(
                rule, fold.calibration, fold.calibration_labels, score, empty_score
            )
            mask = np.asarray(chosen(fold.probabilities).mask)
        except ValueError as error:
            return {"not_fitted": str(error)}
        labels = fold.labels
        values = {
            "realised": realised_scores(mask, labels, score, empty_score),
            "expected": expected_scores(
                fold.probabilities, mask, labels, score, empty_score
            ),
            "size": (mask & ~np.isnan(labels)).sum(axis=1),
            "richness": (labels == 1).sum(axis=1),
        }
        for name, value in values.items():
            found.setdefault(name, []).append(value)
        undefined = max(undefined, len(getattr(chosen, "undefined_species", ())))
    pooled = {name: np.concatenate(parts) for name, parts in found.items()}
    return {**pooled, "undefined": undefined}
