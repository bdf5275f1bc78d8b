"""From occurrences and rasters to sites, splits and encoded predictors (numpy side)."""

try:
    import pandas as _pandas  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "jaxsdm.data needs pandas: pip install 'jaxsdm[data]'."
    ) from error

from jaxsdm.data.cells import CellGrid
from jaxsdm.data.collinearity import collinearity_report
from jaxsdm.data.design import Design
from jaxsdm.data.occurrences import (
    CellCounts,
    CleaningReport,
    Filter,
    Occurrences,
    SurveyMatrix,
    clean,
    count_in_cells,
    default_filters,
    filters,
    read_occurrences,
    survey_matrix,
    suspect_swapped,
    swap_coordinates,
)
from jaxsdm.data.predictor_selection import select_predictors
from jaxsdm.data.predictor_table import describe_predictors, levels_missing
from jaxsdm.data.predictors import Encoded, PredictorEncoder, check_predictors
from jaxsdm.data.quantiles import QuantileTransform
from jaxsdm.data.rasters import Band, RasterGrid, RasterStack, open_stack
from jaxsdm.data.sampling import (
    background_cells,
    buffer_area,
    cell_areas,
    convex_hull_area,
    disk_pseudo_absences,
    environmental_pseudo_absences,
    inside,
    one_per_cell,
    polygon_area,
    quadrature_points,
    quadrature_weights,
    random_background,
    record_density,
    target_group_sites,
    thin_by_distance,
    thin_by_environment,
)
from jaxsdm.data.similarity import mess
from jaxsdm.data.sites import SiteTable
from jaxsdm.data.splits import (
    Split,
    autocorrelation_range,
    buffered,
    buffered_leave_one_out,
    checkerboard,
    checkerboard2,
    deal_groups,
    describe_split,
    distance_matched_folds,
    environmental_clusters,
    folds_by_column,
    folds_by_time,
    nearest_neighbor_distance_matching,
    random_folds,
    spatial_blocks,
    spatial_clusters,
    suggest_block_size,
)
from jaxsdm.data.surface import Surface
from jaxsdm.data.tables import read_table
from jaxsdm.data.task import Grid, Task

__all__ = [
    "Band",
    "CellCounts",
    "CellGrid",
    "CleaningReport",
    "Design",
    "Encoded",
    "Filter",
    "Grid",
    "Occurrences",
    "PredictorEncoder",
    "QuantileTransform",
    "RasterGrid",
    "RasterStack",
    "SiteTable",
    "Split",
    "Surface",
    "SurveyMatrix",
    "Task",
    "autocorrelation_range",
    "background_cells",
    "buffer_area",
    "buffered",
    "buffered_leave_one_out",
    "cell_areas",
    "check_predictors",
    "checkerboard",
    "checkerboard2",
    "clean",
    "collinearity_report",
    "convex_hull_area",
    "count_in_cells",
    "deal_groups",
    "default_filters",
    "describe_predictors",
    "describe_split",
    "disk_pseudo_absences",
    "distance_matched_folds",
    "environmental_clusters",
    "environmental_pseudo_absences",
    "filters",
    "folds_by_column",
    "folds_by_time",
    "inside",
    "levels_missing",
    "mess",
    "nearest_neighbor_distance_matching",
    "one_per_cell",
    "open_stack",
    "polygon_area",
    "quadrature_points",
    "quadrature_weights",
    "random_background",
    "random_folds",
    "read_occurrences",
    "read_table",
    "record_density",
    "select_predictors",
    "spatial_blocks",
    "spatial_clusters",
    "suggest_block_size",
    "survey_matrix",
    "suspect_swapped",
    "swap_coordinates",
    "target_group_sites",
    "thin_by_distance",
    "thin_by_environment",
]
