"""Blank figures and what all figures of the library share: colours, units, saving.

Figures are drawn without a window system and without pyplot's global state. Matplotlib
is imported when the first figure is made.
"""

import os
from typing import TYPE_CHECKING, Any, Literal

from jaxsdm.data.files import written_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Wong 2011, doi:10.1038/nmeth.1618: told apart with any colour vision. Yellow is left
# out, being too pale for dots on white.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Even in lightness and for any colour vision.
COLOUR_MAP = "viridis"
NO_DATA = "#d9d9d9"
_LONGEST_NAME = 40


def new_figure(
    width_inches: float,
    height_inches: float,
    layout: Literal["constrained", "compressed"] = "constrained",
) -> "Figure":
    """Empty figure that arranges its own spacing; "compressed" suits panels of maps.

    Raises:
      ModuleNotFoundError: without matplotlib, naming the extra to install.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "figures need matplotlib: pip install 'jaxsdm[figures]'."
        ) from error
    return Figure(figsize=(width_inches, height_inches), layout=layout)


def save(figure: "Figure", path: str | os.PathLike[str]) -> None:
    """Write the figure; the suffix tells the format, and the file appears whole."""
    with written_aside(path) as temporary:
        figure.savefig(temporary, dpi=120)


def style(number: int) -> dict[str, Any]:
    """Colour and marker of the n-th of several groups; 49 before one comes again."""
    turn, colour = divmod(number, len(COLOURS))
    marker = MARKERS[(colour + turn) % len(MARKERS)]
    return {"color": COLOURS[colour], "marker": marker}


def axis_labels(crs: str) -> tuple[str, str]:
    """Labels of the x and y axis with the unit that the CRS implies.

    Codes 4000 to 4999 of EPSG are geographic (degrees), as are OGC:CRS84 and
    definitions (WKT) that say so. Others are
    named: whether they count metres or feet is not in their name.
    """
    authority, _, code = crs.upper().partition(":")
    geographic = authority == "EPSG" and code.isdigit() and 4000 <= int(code) < 5000
    if geographic or crs.upper().startswith(("OGC:CRS84", "GEOGCS", "GEOGCRS")):
        return "longitude (°)", "latitude (°)"
    name = crs
    if len(crs) > _LONGEST_NAME and '"' in crs:
        name = crs.split('"')[1]  # of a definition (WKT), what it calls itself
    unit = f"units of {name}" if crs else "map units"
    return f"easting ({unit})", f"northing ({unit})"
