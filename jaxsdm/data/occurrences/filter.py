"""What a filter of occurrences is."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Bool

from jaxsdm.data.occurrences.occurrences import Occurrences


class Filter(NamedTuple):
    """A reason to leave rows out, and the rows that it is true of.

    Attributes:
      reason: as the report shows it, such as `"outside the rasters"`.
      lost: the rows to leave out, from the occurrences that earlier filters left.
    """

    reason: str
    lost: Callable[[Occurrences], Bool[np.ndarray, " rows"]]


def column_of(occurrences: Occurrences, name: str, reason: str) -> pd.Series:
    """A column that a filter needs.

    Raises:
      ValueError: the table lacks it; the message says what there is.
    """
    table = occurrences.table
    if name not in table.columns:
        raise ValueError(
            f"{occurrences.source}: the filter {reason!r} needs a column {name}; there "
            f"are {', '.join(map(str, table.columns))}. Leave the filter out, or name "
            f"the column of the file when it is read: columns={{...}} or keep=(...)."
        )
    return table[name]
