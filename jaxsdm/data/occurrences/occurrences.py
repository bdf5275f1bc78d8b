"""Occurrences in memory: one row a record, under one set of names.

Names are those of Darwin Core where it has one (https://dwc.tdwg.org/terms/). What was
called otherwise in a file is renamed at the door (`read_occurrences`).
"""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Bool

from jaxsdm.data.occurrences.report import CleaningReport, Step

KINDS = ("presence_only", "presence_absence", "survey_lists", "abundance")
"""What the rows of a table say.

* `presence_only`: the species was there; nothing is known of where it was not.
* `presence_absence`: a survey looked for the species and found it or not (`present`).
* `survey_lists`: all that a survey found; species that it does not list were absent.
* `abundance`: how many a survey found (`count`), 0 for none.
"""

NECESSARY = ("species", "decimalLongitude", "decimalLatitude", "present", "count")


@dataclasses.dataclass(frozen=True, eq=False)
class Occurrences:
    """Records of species at places.

    Attributes:
      table: one row a record, numbered 0, 1, 2, ... Always with
        `species` (category of names, sorted; missing where unknown),
        `decimalLongitude` and `decimalLatitude` (float64, degrees, WGS 84, NaN where
        missing), `present` (bool) and `count` (float64: records, or individuals of
        `abundance`); where the file has them and they were asked for,
        `survey` (category), `eventDate` (datetime64, the first day it may mean), `year`
        (float64), `coordinateUncertaintyInMeters` (float64), `basisOfRecord`,
        `countryCode`, `subset` (category), `gbifID` (text), and columns kept by name.
      kind: one of `KINDS`.
      source: what was read, for messages and reports.
      report: how many rows there were and what each filter took.

    Raises:
      ValueError: the kind is unknown, or a necessary column is absent.
    """

    table: pd.DataFrame
    kind: str
    source: str
    report: CleaningReport

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(
                f"{self.source}: no kind {self.kind!r} of occurrences; there are "
                f"{', '.join(KINDS)}."
            )
        absent = [name for name in NECESSARY if name not in self.table.columns]
        if absent:
            raise ValueError(
                f"{self.source}: Occurrences without a column {', '.join(absent)}; "
                f"the columns are {', '.join(map(str, self.table.columns))}."
            )

    def __len__(self) -> int:
        return len(self.table)

    @property
    def species(self) -> tuple[str, ...]:
        """Names of the species with rows, sorted."""
        column = self.table["species"].cat
        number = np.unique(column.codes)
        return tuple(column.categories[number[number >= 0]])

    def note(self, text: str) -> "Occurrences":
        """The same with one note more in the report."""
        return dataclasses.replace(self, report=self.report.note(text))

    def keep(self, rows: Bool[np.ndarray, " rows"], reason: str) -> "Occurrences":
        """The rows where the mask is true; the others are counted under `reason`."""
        table = self.table[rows].reset_index(drop=True)
        kept = dataclasses.replace(self, table=table)
        step = Step(reason, len(self) - len(kept), len(kept), len(kept.species))
        return dataclasses.replace(kept, report=self.report.then(step))
