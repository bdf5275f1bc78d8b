"""Points of vector files: GeoJSON, GeoPackage, shapefile, FlatGeobuf."""

import pathlib
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsdm.data.occurrences.source import GEOMETRY, Source
from jaxsdm.data.rasters.optional import optional

SUFFIXES = (".geojson", ".json", ".gpkg", ".shp", ".fgb")

_ROWS = 2**16
_POINT, _MULTIPOINT = 0, 4  # shapely's numbers of types


def vector_source(path: pathlib.Path, layer: str | None) -> Source:
    """The attributes of a layer, and its points as the columns `GEOMETRY`.

    Args:
      path: the file, perhaps a ZIP with one.
      layer: of several.

    Raises:
      ModuleNotFoundError: pyogrio or shapely is not installed.
      ValueError: the file cannot be read, or has several layers and none is named.
    """
    pyogrio = optional("pyogrio")
    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        if layer is None and len(layers) > 1:
            raise ValueError(
                f"{path}: there are layers {', '.join(layers)}; choose one by layer=."
            )
        if layer is not None and layer not in layers:
            raise ValueError(
                f"{path}: no layer {layer!r}; there are {', '.join(layers)}."
            )
        told = pyogrio.read_info(path, layer=layer)
    except pyogrio.errors.DataSourceError as error:
        raise ValueError(f"{path}: cannot be read as a vector file: {error}") from error
    fields = tuple(map(str, told["fields"]))

    def blocks(wanted: Sequence[str]) -> Iterator[pa.Table]:
        attributes = [name for name in wanted if name not in GEOMETRY]
        with pyogrio.raw.open_arrow(
            path, layer=layer, columns=attributes, batch_size=_ROWS, use_pyarrow=True
        ) as (meta, reader):
            begun = 0
            for batch in reader:
                table = pa.Table.from_batches([batch])
                geometry = table[meta["geometry_name"] or "wkb_geometry"]
                points = _points(str(path), begun, geometry)
                for name, values in zip(GEOMETRY, points, strict=True):
                    table = table.append_column(name, pa.array(values))
                begun += len(table)
                yield table.select(list(wanted))

    return Source(str(path), (*fields, *GEOMETRY), blocks, told["crs"] or "")


def _points(
    file: str, begun: int, geometry: pa.ChunkedArray
) -> tuple[Float64[np.ndarray, " rows"], Float64[np.ndarray, " rows"]]:
    """The x and y of points; NaN where there is none."""
    shapely = optional("shapely")
    shapes = shapely.from_wkb(geometry.to_numpy())
    alone = (shapely.get_type_id(shapes) == _MULTIPOINT) & (
        shapely.get_num_geometries(shapes) == 1
    )
    shapes = np.where(alone, shapely.get_geometry(shapes, 0), shapes)
    other = ~np.isin(shapely.get_type_id(shapes), [_POINT, -1])
    if other.any():
        number = int(other.argmax())
        raise ValueError(
            f"{file}: feature {begun + number + 1} is a {shapes[number].geom_type}; "
            "occurrences are points."
        )
    shapes[shapely.is_empty(shapes)] = None  # GEOS has no x of an empty point
    return shapely.get_x(shapes), shapely.get_y(shapes)
