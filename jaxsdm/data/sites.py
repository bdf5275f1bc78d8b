"""The site table: the one shape in which places, predictors and records travel.

A row is a site, that is a raster cell or a survey plot. Predictors stay raw (field
units, category labels) so that a table can be read, plotted and saved as it is; an
encoder (`jaxsdm.data.predictors`) turns them into numbers for a model.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float32, Float64, Int


@dataclasses.dataclass(frozen=True, eq=False)
class SiteTable:
    """Sites with their predictors and what was recorded there.

    Attributes:
      x: `[sites]` easting or longitude, in the units of `crs`.
      y: `[sites]` northing or latitude, in the units of `crs`.
      predictors: one row a site, one column a predictor, raw values. The index is
        0, 1, 2, ... whatever index the frame came with.
      counts: `[sites, species]` number of records (presence-only) or 0/1 (survey);
        NaN where a species was not looked for.
      species: the names of the columns of `counts`.
      crs: coordinate reference system, such as `"EPSG:28355"`; may be empty.

    Raises:
      ValueError: if the parts differ in length or a species is named twice.
    """

    x: Float64[np.ndarray, " sites"]
    y: Float64[np.ndarray, " sites"]
    predictors: pd.DataFrame
    counts: Float32[np.ndarray, "sites species"]
    species: tuple[str, ...]
    crs: str = ""

    def __post_init__(self) -> None:
        wanted = (len(self.x), len(self.species))
        shapes = {
            "x": self.x.shape == wanted[:1],
            "y": self.y.shape == wanted[:1],
            "predictors": len(self.predictors) == wanted[0],
            "counts": self.counts.shape == wanted,
        }
        wrong = [name for name, fits in shapes.items() if not fits]
        if wrong:
            raise ValueError(
                f"SiteTable: {', '.join(wrong)} not of {wanted[0]} sites and "
                f"{wanted[1]} species: x {self.x.shape}, y {self.y.shape}, predictors "
                f"{self.predictors.shape}, counts {self.counts.shape}."
            )
        twice = sorted({s for s in self.species if self.species.count(s) > 1})
        if twice:
            raise ValueError(f"SiteTable: species named twice: {', '.join(twice)}.")
        frame = self.predictors.reset_index(drop=True)
        object.__setattr__(self, "predictors", frame)

    def __len__(self) -> int:
        return len(self.x)

    def take(
        self, index: Int[np.ndarray, " taken"] | Bool[np.ndarray, " sites"]
    ) -> "SiteTable":
        """The sites of these row numbers, in their order, or where a mask is true."""
        return dataclasses.replace(
            self,
            x=self.x[index],
            y=self.y[index],
            predictors=self.predictors.iloc[index],
            counts=self.counts[index],
        )

    def select_species(self, names: Iterable[str]) -> "SiteTable":
        """The same sites with these species only, in this order.

        Raises:
          ValueError: if a species is not in the table; the message lists its species.
        """
        names = tuple(names)
        unknown = [name for name in names if name not in self.species]
        if unknown:
            raise ValueError(
                f"SiteTable.select_species: no species {', '.join(unknown)}; the table "
                f"has {', '.join(self.species)}."
            )
        columns = [self.species.index(name) for name in names]
        return dataclasses.replace(self, counts=self.counts[:, columns], species=names)
