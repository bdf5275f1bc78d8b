"""Opening rasters of any kind as one stack, or saying what does not fit."""

import dataclasses
import math
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxsdm.data.rasters.alignment import AlignedSource
from jaxsdm.data.rasters.arrays import ArraySource, is_zarr
from jaxsdm.data.rasters.band_names import natural_order
from jaxsdm.data.rasters.bands import Band, check_band
from jaxsdm.data.rasters.files import FileSource
from jaxsdm.data.rasters.grid import RasterGrid
from jaxsdm.data.rasters.sources import Source
from jaxsdm.data.rasters.stack import RasterStack

_ARRAYS = (".nc", ".nc4", ".cdf", ".zarr")
_IN_FOLDERS = (
    *(".tif", ".tiff", ".vrt", ".img", ".asc", ".bil", ".grd", ".jp2"),
    *_ARRAYS,
)


def open_stack(
    sources: Any,
    *,
    categorical: Iterable[str] | Mapping[str, Iterable[int]] = (),
    template: RasterGrid | str | os.PathLike[str] | None = None,
    resampling: str | None = None,
    names: Sequence[str] | None = None,
    crs: str | None = None,
    nodata: float | int | Mapping[str, float | int | None] | None = None,
    scale: float | int | Mapping[str, float | int] | None = None,
    offset: float | int | Mapping[str, float | int] | None = None,
) -> RasterStack:
    """Opens rasters as one stack of named bands; only headers are read.

    Bands are called after file names, those of CHELSA and WorldClim by the usual names
    (`bio1` to `bio19`, `tavg_01`); after the descriptions of the bands of a file, where
    it has them; after the variables of NetCDF and Zarr.

    Args:
      sources: a path or URL (GeoTIFF, COG and what else GDAL reads; NetCDF; Zarr), a
        folder (all rasters in it, bio2 before bio10), an xarray Dataset or DataArray, a
        list of these, or a dict of them by name: of the band, or what goes before the
        names of several bands.
      categorical: names of bands that hold codes, or a dict of the codes that each may
        hold; another code is an error when it is read.
      template: the grid to bring all bands to, where they differ: a `RasterGrid`, a
        band by its name, or a raster file. Without it different grids are an error.
      resampling: of continuous bands onto a template: `"nearest"`, `"bilinear"`,
        `"cubic"`, `"average"`; by default bilinear, or the average where a cell of the
        template is 2 or more cells across. Categorical bands take the nearest cell, or
        with `"mode"` the commonest code.
      names: of all bands, in order, instead of those found.
      crs: of sources that name none.
      nodata: the stored number that means no value: one for all bands, or by band,
        where None is for none; instead of what the file says.
      scale: values are `scale * stored + offset`: for layers that are packed without
        saying so, or say it wrong. A number for all bands that are not categorical, or
        by band; instead of what the file says.
      offset: likewise, in the units of the values.

    Raises:
      FileNotFoundError: if a file is missing or a folder holds no raster.
      OSError: if a file is truncated or cannot be decoded.
      ValueError: if grids or CRS differ and there is no template, a CRS is missing or
        unknown, names are unknown or doubled, nodata is impossible, or scale or offset
        is not finite or the scale is 0. The message says which file or band, and what
        to do.
      ModuleNotFoundError: if rasterio, pyproj, xarray or zarr is needed and missing.
    """
    found = [(label, _open(one, crs)) for label, one in _listed(sources)]
    bands = _named(found, names)
    bands = _described(bands, categorical, nodata)
    bands = _unpacked(bands, "scale", scale)
    bands = _unpacked(bands, "offset", offset)
    for band in (band for of_source in bands for band in of_source):
        check_band(band)
    opened = [source for _, source in found]
    grid = _target(opened, bands, template, crs)
    aligned: list[Source] = []
    for source, described in zip(opened, bands, strict=True):
        if source.grid.matches(grid):
            aligned.append(source)
        else:
            aligned.append(AlignedSource(source, described, grid, resampling))
    seen = [
        source.bands if isinstance(source, AlignedSource) else described
        for source, described in zip(aligned, bands, strict=True)
    ]
    places = [(i, j) for i, one in enumerate(seen) for j in range(len(one))]
    return RasterStack(
        grid=grid,
        bands=tuple(band for one in seen for band in one),
        sources=tuple(aligned),
        places=tuple(places),
    )


def _listed(sources: Any) -> list[tuple[str | None, Any]]:
    """Single sources with the names that a dict gives them."""
    if isinstance(sources, Mapping) and not _is_xarray(sources):
        listed: list[tuple[str | None, Any]] = [(str(k), v) for k, v in sources.items()]
    elif isinstance(sources, list | tuple):
        listed = [(None, one) for one in sources]
    else:
        listed = [(None, sources)]
    if not listed:
        raise ValueError("open_stack: no sources.")
    found: list[tuple[str | None, Any]] = []
    for label, one in listed:
        path = os.fspath(one) if isinstance(one, str | os.PathLike) else None
        if path is None or not os.path.isdir(path) or is_zarr(path):
            found.append((label, one))
        else:
            found += [(label, file) for file in _in_folder(path)]
    return found


def _in_folder(path: str) -> list[str]:
    files = [
        str(file)
        for file in pathlib.Path(path).iterdir()
        # Hidden ones are another system's notes (._bio1.tif), or half written.
        if file.suffix in _IN_FOLDERS and not file.name.startswith(".")
    ]
    if not files:
        raise FileNotFoundError(
            f"{path}: no raster in this folder; looked for {', '.join(_IN_FOLDERS)}."
        )
    return sorted(files, key=lambda file: natural_order(os.path.basename(file)))


def _is_xarray(source: Any) -> bool:
    kind = type(source)
    return kind.__module__.partition(".")[0] == "xarray" and kind.__name__ in (
        "Dataset",
        "DataArray",
    )


def _open(source: Any, crs: str | None) -> Source:
    if _is_xarray(source):
        return ArraySource(source, crs)
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            "open_stack: paths, xarray objects, lists or dicts of these, got "
            f"{type(source).__name__}."
        )
    path = os.fspath(source)
    if path.endswith(_ARRAYS) or os.path.isdir(path):
        return ArraySource(path, crs)
    return FileSource(path, crs)


def _named(
    found: Sequence[tuple[str | None, Source]], names: Sequence[str] | None
) -> list[list[Band]]:
    """The bands of each source under their final names."""
    labels = [label for label, _ in found]
    bands = []
    for label, source in found:
        several = len(source.bands) > 1 or labels.count(label) > 1
        called = [band.name for band in source.bands]
        if label is not None:
            called = [f"{label}_{name}" for name in called] if several else [label]
        bands.append(
            [
                dataclasses.replace(band, name=name)
                for band, name in zip(source.bands, called, strict=True)
            ]
        )
    flat = [band for of_source in bands for band in of_source]
    if names is not None:
        if isinstance(names, str) or len(names) != len(flat):
            raise ValueError(
                f"open_stack: {len(flat)} names wanted, got {names!r}; the bands are "
                f"{', '.join(band.name for band in flat)}."
            )
        given = iter(names)
        bands = [
            [dataclasses.replace(band, name=next(given)) for band in of_source]
            for of_source in bands
        ]
    _check_unique([band for of_source in bands for band in of_source])
    return bands


def _check_unique(bands: Sequence[Band]) -> None:
    seen: dict[str, Band] = {}
    for band in bands:
        if band.name in seen:
            raise ValueError(
                f"open_stack: two bands are called {band.name}: number "
                f"{seen[band.name].index} of {seen[band.name].source} and number "
                f"{band.index} of {band.source}. Name them: names=[...], or sources as "
                "a dict."
            )
        seen[band.name] = band


def _described(
    bands: list[list[Band]],
    categorical: Iterable[str] | Mapping[str, Iterable[int]],
    nodata: float | int | Mapping[str, float | int | None] | None,
) -> list[list[Band]]:
    known = [band.name for of_source in bands for band in of_source]
    codes = [categorical] if isinstance(categorical, str) else list(categorical)
    _check_known("categorical", codes, known)
    if nodata is None:
        missing: dict[str, float | int | None] = {}
    elif isinstance(nodata, Mapping):
        missing = dict(nodata)
    else:
        missing = dict.fromkeys(known, nodata)
    _check_known("nodata", missing, known)

    def described(band: Band) -> Band:
        if band.name in missing:
            band = dataclasses.replace(band, nodata=missing[band.name])
        if band.name not in codes:
            return band
        levels = band.levels
        if isinstance(categorical, Mapping):
            levels = tuple(int(level) for level in categorical[band.name])
        return dataclasses.replace(band, categorical=True, levels=levels)

    return [[described(band) for band in of_source] for of_source in bands]


def _unpacked(
    bands: list[list[Band]],
    option: str,
    told: float | int | Mapping[str, float | int] | None,
) -> list[list[Band]]:
    """The bands with the scale or the offset that was told."""
    if told is None:
        return bands
    flat = [band for of_source in bands for band in of_source]
    if isinstance(told, Mapping):
        _check_known(option, told, [band.name for band in flat])
        numbers = {name: float(number) for name, number in told.items()}
    else:
        numbers = {band.name: float(told) for band in flat if not band.categorical}
    for name, number in numbers.items():
        if not math.isfinite(number) or (option == "scale" and not number):
            raise ValueError(
                f"open_stack: {option} of band {name} is a finite number"
                f"{' other than 0' if option == 'scale' else ''}, got {number}."
            )

    def unpacked(band: Band) -> Band:
        if band.name not in numbers:
            return band
        changed: dict[str, Any] = {option: numbers[band.name]}
        return dataclasses.replace(band, **changed)

    return [[unpacked(band) for band in of_source] for of_source in bands]


def _check_known(option: str, asked: Iterable[str], known: Sequence[str]) -> None:
    unknown = [name for name in asked if name not in known]
    if unknown:
        raise ValueError(
            f"open_stack: {option} names no band of the stack: {', '.join(unknown)}; "
            f"the bands are {', '.join(known)}."
        )


def _target(
    sources: Sequence[Source],
    bands: Sequence[Sequence[Band]],
    template: RasterGrid | str | os.PathLike[str] | None,
    crs: str | None,
) -> RasterGrid:
    if isinstance(template, RasterGrid):
        return template
    if template is not None:
        for source, described in zip(sources, bands, strict=True):
            if template in [band.name for band in described]:
                return source.grid
        path = os.fspath(template)
        if not os.path.exists(path) and "://" not in path:
            names = ", ".join(band.name for one in bands for band in one)
            raise ValueError(
                f"open_stack: template {path!r} is neither a raster file nor a band; "
                f"the bands are {names}."
            )
        return _open(path, crs).grid
    first = sources[0]
    for source in sources[1:]:
        if not first.grid.matches(source.grid):
            same = source.grid.crs == first.grid.crs
            what = "is not on the grid of" if same else "differs in CRS or grid from"
            raise ValueError(
                f"open_stack: {source.bands[0].source} {what} "
                f"{first.bands[0].source}: it has {source.grid}, the other "
                f"{first.grid}. Say which grid all shall have: template= a band such "
                f"as {bands[0][0].name!r}, a raster file or a RasterGrid."
            )
    return first.grid
