"""Which places a model learns from: areas, background, pseudo-absences, thinning."""

from jaxsdm.data.sampling.area import Area, BufferArea, buffer_area, inside
from jaxsdm.data.sampling.background import (
    random_background,
    record_density,
    target_group_sites,
)
from jaxsdm.data.sampling.cell_size import cell_areas
from jaxsdm.data.sampling.environment_thinning import thin_by_environment
from jaxsdm.data.sampling.pseudo_absences import (
    disk_pseudo_absences,
    environmental_pseudo_absences,
)
from jaxsdm.data.sampling.quadrature import (
    Quadrature,
    quadrature_points,
    quadrature_weights,
)
from jaxsdm.data.sampling.raster_background import background_cells
from jaxsdm.data.sampling.shape_area import ShapeArea, convex_hull_area, polygon_area
from jaxsdm.data.sampling.thinning import one_per_cell, thin_by_distance

__all__ = [
    "Area",
    "BufferArea",
    "Quadrature",
    "ShapeArea",
    "background_cells",
    "buffer_area",
    "cell_areas",
    "convex_hull_area",
    "disk_pseudo_absences",
    "environmental_pseudo_absences",
    "inside",
    "one_per_cell",
    "polygon_area",
    "quadrature_points",
    "quadrature_weights",
    "random_background",
    "record_density",
    "target_group_sites",
    "thin_by_distance",
    "thin_by_environment",
]
