"""What a reader asks of predictors first: gaps, range, spread, levels, repeats."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm.data.collinearity import collinearity_report

NEAR_CONSTANT = 0.95
"""Share of the commonest value from which a predictor says little (as 95 : 5)."""


def describe_predictors(
    frame: pd.DataFrame, categorical: Sequence[str] = ()
) -> pd.DataFrame:
    """A row a predictor, in the order of the table.

    Args:
      frame: a row a site; every column is a predictor.
      categorical: columns whose values are levels.

    Returns:
      Index `predictor`; NaN where a column makes no sense of it:
      `kind` `"continuous"` or `"categorical"`;
      `missing` rows without a value, infinite ones among them;
      `minimum`, `mean`, `standard_deviation` (of the population) and `maximum`, in the
      predictor's unit;
      `distinct` values or levels, and `commonest`, the share of the rows with a value
      that hold the commonest one;
      `near_constant` whether that is 95 % or more: almost a constant;
      `rarest_level` rows that hold the rarest level;
      `vif`, `correlation`, `partner` of continuous predictors, over the rows that
      have them all (`collinearity_report`); NaN if those are fewer than three.

    Raises:
      ValueError: if `categorical` names no column, or another holds no numbers.
    """
    unknown = [name for name in categorical if name not in frame]
    if unknown:
        raise ValueError(
            f"describe_predictors: categorical names {', '.join(unknown)}, no column "
            f"of the table ({', '.join(map(str, frame.columns))})."
        )
    rows = {}
    for name in frame.columns:
        levels = name in categorical
        rows[name] = _levels(frame[name]) if levels else _numbers(frame[name])
    table = pd.DataFrame.from_dict(rows, orient="index", columns=_COLUMNS)
    table.index.name = "predictor"
    continuous = [name for name in frame.columns.tolist() if name not in categorical]
    complete = np.isfinite(frame[continuous].to_numpy(np.float64, na_value=np.nan)).all(
        axis=1
    )
    if continuous and complete.sum() >= 3:
        collinear = collinearity_report(frame, continuous).table
        table = table.join(collinear[["vif", "correlation", "partner"]])
    else:
        table = table.assign(vif=np.nan, correlation=np.nan, partner=None)
    return table.astype({"rarest_level": "Int64"})


def levels_missing(
    fit: pd.DataFrame, other: pd.DataFrame, categorical: Sequence[str]
) -> pd.DataFrame:
    """Levels of another table that the fitted one lacks: a model knows nothing of them.

    Args:
      fit: the table that a model is fitted on, such as `frame.iloc[train]`.
      other: a test fold, a survey, the place or time of a projection.
      categorical: the columns to compare.

    Returns:
      A row a level, the commonest first: `predictor`, `level`, and `rows`, how many of
      `other` hold it. Missing values are no level.

    Raises:
      ValueError: if a table lacks a column.
    """
    for told, table in (("fitted", fit), ("other", other)):
        absent = [name for name in categorical if name not in table]
        if absent:
            raise ValueError(
                f"levels_missing: the {told} table has no column {', '.join(absent)}."
            )
    found = [
        (name, level, count)
        for name in categorical
        for level, count in other.loc[~other[name].isin(fit[name].unique()), name]
        .value_counts()
        .items()
        if count  # pandas counts unused categories too
    ]
    return pd.DataFrame(found, columns=["predictor", "level", "rows"]).astype(
        {"rows": "int64"}
    )


_COLUMNS = [
    "kind",
    "missing",
    "minimum",
    "mean",
    "standard_deviation",
    "maximum",
    "distinct",
    "commonest",
    "near_constant",
    "rarest_level",
]


def _numbers(column: pd.Series) -> list[object]:
    if not pd.api.types.is_numeric_dtype(column.dtype):
        raise ValueError(
            f"describe_predictors: {column.name!r} holds {column.dtype}, not numbers; "
            "name it in categorical."
        )
    values = column.to_numpy(np.float64, na_value=np.nan)
    known = values[np.isfinite(values)]
    summary = [np.nan] * 4
    if len(known):
        spread = 0.0 if known.min() == known.max() else known.std()
        summary = [known.min(), known.mean(), spread, known.max()]
    counts = np.unique(known, return_counts=True)[1]
    share = _share(counts)
    gaps = len(values) - len(known)
    near = share >= NEAR_CONSTANT
    return ["continuous", gaps, *summary, len(counts), share, near, pd.NA]


def _levels(column: pd.Series) -> list[object]:
    counts = column.value_counts().to_numpy()
    counts = counts[counts > 0]  # pandas counts unused categories too
    share, gaps = _share(counts), int(column.isna().sum())
    near, rarest = share >= NEAR_CONSTANT, counts.min() if len(counts) else pd.NA
    return ["categorical", gaps, *[np.nan] * 4, len(counts), share, near, rarest]


def _share(counts: np.ndarray) -> float:
    return float(counts.max() / counts.sum()) if len(counts) else float("nan")
