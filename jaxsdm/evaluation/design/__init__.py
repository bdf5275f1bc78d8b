"""The study design of a task described: records, bias, environment, split."""

from jaxsdm.evaluation.design.bias import (
    environmental_coverage,
    novel_share,
    sampling_bias,
)
from jaxsdm.evaluation.design.figures import coverage_figure, records_map, split_map
from jaxsdm.evaluation.design.report import write_design

__all__ = [
    "coverage_figure",
    "environmental_coverage",
    "novel_share",
    "records_map",
    "sampling_bias",
    "split_map",
    "write_design",
]
