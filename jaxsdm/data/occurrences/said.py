"""What each row says of its species: there, how many, or looked for in vain."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64

_FEW_ABSENCES = 0.1
"""Share of absences up to which a table is a download of presences with some strays."""


@dataclasses.dataclass(frozen=True, eq=False)
class Said:
    """What the rows of a table say.

    Attributes:
      kind: one of `KINDS`.
      present: whether the species was there.
      count: records or individuals.
      known: False where a row says neither that it was there nor that it was not.
      notes: for the report.
    """

    kind: str
    present: Bool[np.ndarray, " rows"]
    count: Float64[np.ndarray, " rows"]
    known: Bool[np.ndarray, " rows"]
    notes: tuple[str, ...] = ()


def what_rows_say(
    file: str,
    rows: int,
    kind: str | None,
    status: Float64[np.ndarray, " rows"] | None,
    count: Float64[np.ndarray, " rows"] | None,
) -> Said:
    """Reads presences, absences and counts as rows of one kind.

    Args:
      file: for messages.
      rows: how many there are.
      kind: one of `KINDS`; None: the rows tell.
      status: 1 present, 0 absent, NaN not looked for; None: no column says.
      count: records or individuals; NaN where there is no number.

    Raises:
      ValueError: the rows contradict the kind, or a count is negative; file and row are
        named.
    """
    absent = np.zeros(rows, bool) if status is None else status == 0
    if count is not None and (count < 0).any():
        row = int((count < 0).argmax())
        raise ValueError(
            f"{file}: row {row + 1} counts {count[row]:g}, less than none."
        )
    notes: tuple[str, ...] = ()
    if kind is None:
        surveys = absent.sum() > _FEW_ABSENCES * rows
        kind = "presence_absence" if surveys else "presence_only"
        if absent.any():
            other = "presence_only" if surveys else "presence_absence"
            notes = (
                f"{absent.sum():,} of {rows:,} rows say absent: read as {kind}; if it "
                f"is not, give kind={other!r}",
            )
    if kind == "abundance":
        assert count is not None
        count = np.where(np.isnan(count) & absent, 0.0, count)
        return Said(kind, count > 0, count, ~np.isnan(count))
    if kind == "presence_absence" and status is None:
        raise ValueError(
            f"{file}: kind='presence_absence', but no column says where a species was "
            "absent; name it with columns={'status': ...}, or give "
            "kind='survey_lists' if the rows list what surveys found."
        )
    if kind == "survey_lists" and absent.any():
        raise ValueError(
            f"{file}: kind='survey_lists', but row {int(absent.argmax()) + 1} says "
            "that a species was absent; these are kind='presence_absence'."
        )
    known = np.ones(rows, bool) if status is None else ~np.isnan(status)
    present = ~absent
    if count is None or kind == "presence_absence":
        return Said(kind, present, present.astype(np.float64), known, notes)
    unknown = np.isnan(count)
    if unknown.any():
        notes += (f"{unknown.sum():,} rows without a count taken as one record",)
    count = np.where(present, np.where(unknown, 1.0, count), 0.0)
    return Said(kind, count > 0, count, known, notes)
