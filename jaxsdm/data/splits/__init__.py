"""Folds for cross-validation: which sites test a model that has not seen them."""

from jaxsdm.data.splits.at_random import random_folds
from jaxsdm.data.splits.autocorrelation import (
    Autocorrelation,
    BlockSize,
    autocorrelation_range,
    suggest_block_size,
)
from jaxsdm.data.splits.blocks import block_numbers, spatial_blocks
from jaxsdm.data.splits.checkerboard import checkerboard, checkerboard2
from jaxsdm.data.splits.clusters import environmental_clusters, spatial_clusters
from jaxsdm.data.splits.columns import folds_by_column, folds_by_time
from jaxsdm.data.splits.dealing import deal_groups
from jaxsdm.data.splits.describe import SplitDescription, describe_split
from jaxsdm.data.splits.distance_matching import (
    DistanceMatching,
    nearest_neighbor_distance_matching,
)
from jaxsdm.data.splits.leave_one_out import buffered_leave_one_out
from jaxsdm.data.splits.matched_folds import distance_matched_folds
from jaxsdm.data.splits.nearest import distance_to_training
from jaxsdm.data.splits.split import Split, buffered

__all__ = [
    "Autocorrelation",
    "BlockSize",
    "DistanceMatching",
    "Split",
    "SplitDescription",
    "autocorrelation_range",
    "block_numbers",
    "buffered",
    "buffered_leave_one_out",
    "checkerboard",
    "checkerboard2",
    "deal_groups",
    "describe_split",
    "distance_matched_folds",
    "distance_to_training",
    "environmental_clusters",
    "folds_by_column",
    "folds_by_time",
    "nearest_neighbor_distance_matching",
    "random_folds",
    "spatial_blocks",
    "spatial_clusters",
    "suggest_block_size",
]
