"""Days from the many ways in which records say when they were made."""

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Shaped

CHARACTERS = 10
"""Of a date that matter, as in 2019-05-01: what follows is a time or a last day."""

_PATTERN = r"^(?P<year>\d{4})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?(?:$|[T/ ])"


def days_of(
    texts: list[str],
) -> tuple[Shaped[np.ndarray, " texts"], Bool[np.ndarray, " texts"]]:
    """The first day that each text may mean, and where a text means none.

    Args:
      texts: of ISO 8601, as in Darwin Core: `2019-05-01`, `2019-05`, `2019`,
        `2019-05-01T10:30Z`, intervals such as `2019-05-01/2019-06-30`; also
        `2019/05/01` and `20190501`. No more than `CHARACTERS` of each matter.

    Returns:
      datetime64[s], NaT where there is no day; True where a text is not understood.
    """
    text = pd.Series(texts, dtype=object).astype(str).str.strip().str[:CHARACTERS]
    # Other marks than dashes, or none; 2019/2020 is an interval of years.
    text = text.str.replace(r"^(\d{4})/(\d{1,2})/(\d{1,2})", r"\1-\2-\3", regex=True)
    text = text.str.replace(r"^(\d{4})(\d{2})(\d{2})\b", r"\1-\2-\3", regex=True)
    parts = text.str.extract(_PATTERN)
    day = _first_day(
        *(pd.to_numeric(parts[one]).to_numpy(np.float64, na_value=np.nan)
          for one in ("year", "month", "day"))
    )  # fmt: skip
    return day, np.isnat(day)


def days_from_parts(
    year: Float64[np.ndarray, " rows"],
    month: Float64[np.ndarray, " rows"],
    day: Float64[np.ndarray, " rows"],
) -> Shaped[np.ndarray, " rows"]:
    """The first day that year, month and day may mean, datetime64[s]; NaN: unknown."""
    return _first_day(year, month, day)


def years_of(days: Shaped[np.ndarray, " rows"]) -> Float64[np.ndarray, " rows"]:
    """The years of days, NaN for NaT."""
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return np.where(np.isnat(days), np.nan, years)


def _first_day(
    year: Float64[np.ndarray, " rows"],
    month: Float64[np.ndarray, " rows"],
    day: Float64[np.ndarray, " rows"],
) -> Shaped[np.ndarray, " rows"]:
    month, day = np.where(np.isnan(month), 1, month), np.where(np.isnan(day), 1, day)
    sound = (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12)
    sound &= (day >= 1) & (day <= 31)
    whole = [np.where(sound, part, 1).astype(np.int64) for part in (year, month, day)]
    first = (whole[0] - 1970).astype("datetime64[Y]").astype("datetime64[M]")
    first = first + (whole[1] - 1).astype("timedelta64[M]")
    days = first.astype("datetime64[D]") + (whole[2] - 1).astype("timedelta64[D]")
    # The 30th of February would be in March.
    sound &= days.astype("datetime64[M]") == first
    return np.where(sound, days.astype("datetime64[s]"), np.datetime64("NaT"))
