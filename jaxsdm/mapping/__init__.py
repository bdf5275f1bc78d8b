"""Maps: a trained model over rasters of any size, as one GeoTIFF a species.

`map_run` maps a run folder; `write_maps` maps what any function says of site tables.
"""

from jaxsdm.mapping.area import raster_opener
from jaxsdm.mapping.file_names import file_names
from jaxsdm.mapping.outputs import OUTPUTS, SCALES, scale_of
from jaxsdm.mapping.runs import map_run
from jaxsdm.mapping.statistics import omission_thresholds
from jaxsdm.mapping.writing import Maps, write_maps

__all__ = [
    "OUTPUTS",
    "SCALES",
    "Maps",
    "file_names",
    "map_run",
    "omission_thresholds",
    "raster_opener",
    "scale_of",
    "write_maps",
]
