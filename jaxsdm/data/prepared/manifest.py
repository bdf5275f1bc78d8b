"""What a prepared folder says about itself, and opening one.

`manifest.json` is written last: a folder without it is not finished and not read.
"""

import dataclasses
import json
import math
import os
import pathlib
from typing import Any

from jaxsdm.data.patches.memory import MemoryPatches
from jaxsdm.data.patches.source import PatchSource
from jaxsdm.data.prepared.layouts import STORE, VALID, VALUES, layout_of
from jaxsdm.data.rasters import RasterGrid
from jaxsdm.data.rasters.bands import Band

MANIFEST, JOURNAL = "manifest.json", "journal.jsonl"
VERSION = 1


@dataclasses.dataclass(frozen=True)
class BandStatistics:
    """Statistics of a band over valid cells, in double precision.

    Attributes:
      count: valid cells; the numbers below are None if there are none.
      mean: of the values.
      sd: standard deviation, divided by `count`.
      min: least value.
      max: greatest value.
      valid_share: valid cells among all that were looked at.
    """

    count: int
    mean: float | None
    sd: float | None
    min: float | None
    max: float | None
    valid_share: float


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A prepared raster stack; `open_prepared` and `prepare` give it.

    Attributes:
      folder: absolute path.
      layout: `"memmap"` or `"zarr"`.
      dtype: of the stored numbers, which are the values themselves.
      grid: coordinate system, transform and size.
      bands: as they were in the sources, in the order of the last axis.
      statistics: of each band.
      statistics_of: `"all cells"`, or `"training cells"`.
      manifest: all that `manifest.json` says.
    """

    folder: pathlib.Path
    layout: str
    dtype: str
    grid: RasterGrid
    bands: tuple[Band, ...]
    statistics: tuple[BandStatistics, ...]
    statistics_of: str
    manifest: dict[str, Any] = dataclasses.field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands, in order."""
        return tuple(band.name for band in self.bands)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and bands."""
        return self.grid.height, self.grid.width, len(self.bands)

    def patches(self, **options: Any) -> PatchSource:
        """The source of patches of this layout; headers are read, no values.

        Args:
          **options: of `StorePatches`, for the layout `"zarr"`.

        Raises:
          OSError: if files are missing or truncated.
          TypeError: if there are options for a memory map.
        """
        if self.layout == "zarr":
            from jaxsdm.data.patches.store import StorePatches

            return StorePatches(self, **options)
        if options:
            raise TypeError(
                f"Prepared.patches: a memory map has no options, got "
                f"{', '.join(options)}."
            )
        # NaN says in float32 what is missing: nothing else need be read.
        mask = None if self.dtype == "float32" else self.folder / VALID
        return MemoryPatches(self.folder / VALUES, mask, names=self.names)

    def store_path(self) -> pathlib.Path:
        """Where the layout `"zarr"` has its array.

        Raises:
          ValueError: if the layout is another.
        """
        if self.layout != "zarr":
            raise ValueError(
                f"{self.folder} holds a memory map; .patches() opens it, or prepare "
                "it with layout='zarr' for TensorStore."
            )
        return self.folder / STORE

    def verify(self) -> None:
        """Reads everything and compares the checksums.

        Raises:
          OSError: if a stripe is not what was written; the message names its rows.
        """
        files = self._files()
        for stripe in self.manifest["stripes"]:
            top, rows = stripe["row"], stripe["rows"]
            try:
                same = files.checksum(top, rows) == stripe["sha256"]
                reason = "the checksum differs"
            except OSError as error:
                same, reason = False, str(error)
            if not same:
                raise OSError(
                    f"{self.folder}: rows {top} to {top + rows - 1} are damaged "
                    f"({reason}). Delete the folder and prepare it again."
                )

    def _files(self) -> Any:
        chunk = self.manifest["chunk"]
        files = layout_of(self.folder, self.layout, self.shape, self.dtype, chunk)
        try:
            files.check()
        except OSError as error:
            raise OSError(
                f"{self.folder} is damaged: {error} Delete the folder and prepare it "
                "again."
            ) from error
        return files


def open_prepared(folder: str | os.PathLike[str], *, verify: bool = False) -> Prepared:
    """Opens a folder that `prepare` wrote; reads headers only.

    Args:
      folder: its path.
      verify: read everything and compare the checksums.

    Raises:
      FileNotFoundError: if there is no such folder.
      ValueError: if the folder is not finished, something else, or of a version that
        this program does not know.
      OSError: if files are missing or truncated; with `verify`, if a value is not what
        was written.
    """
    folder = pathlib.Path(folder).resolve()
    if not folder.is_dir():
        raise FileNotFoundError(f"open_prepared: no folder {folder}.")
    if not (folder / MANIFEST).is_file():
        if (folder / JOURNAL).is_file():
            raise ValueError(
                f"{folder} is not finished: its preparation was interrupted. "
                f"{how_to_finish(folder)}"
            )
        raise ValueError(
            f"{folder} is no prepared raster: it has no {MANIFEST}. Make one with "
            "prepare(stack, folder) or scripts/prepare.py."
        )
    manifest = read_manifest(folder)
    prepared = Prepared(
        folder=folder,
        layout=manifest["layout"],
        dtype=manifest["dtype"],
        grid=grid_of(manifest["grid"]),
        bands=tuple(band_of(one) for one in manifest["bands"]),
        statistics=tuple(BandStatistics(**one) for one in manifest["statistics"]),
        statistics_of=manifest["statistics_of"],
        manifest=manifest,
    )
    prepared._files()
    if verify:
        prepared.verify()
    return prepared


def how_to_finish(folder: pathlib.Path) -> str:
    """What finishes a folder that was begun, for an error."""
    try:
        with open(folder / JOURNAL, encoding="utf-8") as file:
            head = json.loads(file.readline())
        command = head.get("command")
        files = list(dict.fromkeys(band["source"] for band in head["bands"]))
    except (OSError, ValueError, KeyError, TypeError):  # stopped within its first line
        return "The same command goes on where it stopped."
    if command:
        return f"This goes on where it stopped: {command}"
    cells = "" if head["cells"] is None else ", cells=the same training cells"
    return (
        "This goes on where it stopped: prepare(open_stack(the same options, of "
        f"{', '.join(files)}), {str(folder)!r}, layout={head['layout']!r}, "
        f"chunk={head['chunk']}, dtype={head['dtype']!r}{cells})"
    )


def read_manifest(folder: pathlib.Path) -> dict[str, Any]:
    """The manifest of a folder, its version checked.

    Raises:
      ValueError: if it is no manifest, or of another version.
    """
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        version = found["jaxsdm_prepared"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no manifest of a prepared raster.") from error
    if version != VERSION:
        raise ValueError(
            f"{path} has version {version}; this jaxsdm reads version {VERSION}."
        )
    return dict(found)


def grid_record(grid: RasterGrid) -> dict[str, Any]:
    """A grid as JSON has it."""
    return {
        "crs": grid.crs,
        "transform": [float(one) for one in grid.transform],
        "height": int(grid.height),
        "width": int(grid.width),
    }


def grid_of(record: dict[str, Any]) -> RasterGrid:
    """The grid of a record."""
    a, b, c, d, e, f = record["transform"]
    transform = (a, b, c, d, e, f)
    return RasterGrid(record["crs"], transform, record["height"], record["width"])


def band_record(band: Band) -> dict[str, Any]:
    """A band as JSON has it; numbers that are not finite are text."""
    nodata = band.nodata
    if nodata is not None:
        nodata = nodata if isinstance(nodata, int) else float(nodata)
    kept = nodata if nodata is None or math.isfinite(nodata) else str(nodata)
    return dataclasses.asdict(band) | {
        "scale": float(band.scale),
        "offset": float(band.offset),
        "nodata": kept,
        "levels": None if band.levels is None else [int(one) for one in band.levels],
    }


def band_of(record: dict[str, Any]) -> Band:
    """The band of a record."""
    nodata, levels = record["nodata"], record["levels"]
    return Band(
        **record
        | {
            "nodata": float(nodata) if isinstance(nodata, str) else nodata,
            "levels": None if levels is None else tuple(levels),
        }
    )
