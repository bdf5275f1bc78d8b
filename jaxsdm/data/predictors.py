"""Predictors to numbers: continuous ones on one scale, categorical ones one-hot.

What is fitted (means, standard deviations, quantiles, levels) comes from one named
table, the background or the training split, and is kept with the model as JSON: a test
table can neither shift the scale nor add a level.
"""

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32

from jaxsdm.data.quantiles import QuantileTransform

SCALINGS = ("standard", "quantile")

_ROWS_SHOWN = 5

Level = int | float | str | bool


class Encoded(NamedTuple):
    """Predictors as a model takes them.

    Attributes:
      features: `[rows, width]`.
      valid: `[rows]` False where a category was never seen in fitting.
    """

    features: Float32[np.ndarray, "rows width"]
    valid: Bool[np.ndarray, " rows"]


@dataclasses.dataclass(frozen=True)
class PredictorEncoder:
    """A fitted, immutable, JSON-able map from raw predictors to features.

    The features are first the continuous predictors in their order, each as
    `(value - mean) / standard_deviation` or as the normal score of its quantile, then a
    block of 0/1 per categorical predictor, one feature a level.

    Attributes:
      continuous: names of the predictors that are numbers.
      categorical: names of the one-hot predictors.
      means: per continuous predictor, in its unit.
      standard_deviations: per continuous predictor (of the population, `ddof = 0`);
        1 for one that is constant in the fitted table.
      levels: per categorical predictor, its levels in sorted order.
      quantiles: of the continuous predictors, if they are scaled by them.
    """

    continuous: tuple[str, ...]
    categorical: tuple[str, ...]
    means: tuple[float, ...]
    standard_deviations: tuple[float, ...]
    levels: tuple[tuple[Level, ...], ...]
    quantiles: QuantileTransform | None = None

    @classmethod
    def fit(
        cls,
        frame: pd.DataFrame,
        *,
        continuous: Sequence[str],
        categorical: Sequence[str] = (),
        scaling: str = "standard",
        table: str = "the fitted table",
    ) -> "PredictorEncoder":
        """Means, standard deviations, quantiles and levels of a table.

        Args:
          frame: raw predictors, such as `task.background.predictors`, or those of a
            training split, `frame.iloc[train]`.
          continuous: columns of numbers.
          categorical: columns to encode as one-hot.
          scaling: of the numbers: `"standard"`, to mean 0 and standard deviation 1, or
            `"quantile"`, to normal scores (`QuantileTransform`), which tames skewed
            predictors and clips what lies outside the fitted range.
          table: the table's name in error messages.

        Raises:
          ValueError: if a column is absent or not of numbers, missing values are found,
            there is no row, or `scaling` is not known.
        """
        if scaling not in SCALINGS:
            raise ValueError(f"scaling: one of {', '.join(SCALINGS)}, got {scaling!r}.")
        continuous, categorical = tuple(continuous), tuple(categorical)
        check_predictors(frame, continuous + categorical, table=table)
        if len(frame) == 0:
            raise ValueError(f"PredictorEncoder.fit: {table} has no rows.")
        values = _numbers(frame, continuous, table)
        deviations = values.std(axis=0)
        deviations[values.min(axis=0) == values.max(axis=0)] = 1.0
        return cls(
            continuous,
            categorical,
            tuple(values.mean(axis=0).tolist()),
            tuple(deviations.tolist()),
            tuple(tuple(sorted(frame[c].unique().tolist())) for c in categorical),
            QuantileTransform.fit(frame.loc[:, list(continuous)], output="normal")
            if scaling == "quantile"
            else None,
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name a feature: `"elevation"`, `"land_cover=forest"`."""
        return self.continuous + tuple(
            f"{column}={level}"
            for column, levels in zip(self.categorical, self.levels, strict=True)
            for level in levels
        )

    @property
    def is_categorical(self) -> Bool[np.ndarray, " width"]:
        """`[width]` True for the 0/1 features of categorical predictors."""
        return np.arange(len(self.feature_names)) >= len(self.continuous)

    def transform(self, frame: pd.DataFrame, *, table: str = "the table") -> Encoded:
        """Features of a table's rows.

        A level that was not seen in fitting gives a block of zeros, marks the row as
        not valid and is told by one `UserWarning` per level.

        Args:
          frame: raw predictors; columns that the encoder does not know are ignored.
          table: the table's name in warnings and errors, such as `"survey bird"`.

        Raises:
          ValueError: if a column is absent or not of numbers, or missing values are
            found.
        """
        check_predictors(frame, self.continuous + self.categorical, table=table)
        values = _numbers(frame, self.continuous, table)
        if self.quantiles is None:
            blocks = [(values - self.means) / self.standard_deviations]
        else:
            blocks = [self.quantiles.transform(values)]
        valid = np.ones(len(frame), bool)
        for column, levels in zip(self.categorical, self.levels, strict=True):
            number = pd.Index(levels).get_indexer(pd.Index(frame[column]))
            blocks.append(number[:, None] == np.arange(len(levels)))
            seen = number >= 0
            valid &= seen
            for level, count in frame[column][~seen].value_counts().items():
                warnings.warn(
                    f"{table}: level {level!r} of predictor {column!r} was not seen in "
                    f"fitting (known: {', '.join(map(str, levels))}); {count} of "
                    f"{len(frame)} rows are encoded as zeros and marked as not valid.",
                    stacklevel=2,
                )
        return Encoded(np.concatenate(blocks, axis=1, dtype=np.float32), valid)

    def to_dict(self) -> dict[str, Any]:
        """The encoder as plain lists, numbers and strings, ready for JSON."""
        saved: dict[str, Any] = {
            "continuous": list(self.continuous),
            "categorical": list(self.categorical),
            "means": list(self.means),
            "standard_deviations": list(self.standard_deviations),
            "levels": [list(levels) for levels in self.levels],
        }
        if self.quantiles is not None:  # else as before there were quantiles
            saved["quantiles"] = self.quantiles.to_dict()
        return saved

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "PredictorEncoder":
        """The encoder that `to_dict` wrote."""
        return cls(
            tuple(saved["continuous"]),
            tuple(saved["categorical"]),
            tuple(saved["means"]),
            tuple(saved["standard_deviations"]),
            tuple(tuple(levels) for levels in saved["levels"]),
            QuantileTransform.from_dict(saved["quantiles"])
            if "quantiles" in saved
            else None,
        )


def check_predictors(
    frame: pd.DataFrame,
    columns: Sequence[str],
    *,
    table: str = "the table",
    on_missing: str = "error",
) -> Bool[np.ndarray, " rows"]:
    """Which rows have a usable value in every column.

    Missing is an absent value (NaN, None) in any column and an infinite one in a
    column of numbers.

    Args:
      frame: raw predictors.
      columns: the columns that a model will read.
      table: the table's name in warnings and errors.
      on_missing: `"error"` refuses missing values; `"drop"` reports them in a
        `UserWarning` and marks their rows False.

    Returns:
      `[rows]` True where the row can be used.

    Raises:
      ValueError: if a column is absent, `on_missing` is not known, or a value is
        missing and `on_missing` is `"error"`.
    """
    if on_missing not in ("error", "drop"):
        raise ValueError(f"on_missing: 'error' or 'drop', got {on_missing!r}.")
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(
            f"{table}: no column {', '.join(absent)}; the columns are "
            f"{', '.join(map(str, frame.columns))}."
        )
    missing = {column: _is_missing(frame[column]) for column in columns}
    findings = [
        f"predictor {column!r} is missing or infinite in {rows.sum()} of "
        f"{len(frame)} rows ({first_rows(rows)})"
        for column, rows in missing.items()
        if rows.any()
    ]
    keep = ~np.any([np.zeros(len(frame), bool), *missing.values()], axis=0)
    if findings and on_missing == "error":
        raise ValueError(
            f"{table}: {'; '.join(findings)}. Mend the table, or leave such rows out "
            "with --on-missing drop (on_missing='drop')."
        )
    if findings:
        warnings.warn(
            f"{table}: {(~keep).sum()} of {len(frame)} rows dropped: "
            f"{'; '.join(findings)}.",
            stacklevel=2,
        )
    return keep


def _numbers(frame: pd.DataFrame, columns: Sequence[str], table: str) -> np.ndarray:
    for column in columns:
        if not pd.api.types.is_numeric_dtype(frame[column].dtype):
            raise ValueError(
                f"{table}: continuous predictor {column!r} holds "
                f"{frame[column].dtype}, not numbers; mend it or name it categorical."
            )
    return frame.loc[:, list(columns)].to_numpy(np.float64)


def _is_missing(column: pd.Series) -> np.ndarray:
    missing = column.isna().to_numpy()
    if pd.api.types.is_float_dtype(column.dtype):
        missing = missing | np.isinf(column.to_numpy())
    return missing


def first_rows(rows: Bool[np.ndarray, " rows"]) -> str:
    """The first of the rows where a mask is true, for messages: `"rows 3, 7, ..."`."""
    numbers = np.flatnonzero(rows)
    shown = ", ".join(map(str, numbers[:_ROWS_SHOWN]))
    return f"rows {shown}{', ...' if len(numbers) > _ROWS_SHOWN else ''}"
