"""A task: everything one model is fitted to and judged on.

A benchmark is a list of tasks, one for each region and group of species, because the
species of a group share a survey effort and hence a target-group background.
"""

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Bool, Float32, Int, Shaped

from jaxsdm.data.design import Design
from jaxsdm.data.predictors import check_predictors
from jaxsdm.data.prepared import Prepared
from jaxsdm.data.rasters import RasterStack
from jaxsdm.data.sites import SiteTable


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """The valid cells of a raster, as sites that know where they lie.

    Attributes:
      sites: valid cells only; counts are 0.
      row: `[cells]` raster row of each valid cell, 0 at the top (north).
      column: `[cells]` raster column of each valid cell, 0 at the left (west).
      shape: rows and columns of the raster.
      truth: `[cells, species]` true probability of occurrence, where it is known.

    Raises:
      ValueError: if a cell lies outside `shape`.
    """

    sites: SiteTable
    row: Int[np.ndarray, " cells"]
    column: Int[np.ndarray, " cells"]
    shape: tuple[int, int]
    truth: Float32[np.ndarray, "cells species"] | None = None

    def __post_init__(self) -> None:
        for name, values, limit in (
            ("row", self.row, self.shape[0]),
            ("column", self.column, self.shape[1]),
        ):
            if len(values) != len(self.sites):
                raise ValueError(
                    f"Grid: {len(values)} values of {name} for {len(self.sites)} cells."
                )
            if np.any((values < 0) | (values >= limit)):
                raise ValueError(
                    f"Grid: {name} runs from {values.min()} to {values.max()}, outside "
                    f"a raster of shape {self.shape}."
                )

    def take(self, keep: Bool[np.ndarray, " cells"]) -> "Grid":
        """The grid of the cells where `keep` is true; the raster keeps its shape."""
        return dataclasses.replace(
            self,
            sites=self.sites.take(keep),
            row=self.row[keep],
            column=self.column[keep],
            truth=None if self.truth is None else self.truth[keep],
        )

    def raster(
        self, values: Shaped[np.ndarray, "cells *bands"]
    ) -> Shaped[np.ndarray, "rows columns *bands"]:
        """Values of the cells laid out as a raster, NaN where there is no cell."""
        laid = np.full(self.shape + values.shape[1:], np.nan, np.float32)
        laid[self.row, self.column] = values
        return laid


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """One model to fit: a region and a group of species.

    Attributes:
      name: names the task in configs, run folders and tables, such as `"AWT-bird"`.
      region: where.
      group: which species together.
      records: presence-only sites, the cells with a record of any species of the group.
      background: cells drawn at random from the area; counts are 0.
      surveys: presence-absence tables, each with only the species scored on it.
      continuous: predictors that are quantities.
      categorical: predictors that are labels.
      grid: the raster of the whole area for maps, where the benchmark has one.
      held_out: presence-only records of places that are not trained on, where the
        benchmark judges lists of species by them; all species of `records`.
      rasters: name -> function that opens the raster, for models that look at patches
        around the sites; whoever opens it closes it.
      design: how the tables came about, where they were made from files.
    """

    name: str
    region: str
    group: str
    records: SiteTable
    background: SiteTable
    surveys: Mapping[str, SiteTable]
    continuous: tuple[str, ...]
    categorical: tuple[str, ...]
    grid: Grid | None = None
    held_out: SiteTable | None = None
    rasters: Mapping[str, Callable[[], RasterStack | Prepared]] = dataclasses.field(
        default_factory=dict
    )
    design: Design | None = None

    def checked(self, on_missing: str = "error") -> "Task":
        """The task with sites of missing predictors refused or left out.

        Args:
          on_missing: `"error"` or `"drop"`, as in `check_predictors`, which is applied
            to each table under a name such as `"AWT-bird records"`.

        Raises:
          ValueError: if a predictor is missing and `on_missing` is `"error"`.
        """
        columns = self.continuous + self.categorical

        def keep(table: SiteTable, name: str) -> np.ndarray:
            label = f"{self.name} {name}"
            return check_predictors(
                table.predictors, columns, table=label, on_missing=on_missing
            )

        return dataclasses.replace(
            self,
            records=self.records.take(keep(self.records, "records")),
            background=self.background.take(keep(self.background, "background")),
            surveys={
                name: survey.take(keep(survey, f"survey {name}"))
                for name, survey in self.surveys.items()
            },
            grid=self.grid and self.grid.take(keep(self.grid.sites, "grid")),
            held_out=self.held_out
            and self.held_out.take(keep(self.held_out, "held-out records")),
        )
