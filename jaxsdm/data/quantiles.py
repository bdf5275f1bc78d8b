"""Predictors by rank: a map to even or normal scores, for skewed and heavy-tailed ones.

Rain, heights, distances to roads: a few large values stretch a standardised predictor
and leave the rest in a corner. Their quantiles in the fitted table do not care.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from jaxtyping import Float64
from scipy.special import ndtri

OUTPUTS = ("uniform", "normal")


@dataclasses.dataclass(frozen=True)
class QuantileTransform:
    """A fitted, immutable, JSON-able map of each predictor to its quantile.

    Between knots, which are quantiles of the fitted table, the map is linear; equal
    values, also those of a predictor that is constant, get the middle of their ranks.
    Values outside the fitted range are taken for its ends.

    Attributes:
      columns: names of the predictors; `"0"`, `"1"`, ... if fitted on an array.
      knots: ascending quantiles of each predictor, in its unit.
      rows: how many values of each predictor were fitted.
      output: `"uniform"`, in [0, 1], or `"normal"`, the standard normal quantile of it,
        which no value leaves farther than the fitted rows can tell: probabilities stay
        half a row away from 0 and 1.
    """

    columns: tuple[str, ...]
    knots: tuple[tuple[float, ...], ...]
    rows: tuple[int, ...]
    output: str

    @classmethod
    def fit(
        cls,
        values: pd.DataFrame | npt.ArrayLike,
        *,
        quantiles: int = 1000,
        output: str = "uniform",
    ) -> "QuantileTransform":
        """The quantiles of a table: of the training rows, `frame.iloc[train]`.

        Follows scikit-learn's `QuantileTransformer` without its random subsample, and
        but for both ends: many rows of the least value (no rain) are one step of ranks
        as everywhere else, and normal scores end where the rows do, not at 5.2.

        Args:
          values: `[rows, predictors]` numbers; missing and infinite ones do not count.
          quantiles: knots a predictor at most, two or more; never more than its rows.
          output: `"uniform"` or `"normal"`.

        Raises:
          ValueError: if a predictor is not of numbers or has no value, if `quantiles`
            is below 2, or if `output` is not known.

        Example:
          >>> import numpy as np, pandas as pd
          >>> frame = pd.DataFrame({"rain": [0.0, 0, 300, 400, 9000]})
          >>> train, test = np.array([0, 1, 2, 3]), np.array([4])
          >>> ranks = QuantileTransform.fit(frame.iloc[train])
          >>> ranks.transform(frame.iloc[test]).tolist()
          [[1.0]]
        """
        if output not in OUTPUTS:
            raise ValueError(f"output: one of {', '.join(OUTPUTS)}, got {output!r}.")
        if quantiles < 2:
            raise ValueError(f"quantiles: 2 or more, got {quantiles}.")
        columns, table = _table(values)
        knots, rows = [], []
        for name, column in zip(columns, table.T, strict=True):
            known = column[np.isfinite(column)]
            if not len(known):
                raise ValueError(f"QuantileTransform.fit: {name!r} has no value.")
            knots.append(tuple(_knots(np.sort(known), quantiles).tolist()))
            rows.append(len(known))
        return cls(columns, tuple(knots), tuple(rows), output)

    def transform(
        self, values: pd.DataFrame | npt.ArrayLike
    ) -> Float64[np.ndarray, "rows predictors"]:
        """Quantiles of other rows; missing values stay missing.

        Args:
          values: a frame with the fitted columns, whose others are ignored, or an array
            `[rows, predictors]` in the fitted order.

        Raises:
          ValueError: if a column is absent or not of numbers, or the width differs.
        """
        if isinstance(values, pd.DataFrame):
            absent = [name for name in self.columns if name not in values]
            if absent:
                raise ValueError(
                    f"QuantileTransform: no column {', '.join(absent)}; the columns "
                    f"are {', '.join(map(str, values.columns))}."
                )
            values = values.loc[:, list(self.columns)]
        _, table = _table(values)
        if table.shape[1] != len(self.columns):
            raise ValueError(
                f"QuantileTransform: fitted on {len(self.columns)} predictors, got "
                f"{table.shape[1]}."
            )
        scores = np.empty_like(table)
        for number, knots in enumerate(self.knots):
            score = _rank(table[:, number], np.array(knots))
            if self.output == "normal":
                half = 0.5 / self.rows[number]
                score = ndtri(np.clip(score, half, 1 - half))
            scores[:, number] = score
        return scores

    def to_dict(self) -> dict[str, Any]:
        """The transform as plain lists, numbers and strings, ready for JSON."""
        return {
            "columns": list(self.columns),
            "knots": [list(knots) for knots in self.knots],
            "rows": list(self.rows),
            "output": self.output,
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "QuantileTransform":
        """The transform that `to_dict` wrote."""
        return cls(
            tuple(saved["columns"]),
            tuple(tuple(knots) for knots in saved["knots"]),
            tuple(saved["rows"]),
            saved["output"],
        )


def _knots(known: np.ndarray, quantiles: int) -> np.ndarray:
    """Even quantiles of sorted values, at places found in whole numbers.

    A place that rounding moved, as `np.quantile` does it, would part a knot from the
    rows of equal values that it stands for, and shift the rank of all of them.
    """
    number = min(quantiles, len(known))
    place, rest = np.divmod(np.arange(number) * (len(known) - 1), max(number - 1, 1))
    low, high = known[place], known[np.minimum(place + 1, len(known) - 1)]
    return np.minimum(low + (high - low) * (rest / max(number - 1, 1)), high)


def _rank(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """In [0, 1]; where knots are equal `interp` takes the last from either side."""
    at = np.linspace(0, 1, len(knots))
    if len(knots) == 1:  # a single row: below, equal or above
        return np.where(np.isnan(values), np.nan, (np.sign(values - knots) + 1) / 2)
    upper = np.interp(values, knots, at)
    lower = 1 - np.interp(-values, -knots[::-1], at)
    return (upper + lower) / 2


def _table(
    values: pd.DataFrame | npt.ArrayLike,
) -> tuple[tuple[str, ...], np.ndarray]:
    if isinstance(values, pd.DataFrame):
        for name in values.columns:
            if not pd.api.types.is_numeric_dtype(values[name].dtype):
                raise ValueError(
                    f"QuantileTransform: {name!r} holds {values[name].dtype}, not "
                    "numbers."
                )
        names = tuple(map(str, values.columns))
        return names, values.to_numpy(np.float64, na_value=np.nan)
    table = np.asarray(values, np.float64)
    if table.ndim != 2:
        raise ValueError(
            f"QuantileTransform: want [rows, predictors], got {table.shape}."
        )
    return tuple(map(str, range(table.shape[1]))), table
