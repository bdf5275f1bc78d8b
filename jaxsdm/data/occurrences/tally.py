"""Records counted by group and species: the groups are raster cells or surveys.

Only pairs that occur are held, so that millions of records of thousands of species fit;
`dense` gives the matrix of the groups and species that are asked for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32, Int64

from jaxsdm.data.occurrences.occurrences import Occurrences

SUMMED = ("presence_only", "abundance")
"""Kinds whose records add up; of the others one presence makes the pair present."""


class Tally(NamedTuple):
    """What the records of each group and species come to, sorted by both.

    Attributes:
      group: `[pairs]` number of the group.
      species: `[pairs]` position in `names`.
      records: `[pairs]` sum of `count` of presence-only records and of abundances; 1
        or 0 of surveys, 1 where any of several records is a presence.
      names: the species with a record, sorted.
      kind: of the occurrences, one of `KINDS`.
    """

    group: Int64[np.ndarray, " pairs"]
    species: Int32[np.ndarray, " pairs"]
    records: Float32[np.ndarray, " pairs"]
    names: tuple[str, ...]
    kind: str

    def dense(
        self, groups: Int64[np.ndarray, " groups"], names: Sequence[str]
    ) -> Float32[np.ndarray, "groups species"]:
        """The matrix of these groups and species, in the order that is asked for.

        A pair without a record is 0 in presence-only tables, and in survey lists where
        the group has any record; otherwise NaN: nobody looked there for the species. A
        species without a record in the table is like any other.

        Raises:
          ValueError: a species is asked for twice, or none of them has a record.
        """
        names = list(names)
        wanted = {name: column for column, name in enumerate(names)}
        if len(wanted) < len(names):
            twice = sorted(name for name in wanted if names.count(name) > 1)
            raise ValueError(f"Species asked for twice: {', '.join(twice)}.")
        if names and not any(name in wanted for name in self.names):
            raise ValueError(
                f"None of the species {', '.join(names[:5])} has a record; those that "
                f"do are {', '.join(self.names[:10])}."
            )
        first = np.searchsorted(self.group, groups, side="left")
        length = np.searchsorted(self.group, groups, side="right") - first
        blank = 0.0 if self.kind == "presence_only" else np.nan
        filled = np.full((len(groups), len(names)), blank, np.float32)
        if self.kind == "survey_lists":
            filled[length > 0] = 0
        row = np.repeat(np.arange(len(groups)), length)
        before = np.cumsum(length) - length
        pair = np.arange(len(row)) + np.repeat(first - before, length)
        column_of = np.array([wanted.get(name, -1) for name in self.names], np.int64)
        column = column_of[self.species[pair]]
        asked = column >= 0
        filled[row[asked], column[asked]] = self.records[pair[asked]]
        return filled


def tally(occurrences: Occurrences, group: Int64[np.ndarray, " rows"]) -> Tally:
    """Counts the records of each group and species.

    Absences in presence-only tables are left out: they are no records of the species.

    Args:
      occurrences: with a species in each row.
      group: number of each row's group, at least 0.
    """
    table = occurrences.table
    code = table["species"].cat.codes.to_numpy()
    present = table["present"].to_numpy()
    value = present.astype(np.float64)
    if occurrences.kind in SUMMED:
        value = table["count"].to_numpy()
    if occurrences.kind == "presence_only" and not present.all():
        code, group, value = code[present], group[present], value[present]
    categories = table["species"].cat.categories
    used = np.bincount(code, minlength=len(categories)) > 0
    code = (np.cumsum(used) - 1)[code]
    names = tuple(categories[used])

    highest = int(group.max(initial=0)) + 1
    if highest * max(len(names), 1) >= 2**63:  # one number a pair would overflow
        distinct, group = np.unique(group, return_inverse=True)
    else:
        distinct = None
    pair = group * len(names) + code
    order = np.argsort(pair, kind="stable")
    pair, value = pair[order], value[order]
    first = np.diff(pair, prepend=-1) > 0
    # Added row by row, so that the sum is the same on every machine.
    records = np.bincount(np.cumsum(first) - 1, weights=value)
    if occurrences.kind not in SUMMED:
        records = np.minimum(records, 1.0)
    number, species = np.divmod(pair[first], max(len(names), 1))
    return Tally(
        number if distinct is None else distinct[number],
        species.astype(np.int32),
        records.astype(np.float32),
        names,
        occurrences.kind,
    )
