"""Bands of NetCDF files, Zarr stores and xarray objects as stored numbers."""

import os
import re
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxsdm.data.rasters import conventions
from jaxsdm.data.rasters.band_names import name_from_file, natural_order
from jaxsdm.data.rasters.bands import Band
from jaxsdm.data.rasters.optional import optional

_BLOCK = 256
_NAMELESS = re.compile(r"band_?\d*|data|__xarray_dataarray_variable__", re.IGNORECASE)


class ArraySource:
    """The bands of a Dataset: its variables over y and x, one band per further index.

    Coordinates are cell centres, evenly spaced. Numbers are taken as stored:
    `_FillValue`, `missing_value`, `scale_factor`, `add_offset` and `_Unsigned` among
    the attributes apply; in an object that xarray has decoded, NaN is missing.

    Attributes:
      grid: where the cells lie; a y that increases makes a south-up grid.
      bands: one for each variable and index.
      block: rows and columns that are stored together.
      decoding: `"compressed"` where the first band of a file or store is; None for
        objects, whose values may be in memory.

    Args:
      data: a path to a NetCDF file or Zarr store, a Dataset or a DataArray.
      crs: where the data names none. Longitude and latitude are EPSG:4326 by themselves
        (CF conventions).

    Raises:
      OSError: if the file cannot be opened.
      ValueError: if there is no band, no grid or no CRS in it.
    """

    def __init__(self, data: Any, crs: str | None = None) -> None:
        self.path = os.fspath(data) if isinstance(data, str | os.PathLike) else None
        self._lock = threading.Lock()
        self._opened: Any = None if self.path else _as_dataset(data)
        self._label = self.path or f"xarray {type(data).__name__}"
        dataset = self._dataset()
        self._axes = conventions.find_axes(dataset, self._label)
        self.grid = conventions.find_grid(dataset, self._axes, self._label, crs)
        self.bands, self._places = _bands(dataset, self._axes, self._label, self.path)
        first = dataset[self._places[0][0]]
        self.block = _block(first, self._axes)
        packed = self.path is not None and _is_compressed(first.encoding)
        self.decoding = "compressed" if packed else None

    def stored(
        self, positions: Sequence[int], row: int, column: int, height: int, width: int
    ) -> list[tuple[np.ndarray, np.ndarray | None]]:
        """Numbers `[height, width]` of bands; see `FileSource.stored`."""
        y, x = self._axes
        window = {y: slice(row, row + height), x: slice(column, column + width)}
        read: list[tuple[np.ndarray, np.ndarray | None]] = []
        for position in positions:
            name, further = self._places[position]
            variable = self._dataset()[name].isel(window | further)
            try:
                values = variable.transpose(y, x).values
            except (OSError, RuntimeError, ValueError) as error:
                raise OSError(
                    f"{self._label}: {name} cannot be read in rows {row} to "
                    f"{row + height - 1}; damaged or truncated? ({error})"
                ) from error
            if variable.attrs.get("_Unsigned") == "true" and values.dtype.kind == "i":
                values = values.view(f"u{values.dtype.itemsize}")
            read.append((values, None))
        return read

    def close(self) -> None:
        """Closes the file, if there is one; a later read opens it again."""
        with self._lock:
            if self.path and self._opened is not None:
                self._opened.close()
                self._opened = None

    def _dataset(self) -> Any:
        with self._lock:
            if self._opened is None:
                self._opened = _open(str(self.path))
            return self._opened

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_lock"]
        if self.path:
            state["_opened"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()


def is_zarr(path: str) -> bool:
    """Whether a folder is a Zarr store."""
    marks = ("zarr.json", ".zgroup", ".zarray")
    found = any(os.path.exists(os.path.join(path, mark)) for mark in marks)
    return found or path.rstrip("/").endswith(".zarr")


def _open(path: str) -> Any:
    xarray = optional("xarray")
    options: dict[str, Any] = {"mask_and_scale": False, "decode_times": False}
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: no such raster.")
    if os.path.isdir(path):
        optional("zarr")
        options |= {"engine": "zarr", "consolidated": False}
    try:
        return xarray.open_dataset(path, **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise OSError(
            f"{path} cannot be opened by xarray: empty, truncated, half written or of "
            f"another format? ({error})"
        ) from error


def _as_dataset(data: Any) -> Any:
    if type(data).__name__ != "DataArray":
        return data
    return data.to_dataset(name=data.name or "data")


def _bands(
    dataset: Any, axes: tuple[str, str], label: str, path: str | None
) -> tuple[tuple[Band, ...], list[tuple[str, dict[str, int]]]]:
    bands: list[Band] = []
    places: list[tuple[str, dict[str, int]]] = []
    wanted = {n: v for n, v in dataset.data_vars.items() if set(axes) <= set(v.dims)}
    if path and os.path.isdir(path):  # Zarr lists variables in the order of the disk
        wanted = {n: wanted[n] for n in sorted(wanted, key=natural_order)}
    if not wanted:
        raise ValueError(f"{label} has no variable over {axes[0]} and {axes[1]}.")
    for name, variable in wanted.items():
        further = [str(dim) for dim in variable.dims if dim not in axes]
        if len([dim for dim in further if variable.sizes[dim] > 1]) > 1:
            raise ValueError(
                f"{label}: {name} runs over {', '.join(further)} besides {axes[0]} and "
                f"{axes[1]}; select one index of all but one of them."
            )
        own = str(name)
        if path and len(wanted) == 1 and _NAMELESS.fullmatch(own):
            own = name_from_file(os.path.splitext(os.path.basename(path))[0])
        long = [dim for dim in further if variable.sizes[dim] > 1]
        count = variable.sizes[long[0]] if long else 1
        for i in range(count):
            place = {dim: i if dim in long else 0 for dim in further}
            suffix = _suffix(variable, long[0], i) if long else None
            shown = own if suffix is None else f"{own}_{suffix}"
            if suffix is not None and _NAMELESS.fullmatch(own) and suffix[0] != "_":
                shown = suffix if not suffix.isdigit() else f"band_{suffix}"
            bands.append(_band(variable, shown, label, len(bands) + 1))
            places.append((str(name), place))
    return tuple(bands), places


def _suffix(variable: Any, dim: str, index: int) -> str:
    if dim not in variable.coords:
        return str(index + 1)
    value = variable[dim].values[index]
    return f"{value:g}" if isinstance(value, int | float | np.number) else str(value)


def _band(variable: Any, name: str, label: str, index: int) -> Band:
    told = variable.attrs
    dtype = variable.dtype
    if told.get("_Unsigned") == "true" and dtype.kind == "i":
        dtype = np.dtype(f"u{dtype.itemsize}")
    fills = [told[key] for key in ("_FillValue", "missing_value") if key in told]
    numbers = {np.ravel(fill)[0].item() for fill in fills}
    numbers = {v for v in numbers if v == v}
    if len(numbers) > 1:
        raise ValueError(
            f"{label}: {name} has two numbers for nodata, {sorted(numbers)}; keep one "
            "(replace the other by it, or by NaN)."
        )
    nodata = numbers.pop() if numbers else None
    if nodata is not None and nodata < 0 and told.get("_Unsigned") == "true":
        nodata += 2 ** (8 * dtype.itemsize)
    levels = told.get("flag_values")
    return Band(
        name=name,
        source=label,
        index=index,
        dtype=dtype.name if dtype.kind in "biuf" else dtype.str,
        categorical=levels is not None or bool(told.get("categorical")),
        scale=float(told.get("scale_factor", 1)),
        offset=float(told.get("add_offset", 0)),
        nodata=nodata,
        levels=None if levels is None else tuple(int(v) for v in np.ravel(levels)),
    )


def _block(variable: Any, axes: tuple[str, str]) -> tuple[int, int]:
    chunks = variable.encoding.get("preferred_chunks") or {}
    y, x = (min(int(chunks.get(a, _BLOCK)), variable.sizes[a]) for a in axes)
    return y, x


def _is_compressed(encoding: Any) -> bool:
    """Whether what xarray says of a NetCDF or Zarr variable names a compression."""
    keys = (
        *("compressors", "compressor", "compression"),
        *("zlib", "szip", "zstd", "bzip2", "blosc"),
    )
    return any(encoding.get(key) for key in keys)
