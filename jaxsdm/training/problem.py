"""One task as numbers: what every kind of fit takes."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float32
from ml_collections import ConfigDict

from jaxsdm.data import PredictorEncoder, SiteTable, Task


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A task with its predictors encoded.

    Attributes:
      task: the tables.
      encoder: fitted on the background (the area, not where people looked).
      features: `[sites, features]` of the sites with records.
      background: `[cells, features]` of the background cells.
    """

    task: Task
    encoder: PredictorEncoder
    features: Float32[np.ndarray, "sites features"]
    background: Float32[np.ndarray, "cells features"]

    @property
    def counts(self) -> Float32[np.ndarray, "sites species"]:
        """Records per site and species."""
        return self.task.records.counts

    def encode(
        self, table: SiteTable, name: str
    ) -> Float32[np.ndarray, "rows features"]:
        """The features of other places; `name` is used in warnings."""
        encoded = self.encoder.transform(table.predictors, table=name)
        return encoded.features

    def about(self, config: ConfigDict) -> dict[str, Any]:
        """What a fitted model belongs to, as JSON: checked before it is loaded."""
        return {
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
    """Checks the predictors of a task and encodes them.

    Raises:
      ValueError: a missing or infinite predictor, when `config.on_missing` is
        "error"; no site with a record.
    """
    task = task.checked(config.on_missing)
    if not len(task.records):
        raise ValueError(f"{task.name}: no site with a record is left to train on.")
    encoder = PredictorEncoder.fit(
        task.background.predictors,
        continuous=task.continuous,
        categorical=task.categorical,
    )
    encoded = encoder.transform(task.records.predictors, table=f"{task.name} records")
    background = encoder.transform(
        task.background.predictors, table=f"{task.name} background"
    )
    return Problem(task, encoder, encoded.features, background.features)
