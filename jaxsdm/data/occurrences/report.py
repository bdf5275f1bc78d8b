"""What became of the rows of a table: how many each filter took, and what was noted."""

import dataclasses
from typing import NamedTuple

import pandas as pd

from jaxsdm.markdown import markdown_table

_HEADINGS = ("filter", "rows taken", "rows left", "species left")


class Step(NamedTuple):
    """One filter that was applied.

    Attributes:
      reason: why rows were left out, such as `"outside the rasters"`.
      dropped: rows that it took.
      rows: rows that are left.
      species: species that are left.
    """

    reason: str
    dropped: int
    rows: int
    species: int


@dataclasses.dataclass(frozen=True)
class CleaningReport:
    """The steps from the rows of a file to the rows that are used.

    Attributes:
      source: what was read.
      rows: in the source.
      species: in the source.
      steps: the filters, in the order in which they were applied; a row is counted by
        the first that takes it.
      notes: what a reader of the report should know and no filter counts, such as
        decimal commas, or rows that look as if longitude and latitude were swapped.
    """

    source: str
    rows: int
    species: int
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    def then(self, step: Step) -> "CleaningReport":
        """The report with one step more."""
        return dataclasses.replace(self, steps=(*self.steps, step))

    def note(self, text: str) -> "CleaningReport":
        """The report with one note more."""
        return dataclasses.replace(self, notes=(*self.notes, text))

    @property
    def table(self) -> pd.DataFrame:
        """A row a step: `reason`, `dropped`, `rows`, `species`; the first is `read`."""
        read = Step("read", 0, self.rows, self.species)
        return pd.DataFrame([read, *self.steps], columns=list(Step._fields))

    def to_markdown(self) -> str:
        """The source, the steps as a table and the notes as a list, in Markdown."""
        read = Step("read", 0, self.rows, self.species)
        table = markdown_table(_HEADINGS, [read, *self.steps])
        notes = [f"* {' '.join(note.split())}" for note in self.notes]
        parts = [f"Occurrences of `{self.source}`.", table]
        return "\n\n".join([*parts, "\n".join(notes)] if notes else parts) + "\n"

    def __str__(self) -> str:
        """The report in words, for messages."""
        took = [f"{s.reason} took {s.dropped}" for s in self.steps if s.dropped]
        left = self.steps[-1].rows if self.steps else self.rows
        told = [f"{self.rows} rows read", *took, f"{left} left"]
        return " ".join([f"{self.source}: {', '.join(told)}.", *self.notes])
