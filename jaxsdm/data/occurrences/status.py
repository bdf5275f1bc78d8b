"""Whether a row says that a species was there, or was looked for and not found."""

import numpy as np
from jaxtyping import Float64, Int32

from jaxsdm.data.occurrences.categories import by_text
from jaxsdm.data.occurrences.source import MISSING_WORDS

_PRESENT = ("1", "present", "presence", "true", "yes", "t", "y", "p")
_ABSENT = ("0", "absent", "absence", "false", "no", "f", "n", "a")
_ODD = -1.0
_CODES = {
    **dict.fromkeys(_PRESENT, 1.0),
    **dict.fromkeys(_ABSENT, 0.0),
    **dict.fromkeys(MISSING_WORDS, np.nan),
}


def read_status(
    codes: Int32[np.ndarray, " rows"],
    texts: list[str],
    *,
    file: str,
    column: str,
) -> tuple[Float64[np.ndarray, " rows"], tuple[str, ...]]:
    """1 present, 0 absent, NaN not looked for; and what to note.

    Args:
      codes: the number of the text of each row, -1 for none.
      texts: distinct ones.
      file: for messages.
      column: its name. Where it is `occurrenceStatus`, an empty cell is a presence, as
        GBIF takes it; elsewhere the species was not looked for.

    Raises:
      ValueError: more than half of the cells that hold something say neither.
    """
    empty = 1.0 if column.lower() == "occurrencestatus" else np.nan
    status = by_text(codes, texts, _status_of, empty).astype(np.float64)
    odd = status == _ODD
    if not odd.any():
        return status, ()
    row = int(odd.argmax())
    where = f"row {row + 1} ({texts[codes[row]][:40]!r})"
    if 2 * odd.sum() > (codes >= 0).sum():
        raise ValueError(
            f"{file}: column {column} says neither present nor absent, as in {where}; "
            "columns={'status': ...} names another column, or None for none."
        )
    status[odd] = np.nan
    return status, (
        f"column {column}: {odd.sum():,} cells that say neither present nor absent "
        f"taken as not looked for, the first in {where}",
    )


def _status_of(text: str) -> float:
    return _CODES.get(text.lower(), _ODD)
