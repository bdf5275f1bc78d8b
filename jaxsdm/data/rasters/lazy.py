"""Raster stacks as lazy xarray Datasets."""

from typing import Any

import numpy as np

from jaxsdm.data.rasters import coordinate_systems
from jaxsdm.data.rasters.optional import optional
from jaxsdm.data.rasters.stack import RasterStack


def to_xarray(stack: RasterStack) -> Any:
    """See `RasterStack.to_xarray`."""
    xarray = optional("xarray")
    indexing = optional("xarray.core.indexing")
    backends = optional("xarray.backends")
    grid = stack.grid

    class LazyBand(backends.BackendArray):  # type: ignore[name-defined]
        """One band, read when a window of it is asked for."""

        def __init__(self, name: str) -> None:
            self.stack = stack.select([name])
            self.shape, self.dtype = (grid.height, grid.width), np.dtype(np.float32)

        def __getitem__(self, key: Any) -> Any:
            return indexing.explicit_indexing_adapter(
                key, self.shape, indexing.IndexingSupport.OUTER, self.read
            )

        def read(self, key: tuple[Any, ...]) -> np.ndarray:
            rows, columns = (
                np.arange(n)[k] for n, k in zip(self.shape, key, strict=True)
            )
            shape = rows.shape + columns.shape
            if not rows.size or not columns.size:
                return np.empty(shape, np.float32)
            top, left = int(rows.min()), int(columns.min())
            values, _ = self.stack.read(
                top,
                left,
                int(rows.max()) - top + 1,
                int(columns.max()) - left + 1,
            )
            at = np.ix_(np.atleast_1d(rows) - top, np.atleast_1d(columns) - left)
            return values[..., 0][at].reshape(shape)

    variables = {}
    for band in stack.bands:
        attributes: dict[str, Any] = {"grid_mapping": "spatial_ref"}
        if band.categorical:
            attributes["categorical"] = 1
        if band.levels is not None:
            attributes["flag_values"] = np.asarray(band.levels, np.int32)
        lazy = indexing.LazilyIndexedArray(LazyBand(band.name))
        variables[band.name] = (("y", "x"), lazy, attributes)
    return xarray.Dataset(variables, coords=_coordinates(stack))


def _coordinates(stack: RasterStack) -> dict[str, Any]:
    a, b, c, d, e, f = stack.grid.transform
    parsed = coordinate_systems.parse_crs(stack.grid.crs)
    reference = {
        "crs_wkt": parsed.to_wkt(),
        "GeoTransform": " ".join(repr(v) for v in (c, a, b, f, d, e)),
    }
    coordinates: dict[str, Any] = {"spatial_ref": ((), np.int32(0), reference)}
    if b or d:
        return coordinates
    degrees = coordinate_systems.in_degrees(stack.grid.crs)
    x, _ = stack.grid.center(np.zeros(stack.grid.width), np.arange(stack.grid.width))
    _, y = stack.grid.center(np.arange(stack.grid.height), np.zeros(stack.grid.height))
    for axis, values in (("x", x), ("y", y)):
        projected = f"projection_{axis}_coordinate"
        kind = {"x": "longitude", "y": "latitude"}[axis] if degrees else projected
        coordinates[axis] = (
            (axis,),
            values,
            {"axis": axis.upper(), "standard_name": kind},
        )
    return coordinates
