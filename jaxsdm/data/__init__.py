"""From occurrence tables to sites, splits and encoded predictors (numpy side)."""

try:
    import pandas as _pandas  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "jaxsdm.data needs pandas: pip install 'jaxsdm[data]'."
    ) from error

from jaxsdm.data.background import (
    random_background,
    record_density,
    target_group_sites,
)
from jaxsdm.data.cells import CellGrid
from jaxsdm.data.predictors import Encoded, PredictorEncoder, check_predictors
from jaxsdm.data.rasters import Band, RasterGrid, RasterStack, open_stack
from jaxsdm.data.sites import SiteTable
from jaxsdm.data.splits import random_folds, spatial_blocks
from jaxsdm.data.tables import read_table
from jaxsdm.data.task import Grid, Task
from jaxsdm.data.thinning import one_per_cell

__all__ = [
    "Band",
    "CellGrid",
    "Encoded",
    "Grid",
    "PredictorEncoder",
    "RasterGrid",
    "RasterStack",
    "SiteTable",
    "Task",
    "check_predictors",
    "one_per_cell",
    "open_stack",
    "random_background",
    "random_folds",
    "read_table",
    "record_density",
    "spatial_blocks",
    "target_group_sites",
]
