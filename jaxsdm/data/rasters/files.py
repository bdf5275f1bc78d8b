"""Bands of one raster file (GeoTIFF, COG and what else GDAL reads) as stored numbers.

A rasterio dataset must not be used by two threads at once, nor after a fork: every
thread of every process opens the file for itself, when it first reads.
"""

import os
import threading
import uuid
import warnings
import weakref
import xml.etree.ElementTree
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxsdm.data.rasters import coordinate_systems
from jaxsdm.data.rasters.band_names import name_from_file, names_of_bands
from jaxsdm.data.rasters.bands import Band
from jaxsdm.data.rasters.grid import RasterGrid
from jaxsdm.data.rasters.optional import optional
from jaxsdm.data.rasters.tiff_directory import check_whole


class FileSource:
    """The bands of a file.

    Attributes:
      grid: where its cells lie.
      bands: what its header says of each band.
      block: rows and columns that are stored, compressed and read together.
      decoding: name of the compression, None without.

    Args:
      path: what `rasterio.open` takes: a path, a URL, a `/vsi...` name.
      crs: for a file that names none.

    Raises:
      FileNotFoundError: if there is no such file.
      OSError: if GDAL cannot read it, or it ends before something that it says
        it has (`tiff_directory`).
      ValueError: if it lies nowhere: no CRS, no transform; or `crs` contradicts it.
    """

    def __init__(self, path: str, crs: str | None = None) -> None:
        self.path = path
        self._reset()
        remote = "://" in path or path.startswith("/vsi")
        if not remote and not os.path.exists(path):
            raise FileNotFoundError(f"{path}: no such raster.")
        if not remote and os.path.isfile(path):
            check_whole(path)  # first: GDAL opens a truncated file and says less
        with warnings.catch_warnings():  # `_grid` says it, as an error
            warnings.simplefilter("ignore")
            raster = self._raster()
        if not raster.count:
            raise ValueError(
                f"{path} has no bands of its own but {len(raster.subdatasets)} "
                f"subdatasets; give one of them: {', '.join(raster.subdatasets[:5])}."
            )
        self.grid = _grid(raster, path, crs)
        self.block: tuple[int, int] = raster.block_shapes[0]
        packed = raster.compression
        self.decoding: str | None = packed.name if packed else None
        self.bands = _bands(raster, path)
        flags = optional("rasterio.enums").MaskFlags
        self._masked = tuple(
            flags.per_dataset in found or flags.alpha in found
            for found in raster.mask_flag_enums
        )

    def stored(
        self, positions: Sequence[int], row: int, column: int, height: int, width: int
    ) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Numbers `[height, width]` of bands, and where a mask hides them (or None).

        Args:
          positions: which of `bands`, from 0.
          row: of the first cell; the window lies inside the raster.
          column: of the first cell.
          height: of the window, in cells.
          width: of the window, in cells.

        Raises:
          OSError: if the file cannot be decoded there.
        """
        windows = optional("rasterio.windows")
        window = windows.Window(column, row, width, height)
        raster = self._raster()
        numbers = [position + 1 for position in positions]
        hidden: list[np.ndarray | None] = [None] * len(positions)
        try:
            if len({raster.dtypes[position] for position in positions}) == 1:
                read = list(raster.read(numbers, window=window))
            else:
                read = [raster.read(number, window=window) for number in numbers]
            for i, position in enumerate(positions):
                if self._masked[position]:
                    hidden[i] = raster.read_masks(position + 1, window=window) == 0
        except optional("rasterio.errors").RasterioIOError as error:
            raise OSError(
                f"{self.path}: rows {row} to {row + height - 1}, columns {column} to "
                f"{column + width - 1} cannot be read; the file is damaged or "
                f"truncated: fetch it again. ({error.__cause__ or error})"
            ) from error
        return list(zip(read, hidden, strict=True))

    def close(self) -> None:
        """Closes the handles of all threads; a later read opens new ones."""
        with self._lock:
            handles = list(self._handles)
            self._handles.clear()
            self._local = threading.local()
        for handle in handles:
            handle.close()

    def _raster(self) -> Any:
        local = self._local
        if getattr(local, "process", None) != os.getpid():
            raster = _open(self.path)
            local.raster, local.process = raster, os.getpid()
            with self._lock:
                self._handles.add(raster)
        return local.raster

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._local = threading.local()
        self._handles: weakref.WeakSet[Any] = weakref.WeakSet()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        for name in ("_lock", "_local", "_handles"):
            del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()


def _open(path: str) -> Any:
    rasterio, errors = optional("rasterio"), optional("rasterio.errors")
    try:
        return rasterio.open(path)
    except errors.RasterioIOError as error:
        raise OSError(
            f"{path}: no raster that GDAL can read; empty, truncated or of another "
            f"format? ({error})"
        ) from error


def _grid(raster: Any, path: str, crs: str | None) -> RasterGrid:
    if raster.transform.is_identity:
        raise ValueError(
            f"{path} has no transform: nothing says where its cells lie. Write one "
            "into the file (for example with `gdal_edit` or `rio edit-info`)."
        )
    own = raster.crs and coordinate_systems.short_crs(raster.crs.to_wkt())
    if not own and not crs:
        raise ValueError(
            f"{path} names no coordinate reference system; say which it is: "
            "crs='EPSG:4326' (degrees), for example."
        )
    grid = RasterGrid(
        own or str(crs), tuple(raster.transform)[:6], raster.height, raster.width
    )
    if own and crs:
        given = RasterGrid(crs, grid.transform, grid.height, grid.width)
        if not grid.matches(given):
            raise ValueError(
                f"{path} is in {own[:60]}, not in {crs[:60]}; leave crs out, it is for "
                "files that name none."
            )
    return grid


def _bands(raster: Any, path: str) -> tuple[Band, ...]:
    stem = os.path.basename(path.rstrip("/")).partition("?")[0]
    stem = os.path.splitext(stem)[0]
    described = [text or "" for text in raster.descriptions]
    if raster.count == 1:
        names: Sequence[str] = [name_from_file(stem)]
    elif recognised := names_of_bands(stem, raster.count):
        names = recognised
    elif all(described) and len(set(described)) == raster.count:
        names = [name_from_file(text) for text in described]
    else:
        names = [f"{stem}_{i + 1}" for i in range(raster.count)]
    return tuple(
        Band(
            name=names[i],
            source=path,
            index=i + 1,
            dtype=raster.dtypes[i],
            scale=raster.scales[i],
            offset=raster.offsets[i],
            nodata=nodata,
        )
        for i, nodata in enumerate(_nodata(raster))
    )


def _nodata(raster: Any) -> Sequence[float | None]:
    """Nodata of each band, also where the type of the band cannot hold it.

    rasterio says None then, as if every cell had a value; GDAL's own account (a VRT in
    memory) tells the truth.
    """
    known = raster.nodatavals
    doubtful = [
        value is None and np.dtype(dtype).kind in "iu"
        for value, dtype in zip(known, raster.dtypes, strict=True)
    ]
    if not any(doubtful):
        return known
    shutil = optional("rasterio.shutil")
    account = f"/vsimem/jaxsdm-{uuid.uuid4().hex}.vrt"
    shutil.copy(raster, account, driver="VRT")
    try:
        with _open(account) as vrt:
            text = vrt.tags(ns="xml:VRT")["xml:VRT"]
    finally:
        shutil.delete(account, driver="VRT")
    root = xml.etree.ElementTree.fromstring(text)
    found = [band.findtext("NoDataValue") for band in root.findall("VRTRasterBand")]
    return [
        float(text) if missed and text is not None else value
        for value, missed, text in zip(known, doubtful, found, strict=True)
    ]
