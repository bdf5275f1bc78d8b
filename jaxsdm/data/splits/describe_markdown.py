"""The description of a split as Markdown, short even for thousands of folds."""

import numpy as np
import pandas as pd

from jaxsdm.markdown import markdown_table

_MOST_ROWS = 30

_HEADERS = {
    "test_sites": "test sites",
    "training_sites": "training sites",
    "left_out": "left out",
    "nearest_min": "nearest (min)",
    "nearest_median": "nearest (median)",
    "test_records": "test records",
    "training_records": "training records",
    "species_tested": "species tested",
    "species_lost": "species lost",
    "species_untested": "species untested",
    "dissimilar": "dissimilar",
}


def markdown(
    folds: pd.DataFrame, species: pd.DataFrame | None, never_tested: int, unit: str
) -> str:
    """The tables of a `SplitDescription` for a report.

    More than 30 folds are told by the least, the median and the greatest of each
    column; of species, those that some fold loses are named, 30 at most.
    """
    never = f"; {never_tested} sites are never tested" if never_tested else ""
    parts = [f"{len(folds)} folds{never}. Distances in {unit}."]
    if len(folds) > _MOST_ROWS:
        quantiles = folds.quantile([0, 0.5, 1]).set_axis(["least", "median", "most"])
        parts.append(_table(quantiles, "over folds"))
    else:
        parts.append(_table(folds, "fold"))
    if "dissimilar" in folds:
        parts.append(
            "Dissimilar: share of test sites outside the range of the training sites "
            "in some predictor (MESS below 0)."
        )
    if species is not None:
        parts += _of_species(species)
    return "\n\n".join(parts) + "\n"


def _of_species(species: pd.DataFrame) -> list[str]:
    tested = species.folds_tested.value_counts().sort_index()
    parts = [_table(tested.to_frame("species"), "folds with a presence in the test")]
    if len(tested) > _MOST_ROWS:
        least, median, most = species.folds_tested.quantile([0, 0.5, 1])
        parts = [
            f"Folds with a presence of a species in the test: {least:.0f} to {most:.0f}"
            f", median {median:.0f}; none for {np.sum(species.folds_tested == 0)} of "
            f"{len(species)} species."
        ]
    lost = species[species.folds_lost > 0].sort_values(["folds_lost", "sites"])[::-1]
    if len(lost) == 0:
        parts.append("No species is lost from the training of a fold that tests it.")
        return parts
    names = [f"{name} ({number})" for name, number in lost.folds_lost.items()]
    more = f" and {len(lost) - _MOST_ROWS} more" if len(lost) > _MOST_ROWS else ""
    parts.append(
        f"{len(lost)} of {len(species)} species are lost from the training of a fold "
        f"that tests them (number of such folds): {', '.join(names[:_MOST_ROWS])}"
        f"{more}."
    )
    return parts


def _table(frame: pd.DataFrame, corner: str) -> str:
    header = [corner, *(_HEADERS.get(name, name) for name in frame.columns)]
    # By column first: a row of numbers of two kinds would turn all into floats.
    columns = [[_cell(value) for value in frame[name]] for name in frame.columns]
    return markdown_table(header, list(zip(frame.index, *columns, strict=True)))


def _cell(value: float | int) -> str:
    """Whole numbers and distances of any size without an exponent."""
    if np.isnan(value):
        return ""
    if not np.isfinite(value) or float(value).is_integer() or abs(value) >= 1e4:
        return f"{value:.0f}"
    return f"{value:.4g}"
