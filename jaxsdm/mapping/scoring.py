"""From site tables to the numbers on a map, in blocks of one size."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
from jaxtyping import Float32

from jaxsdm.data import SiteTable, Task
from jaxsdm.mapping.outputs import fit_output

Predict = Callable[[SiteTable, str], np.ndarray]
"""From a site table and its name to scores `[sites, species]`, as
`training.load_predictor` gives it."""

_ROWS_AT_ONCE = 16384
"""Of a predictor, which then compiles once and holds little."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scoring:
    """A predictor and what becomes of what it gives.

    Attributes:
      predict: the predictor.
      limits: least and greatest value of continuous predictors, to which they are
        drawn; empty to leave them.
      at_once: whether the predictor gets tables whole: one that opens rasters itself
        does so in each call, and goes through a table in blocks.
    """

    predict: Predict
    limits: dict[str, tuple[float, float]]
    at_once: bool

    def scores(self, table: SiteTable, name: str) -> Float32[np.ndarray, "species _"]:
        """Scores of the sites of a table.

        Args:
          table: of any number of sites but none.
          name: of the table, for what the predictor says of it.
        """
        return self.values(table, name, lambda scores: scores)

    def values(
        self,
        table: SiteTable,
        name: str,
        shown: Callable[[np.ndarray], np.ndarray],
    ) -> Float32[np.ndarray, "species _"]:
        """Numbers on the map of the sites of a table.

        Args:
          table: see `scores`.
          name: see `scores`.
          shown: from scores to numbers, both `[sites, species]`.
        """
        number = len(table)
        found = np.empty((len(table.species), number), np.float32)
        size = _block(number, self.at_once)
        for start in range(0, number, size):
            stop = min(start + size, number)
            # The last block is filled with its last site: no other shape to compile.
            rows = np.minimum(np.arange(start, start + size), number - 1)
            block = table if size == number else table.take(rows)
            scores = self.predict(self._clamped(block), name)
            found[:, start:stop] = shown(scores)[: stop - start].T
        return found

    def _clamped(self, table: SiteTable) -> SiteTable:
        if not self.limits:
            return table
        frame = table.predictors.copy()
        for name, (low, high) in self.limits.items():
            frame[name] = frame[name].clip(low, high)
        return dataclasses.replace(table, predictors=frame)


def limits_of(
    fitted: pd.DataFrame, continuous: tuple[str, ...]
) -> dict[str, tuple[float, float]]:
    """Least and greatest value of the continuous predictors of a table."""
    return {
        name: (float(fitted[name].min()), float(fitted[name].max()))
        for name in continuous
    }


def map_values(
    scoring: Scoring, task: Task, output: str
) -> Callable[[SiteTable, str], Float32[np.ndarray, "species _"]]:
    """The function from a site table to the values of an output.

    Args:
      scoring: the predictor.
      task: whose background stands for the area.
      output: a key of `OUTPUTS`.
    """
    background = scoring.scores(task.background, f"{task.name} background")
    shown = fit_output(output, background.T)
    return lambda table, name: scoring.values(table, name, shown)


def _block(number: int, at_once: bool) -> int:
    """Sites of a block: few sizes for many numbers of sites."""
    if at_once and number >= _ROWS_AT_ONCE:
        return number
    return min(_ROWS_AT_ONCE, 1 << max(number - 1, 0).bit_length())
