"""Where the cells of a NetCDF, Zarr or xarray dataset lie (CF and GDAL conventions)."""

from typing import Any

import numpy as np

from jaxsdm.data.rasters import coordinate_systems
from jaxsdm.data.rasters.grid import RasterGrid

_NAMES = {
    "x": ("x", "lon", "long", "longitude", "easting"),
    "y": ("y", "lat", "latitude", "northing"),
}
_STANDARD_NAMES = {
    "x": ("longitude", "projection_x_coordinate", "grid_longitude"),
    "y": ("latitude", "projection_y_coordinate", "grid_latitude"),
}
_UNEVEN = 0.01
"""Coordinates may be off by this much of a cell; float32 longitudes are, by 0.002."""


def find_axes(dataset: Any, label: str) -> tuple[str, str]:
    """The names of the dimensions y and x, by their names or attributes.

    Raises:
      ValueError: if there is not one of each; `label` names the data in the message.
    """
    found = {}
    for axis in ("y", "x"):
        dims = [str(dim) for dim in dataset.dims]
        fits = [dim for dim in dims if _is_axis(dataset, dim, axis)]
        if len(fits) != 1:
            raise ValueError(
                f"{label}: one dimension must be {axis}, called "
                f"{', '.join(_NAMES[axis])} or with such a standard_name; found "
                f"{', '.join(fits) or 'none'} among {', '.join(dims) or 'none'}. "
                "Rename it, or regrid what has two-dimensional coordinates."
            )
        found[axis] = fits[0]
    return found["y"], found["x"]


def _is_axis(dataset: Any, dim: str, axis: str) -> bool:
    if dim.lower() in _NAMES[axis]:
        return True
    attributes = dataset[dim].attrs if dim in dataset.coords else {}
    standard = attributes.get("standard_name")
    return standard in _STANDARD_NAMES[axis] or attributes.get("axis") == axis.upper()


def find_grid(
    dataset: Any, axes: tuple[str, str], label: str, crs: str | None
) -> RasterGrid:
    """The grid of which the coordinates are the cell centres, in rows as stored.

    Without coordinates the GDAL attribute `GeoTransform` of the grid mapping counts.

    Raises:
      ValueError: if the coordinates are missing or not evenly spaced, if there is no
        CRS, or `crs` contradicts the one there.
    """
    y, x = axes
    own = _own_crs(dataset, axes)
    if own and crs:
        a, b = (coordinate_systems.parse_crs(text) for text in (own, crs))
        if a != b:
            raise ValueError(
                f"{label} is in {own[:60]}, not in {crs[:60]}; leave crs out, "
                "it is for data that name none."
            )
    if not own and not crs:
        raise ValueError(
            f"{label} names no coordinate reference system; say which it is: "
            "crs='EPSG:4326' (degrees), for example."
        )
    height, width = dataset.sizes[y], dataset.sizes[x]
    if x in dataset.coords and y in dataset.coords:
        west, across = _even(dataset[x], label)
        north, down = _even(dataset[y], label)
        transform = (across, 0.0, west, 0.0, down, north)
        return RasterGrid(own or str(crs), transform, height, width)
    told = _spatial_reference(dataset).get("GeoTransform")
    if told is None:
        raise ValueError(
            f"{label}: {y} and {x} have no coordinates, so nothing says where the "
            "cells lie; assign those of the cell centres."
        )
    c, a, b, f, d, e = (float(v) for v in str(told).split())
    return RasterGrid(own or str(crs), (a, b, c, d, e, f), height, width)


def _even(coordinate: Any, label: str) -> tuple[float, float]:
    """Outer edge of the first cell and signed size of a cell."""
    values = coordinate.values.astype(np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise ValueError(
            f"{label}: {coordinate.name} has {len(values)} values; two cells at least "
            "are needed to know their size."
        )
    size = (values[-1] - values[0]) / (len(values) - 1)
    off = np.abs(values - (values[0] + size * np.arange(len(values))))
    if not size or not off.max() <= _UNEVEN * abs(size):
        worst = int(off.argmax()) if np.isfinite(off).all() else 0
        raise ValueError(
            f"{label}: {coordinate.name} is not evenly spaced (position {worst}, "
            f"{values[worst]:g}, is off); sort or regrid it first."
        )
    return float(values[0] - size / 2), float(size)


def _own_crs(dataset: Any, axes: tuple[str, str]) -> str | None:
    told = _spatial_reference(dataset)
    for key in ("crs_wkt", "spatial_ref"):
        if told.get(key):
            return coordinate_systems.short_crs(str(told[key]))
    if told.get("epsg_code"):
        return coordinate_systems.short_crs(str(told["epsg_code"]))
    if dataset.attrs.get("crs"):
        return coordinate_systems.short_crs(str(dataset.attrs["crs"]))
    names = {axis.lower() for axis in axes}
    standard = {dataset[axis].attrs.get("standard_name") for axis in axes}
    degrees = names <= {"lon", "long", "longitude", "lat", "latitude"}
    if not told and (degrees or standard == {"longitude", "latitude"}):
        return coordinate_systems.LONGITUDE_LATITUDE
    return None


def _spatial_reference(dataset: Any) -> dict[str, Any]:
    """Attributes of the variable that `grid_mapping` names (CF conventions)."""
    named = {
        variable.attrs.get("grid_mapping") or variable.encoding.get("grid_mapping")
        for variable in dataset.data_vars.values()
    } - {None}
    for name in (*sorted(named), "spatial_ref", "crs"):
        if name in dataset.variables:
            return dict(dataset[name].attrs)
    return {}
