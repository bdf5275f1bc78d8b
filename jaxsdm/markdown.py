"""Tables in Markdown, for reports."""

import math
from collections.abc import Sequence
from typing import Any


def markdown_table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """A table of these columns and rows.

    Floats have three decimals, or three significant digits below .001 and above 1e5; an
    undefined value (None, NaN) is an empty cell.

    >>> print(markdown_table(["species", "AUC"], [["Viola hirta", 0.75]]))
    | species | AUC |
    | --- | --- |
    | Viola hirta | 0.750 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(v) for v in line) + " |" for line in lines)


def significant(value: float, digits: int = 4) -> str:
    """A number with so many significant digits, written out, thousands with commas.

    >>> significant(42951.3), significant(0.0123456)
    ('42,950', '0.01235')
    """
    rounded = float(f"{value:.{digits - 1}e}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.{digits}g}"


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value)
    if isinstance(value, float):
        small = value and not 1e-3 <= abs(value) < 1e5
        text = f"{value:.3g}" if small else f"{value:.3f}"
    return text.replace("|", "\\|").replace("\n", " ")
