"""From coordinates to cells of a raster; what lies outside is counted, not guessed."""

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import Bool, Float32, Int64

from jaxsdm.data.patches.source import PatchSource
from jaxsdm.data.patches.window import Window
from jaxsdm.data.rasters import RasterGrid, coordinate_systems
from jaxsdm.data.rasters.points import points_on

_BATCH = 256


class Places(NamedTuple):
    """Places of a raster.

    Attributes:
      rows: `[places]` whole numbers: cells; or real ones: pixel coordinates.
      columns: `[places]` likewise.
    """

    rows: np.ndarray
    columns: np.ndarray

    def at(self, index: np.ndarray | slice) -> "Places":
        """Some of the places."""
        return Places(self.rows[index], self.columns[index])


@dataclasses.dataclass(frozen=True)
class Located:
    """Places found in one or several rasters.

    Attributes:
      places: of each raster, by its name, or of the only one, where it has no name;
        only those inside all of them. `Samples` takes both.
      kept: `[kept]` which of the given places they are; select targets by it.
      outside: places left out.
      report: one line that says how many lie outside of what.
    """

    places: Places | dict[str, Places]
    kept: Int64[np.ndarray, " kept"]
    outside: int
    report: str


def locate(
    grids: RasterGrid | Mapping[str, RasterGrid],
    *,
    longitude: npt.ArrayLike | None = None,
    latitude: npt.ArrayLike | None = None,
    x: npt.ArrayLike | None = None,
    y: npt.ArrayLike | None = None,
    crs: str | None = None,
    outside: str = "refuse",
    exact: bool = False,
) -> Located:
    """The cells that places lie in, in every raster.

    A place on either side of the antimeridian is found where the raster has it, as an
    angle. Its patch does not go on around the globe, though: what lies beyond the edge
    of the raster is not valid (see `Window`).

    Args:
      grids: of the rasters by the names of the inputs that come from them; or the one
        grid that the rasters of all inputs have.
      longitude: `[places]` in degrees, WGS 84, -180 to 180 or 0 to 360, whichever of
        them a raster has.
      latitude: `[places]` in degrees, WGS 84.
      x: `[places]` easting or longitude in `crs`, instead of the former.
      y: `[places]` northing or latitude in `crs`.
      crs: of `x` and `y`; None is that of the raster, where x counts as it stands.
      outside: places outside a raster, or without coordinates: `"refuse"` raises,
        `"exclude"` leaves them out and reports it.
      exact: pixel coordinates instead of cells, for `Window(convention="point")`.

    Raises:
      ValueError: if coordinates are missing, given twice, of different lengths, or no
        longitudes and latitudes; if x and y are of no named CRS and the rasters have
        several; if places lie outside and are to be refused (the message says how many,
        and the first ones), or none lies inside.
    """
    if outside not in ("refuse", "exclude"):
        raise ValueError(f"locate: outside is 'refuse' or 'exclude', got {outside!r}.")
    named = dict(grids) if isinstance(grids, Mapping) else {"raster": grids}
    if not named:
        raise ValueError("locate: at least one grid.")
    if x is not None and crs is None:
        _check_one_crs(named)
    found: dict[str, Places] = {}
    inside = np.ones(1, bool)
    lines = []
    for name, grid in named.items():
        east, north = points_on(
            grid,
            "locate",
            longitude=longitude,
            latitude=latitude,
            x=x,
            y=y,
            crs=crs,
        )
        rows, columns, here = grid.row_column(east, north)
        if exact:
            rows_exact, columns_exact = grid.pixel_coordinates(east, north)
            found[name] = Places(rows_exact, columns_exact)
        else:
            found[name] = Places(rows, columns)
        if not here.all():
            odd = np.flatnonzero(~here)
            first = ", ".join(map(str, odd[:5].tolist()))
            lines.append(
                f"{len(odd)} of {len(here)} places outside {name} ({grid}), at "
                f"positions {first}{', ...' if len(odd) > 5 else ''}"
            )
        inside = inside & here
    kept = np.flatnonzero(inside)
    report = "; ".join(lines) or f"all {len(inside)} places inside"
    if lines and outside == "refuse":
        raise ValueError(
            f"locate: {report}. Correct them, or leave them out: outside='exclude'."
        )
    if not len(kept):
        raise ValueError(f"locate: no place is left: {report}.")
    by_name = {name: one.at(kept) for name, one in found.items()}
    places = by_name if isinstance(grids, Mapping) else by_name["raster"]
    return Located(places, kept, len(inside) - len(kept), report)


def outside_of(shape: tuple[int, int], places: Places) -> Bool[np.ndarray, " places"]:
    """Which places lie in no cell of a raster of that many rows and columns."""
    beyond = np.zeros(len(places.rows), bool)
    for numbers, limit in zip(places, shape, strict=True):
        beyond |= ~((numbers >= 0) & (numbers < limit))
    return beyond


def valid_fraction(
    source: PatchSource, places: Places, window: Window
) -> Float32[np.ndarray, "places band"]:
    """The part of each patch that has values, for every band; 0: there is nothing.

    Reads all patches once, in the order of the raster. Places with too little can then
    be left out: `samples.at(valid_fraction(...).min(axis=1) > 0.5)`.
    """
    out = np.empty((len(places.rows), len(source.names)), np.float32)
    rows = window.cells(places.rows, axis=0)
    columns = window.cells(places.columns, axis=1)
    order = np.lexsort((columns // _BATCH, rows // _BATCH))
    for start in range(0, len(order), _BATCH):
        some = order[start : start + _BATCH]
        valid = np.asarray(source.take(rows[some], columns[some], window).valid)
        out[some] = valid.mean(axis=(1, 2), dtype=np.float64)
    return out


def _check_one_crs(grids: Mapping[str, RasterGrid]) -> None:
    first, *others = (coordinate_systems.parse_crs(one.crs) for one in grids.values())
    if not all(first.equals(one, ignore_axis_order=True) for one in others):
        shown = ", ".join(f"{name} {grid.crs[:60]}" for name, grid in grids.items())
        raise ValueError(
            f"locate: x and y of which CRS? The rasters have several ({shown}); name "
            "it: crs=."
        )
