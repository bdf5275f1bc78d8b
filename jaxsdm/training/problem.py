"""One task as numbers: what every kind of fit takes."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int
from ml_collections import ConfigDict

from jaxsdm.data import PredictorEncoder, SiteTable, Task
from jaxsdm.data.patches import Places
from jaxsdm.data.predictors import first_rows
from jaxsdm.training.site_patches import SitePatches, make_site_patches


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A task with its predictors encoded and its patches located.

    Attributes:
      task: the tables.
      encoder: fitted on the background (the area, not where people looked).
      features: `[sites, features]` of the sites with records.
      background: `[cells, features]` of the background cells.
      patches: the inputs that are patches of rasters, perhaps none.
      places: where they are cut, by the name of the input: the sites with records,
        then the background cells.
    """

    task: Task
    encoder: PredictorEncoder
    features: Float32[np.ndarray, "sites features"]
    background: Float32[np.ndarray, "cells features"]
    patches: SitePatches = dataclasses.field(default_factory=SitePatches)
    places: Mapping[str, Places] = dataclasses.field(default_factory=dict)

    @property
    def counts(self) -> Float32[np.ndarray, "sites species"]:
        """Records per site and species."""
        return self.task.records.counts

    def encode(self, table: SiteTable, name: str) -> dict[str, Any]:
        """What a fitted model predicts from at other places.

        Args:
          table: of the places.
          name: of the table, used in warnings and errors.

        Returns:
          `{"predictors": [rows, features], name of an input: Places}`.
        """
        encoded = self.encoder.transform(table.predictors, table=name)
        return {"predictors": encoded.features, **self.patches.places(table, name)}

    @property
    def sites(self) -> dict[str, Any]:
        """The sites with records, as `encode` gives them."""
        return self.rows(np.arange(len(self.features)))

    @property
    def sites_and_background(self) -> dict[str, Any]:
        """The sites with records, then the background cells, as `encode` gives them."""
        return self.rows(np.arange(len(self.features) + len(self.background)))

    def rows(self, rows: Int[np.ndarray, " rows"]) -> dict[str, Any]:
        """Some of the sites and background cells, by their number, sites first."""
        table = np.concatenate([self.features, self.background])
        places = {name: one.at(rows) for name, one in self.places.items()}
        return {"predictors": table[rows], **places}

    def take(
        self, sites: Bool[np.ndarray, " sites"], cells: Bool[np.ndarray, " cells"]
    ) -> "Problem":
        """The problem of some of the sites and background cells, encoded as they are.

        Args:
          sites: which sites with records.
          cells: which background cells.
        """
        both = np.concatenate([sites, cells])
        return dataclasses.replace(
            self,
            task=dataclasses.replace(
                self.task,
                records=self.task.records.take(sites),
                background=self.task.background.take(cells),
            ),
            features=self.features[sites],
            background=self.background[cells],
            places={
                name: one.at(np.flatnonzero(both)) for name, one in self.places.items()
            },
        )

    def check_bands(self, saved: Mapping[str, Any]) -> None:
        """Refuses rasters with other bands than a fitted model was trained on.

        Args:
          saved: what `about` gave then.

        Raises:
          ValueError: names the bands (`PatchInput.check_bands`).
        """
        fitted = saved.get("patches", {})
        for one in self.patches.inputs:
            if one.name in fitted:
                one.check_bands(fitted[one.name])

    def about(self, config: ConfigDict) -> dict[str, Any]:
        """What a fitted model belongs to, as JSON: checked before it is loaded."""
        patches = {one.name: one.about() for one in self.patches.inputs}
        return ({"patches": patches} if patches else {}) | {
            "task": self.task.name,
            "species": list(self.task.records.species),
            "encoder": self.encoder.to_dict(),
            "fit": config.fit,
            "model": {
                name: value
                for name, value in config.model.to_dict().items()
                if name != "dropout"
            },
            "members": len(config.seeds),
            "keep": config.keep,
        }


def make_problem(task: Task, config: ConfigDict) -> Problem:
    """Checks the predictors and patches of a task and encodes them.

    Raises:
      ValueError: a missing or infinite predictor, or a site without any value in its
        cell of a raster, when `config.on_missing` is "error"; no site with a record; a
        site outside a raster; patches that cannot be.
    """
    task = task.checked(config.on_missing)
    patches, empty = make_site_patches(task, config)
    task = _with_values(task, empty, config.on_missing)
    if not len(task.records):
        raise ValueError(f"{task.name}: no site with a record is left to train on.")
    encoder = PredictorEncoder.fit(
        task.background.predictors,
        continuous=task.continuous,
        categorical=task.categorical,
        scaling=config.get("scaling", "standard"),  # run folders of earlier versions
    )
    tables = {"records": task.records, "background": task.background}
    encoded, places = {}, {}
    for name, table in tables.items():
        label = f"{task.name} {name}"
        encoded[name] = encoder.transform(table.predictors, table=label).features
        places[name] = patches.places(table, label)
    joined = {}
    for name, one in places["records"].items():
        other = places["background"][name]
        joined[name] = Places(
            np.concatenate([one.rows, other.rows]),
            np.concatenate([one.columns, other.columns]),
        )
    return Problem(
        task, encoder, encoded["records"], encoded["background"], patches, joined
    )


def _with_values(
    task: Task, empty: Mapping[str, Bool[np.ndarray, " sites"]], on_missing: str
) -> Task:
    """The task without the training sites whose cell has no value in a raster."""
    kept = {}
    for name, rows in empty.items():
        table = getattr(task, name)
        if rows.any():
            found = (
                f"{task.name} {name}: {rows.sum()} of {len(table)} sites lie in cells "
                f"without any value in a raster of config.patches ({first_rows(rows)})"
            )
            if on_missing == "error":
                raise ValueError(
                    f"{found}. Mend the table, or leave such sites out with "
                    "--on-missing drop (on_missing='drop')."
                )
            warnings.warn(f"{found}; left out.", stacklevel=3)
            kept[name] = table.take(~rows)
    return dataclasses.replace(task, **kept)
