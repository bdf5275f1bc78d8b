"""Which predictors say the same: correlations, variance inflation, clusters.

Among collinear predictors a model's choice is arbitrary, its coefficients and response
curves cannot be read, and its predictions fail where the correlation changes.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from jaxsdm.data.correlations import correlations, inflation, strongest_partner
from jaxsdm.markdown import markdown_table

METHODS = ("pearson", "spearman")


@dataclasses.dataclass(frozen=True, eq=False)
class CollinearityReport:
    """How the continuous predictors of a table depend on one another.

    Attributes:
      pearson: `[predictors, predictors]` correlations; NaN with a constant predictor.
      spearman: those of ranks.
      vif: variance inflation factor of each predictor, `1 / (1 - R^2)` of its linear
        regression on all others: 1 if nothing tells of it, inf if they tell it exactly,
        NaN if it is constant.
      exact: of each predictor that others tell exactly, which ones do.
      clusters: groups of correlated predictors, in the order of the table; each
        predictor is in one, often alone.
      threshold: the mean |r| at which clusters stop to join.
      constant: predictors of a single value.
      rows: how many rows were read, those with a value in every predictor.
      rows_missing: how many were left out.
    """

    pearson: pd.DataFrame
    spearman: pd.DataFrame
    vif: pd.Series
    exact: Mapping[str, tuple[str, ...]]
    clusters: tuple[tuple[str, ...], ...]
    threshold: float
    constant: tuple[str, ...]
    rows: int
    rows_missing: int

    @property
    def table(self) -> pd.DataFrame:
        """A row a predictor: VIF, its strongest correlation, with which, its cluster.

        Columns `vif`, `correlation` (Pearson), `partner` and `cluster`, from 1.
        """
        partner, strongest = strongest_partner(self.pearson)
        number = {
            name: place
            for place, names in enumerate(self.clusters, start=1)
            for name in names
        }
        return pd.DataFrame(
            {
                "vif": self.vif,
                "correlation": strongest,
                "partner": partner,
                "cluster": pd.Series(number, dtype="int64"),
            },
            index=self.vif.index,
        )

    def to_markdown(self) -> str:
        """The table, then what is exact or constant, as Markdown."""
        head = ["predictor", "VIF", "strongest r", "with", "cluster"]
        table = markdown_table(head, list(self.table.itertuples()))
        notes = [
            f"`{name}` is told exactly by {', '.join(others)}."
            for name, others in self.exact.items()
        ]
        notes += [f"`{name}` is constant." for name in self.constant]
        missing = f", {self.rows_missing} left out for missing values"
        notes.append(
            f"{self.rows} rows{missing if self.rows_missing else ''}; clusters join "
            f"down to a mean |r| of {self.threshold:g}."
        )
        return "\n".join([table, "", *(f"- {note}" for note in notes)]) + "\n"


def collinearity_report(
    frame: pd.DataFrame,
    continuous: Sequence[str] | None = None,
    *,
    threshold: float | int = 0.7,
    method: str = "pearson",
) -> CollinearityReport:
    """Correlations, variance inflation factors and clusters of predictors.

    Clusters are those of average linkage on `1 - |r|`.

    Args:
      frame: a row a site, such as the background; rows with a missing or infinite value
        in any of the predictors are left out.
      continuous: the columns to compare; all columns of numbers if not given, which
        takes in levels that are written as numbers.
      threshold: mean |r| down to which clusters join; default as in the source.
      method: which correlation makes the clusters, `"pearson"` or `"spearman"`.

    Raises:
      ValueError: if a column is absent or not of numbers, there is none, fewer than
        three rows are complete, or `threshold` or `method` make no sense.

    References:
      Dormann et al. (2013), Collinearity: a review of methods to deal with it,
      Ecography 36, 27-46, doi:10.1111/j.1600-0587.2012.07348.x.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold: above 0, at most 1, got {threshold}.")
    if method not in METHODS:
        raise ValueError(f"method: one of {', '.join(METHODS)}, got {method!r}.")
    names = continuous_columns(frame, continuous)
    values, missing = complete_rows(frame, names)
    pearson = correlations(values)
    spearman = correlations(rankdata(values, axis=0))
    constant = np.isnan(np.diag(pearson))
    chosen = pearson if method == "pearson" else spearman
    factors, exact = inflation(pearson)

    def square(matrix: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(matrix, index=names, columns=names)

    return CollinearityReport(
        square(pearson),
        square(spearman),
        pd.Series(factors, index=names, name="vif"),
        {
            name: tuple(np.array(names, object)[others])
            for name, others in zip(names, exact, strict=True)
            if others.any()
        },
        tuple(
            tuple(names[place] for place in members)
            for members in _clusters(np.nan_to_num(chosen), threshold)
        ),
        float(threshold),
        tuple(name for name, flat in zip(names, constant, strict=True) if flat),
        len(values),
        missing,
    )


def continuous_columns(
    frame: pd.DataFrame, continuous: Sequence[str] | None
) -> list[str]:
    """The columns to compare: those named, else all of numbers.

    Raises:
      ValueError: if one is absent or not of numbers, or there is none.
    """
    numeric = [
        name
        for name in frame.columns
        if pd.api.types.is_numeric_dtype(frame[name].dtype)
        and not pd.api.types.is_bool_dtype(frame[name].dtype)
    ]
    names = numeric if continuous is None else list(continuous)
    wrong = [str(name) for name in names if name not in numeric]
    if wrong:
        raise ValueError(
            f"predictors: no column of numbers {', '.join(wrong)}; those are "
            f"{', '.join(map(str, numeric))}."
        )
    if not names:
        raise ValueError("predictors: no column of numbers.")
    return names


def complete_rows(
    frame: pd.DataFrame, names: Sequence[str]
) -> tuple[Float64[np.ndarray, "rows predictors"], int]:
    """The rows with a finite value in every column, and how many others there are.

    Raises:
      ValueError: if fewer than three are complete; names the column that is missing
        most.
    """
    values = frame.loc[:, list(names)].to_numpy(np.float64, na_value=np.nan)
    finite = np.isfinite(values)
    kept = finite.all(axis=1)
    if kept.sum() < 3:
        worst = int(finite.sum(axis=0).argmin())
        raise ValueError(
            f"predictors: {kept.sum()} of {len(frame)} rows have a value in every "
            f"column, want 3 or more; {names[worst]!r} has "
            f"{finite[:, worst].sum()}."
        )
    return values[kept], int((~kept).sum())


def _clusters(matrix: np.ndarray, threshold: float | int) -> list[list[int]]:
    if len(matrix) == 1:
        return [[0]]
    distance = 1 - np.abs(matrix)
    np.fill_diagonal(distance, 0)
    tree = hierarchy.average(squareform(distance, checks=False))
    labels = hierarchy.fcluster(tree, 1 - threshold, "distance")
    members = [np.flatnonzero(labels == label).tolist() for label in np.unique(labels)]
    return sorted(members)
