"""The few numbers an evaluation comes down to, and what they leave out."""

import math
from typing import Any

import pandas as pd

from jaxsdm.evaluation.tables import METRICS


def summarise(species_table: pd.DataFrame) -> dict[str, Any]:
    """Means over species, groups and regions, with counts of what was not scored.

    Every mean is over species, each counting once whatever its records. The mean of
    regions is the mean of the regions' means, so that a region of few species weighs
    as much as one of many (the convention of the NCEAS comparisons).

    Args:
      species_table: from `species_table`.

    Returns:
      Numbers, strings, lists and dicts only, None for an undefined mean, so that it can
      be written as JSON:
      `mean_<metric>_regions` and `mean_<metric>_species` for the columns of `METRICS`;
      `species`, `species_scored`, `species_not_scored` (counts); `not_scored` (reason
      -> names of species); `undefined` (metric -> number of scored species in which it
      is NaN all the same, such as Boyce of constant scores); `regions` (name -> counts
      and `mean_<metric>`); `groups` (`<region>-<group>` -> the same).
    """
    regions = _means_by(species_table, ["region"])
    overall = _means(species_table)
    summary: dict[str, Any] = {}
    for metric in METRICS:
        of_regions = [region[f"mean_{metric}"] for region in regions.values()]
        summary[f"mean_{metric}_regions"] = _mean(
            pd.Series([mean for mean in of_regions if mean is not None], dtype=float)
        )
        summary[f"mean_{metric}_species"] = overall[f"mean_{metric}"]
    scored = species_table["not_scored"] == ""
    left_out = species_table[~scored]
    return {
        **summary,
        "species": overall["species"],
        "species_scored": overall["species_scored"],
        "species_not_scored": overall["species"] - overall["species_scored"],
        "not_scored": {
            str(reason): part["species"].tolist()
            for reason, part in left_out.groupby("not_scored", sort=False)
        },
        "undefined": {
            metric: int(species_table.loc[scored, metric].isna().sum())
            for metric in METRICS
        },
        "regions": regions,
        "groups": _means_by(species_table, ["region", "group"]),
    }


def _means_by(table: pd.DataFrame, columns: list[str]) -> dict[str, dict[str, Any]]:
    return {
        "-".join(map(str, key)): _means(part)
        for key, part in table.groupby(columns, sort=False)
    }


def _means(table: pd.DataFrame) -> dict[str, Any]:
    return {
        "species": len(table),
        "species_scored": int((table["not_scored"] == "").sum()),
        **{f"mean_{metric}": _mean(table[metric]) for metric in METRICS},
    }


def _mean(values: pd.Series) -> float | None:
    mean = float(values.mean())
    return None if math.isnan(mean) else mean
