"""Occurrences: reading them from any file, cleaning them by counted filters."""

from jaxsdm.data.occurrences import filters
from jaxsdm.data.occurrences.cells import CellCounts, count_in_cells
from jaxsdm.data.occurrences.cleaning import clean, default_filters
from jaxsdm.data.occurrences.columns import ALIASES
from jaxsdm.data.occurrences.filter import Filter
from jaxsdm.data.occurrences.occurrences import KINDS, Occurrences
from jaxsdm.data.occurrences.reading import read_occurrences
from jaxsdm.data.occurrences.report import CleaningReport, Step
from jaxsdm.data.occurrences.surveys import SurveyMatrix, survey_matrix
from jaxsdm.data.occurrences.swapped import suspect_swapped, swap_coordinates

__all__ = [
    "ALIASES",
    "KINDS",
    "CellCounts",
    "CleaningReport",
    "Filter",
    "Occurrences",
    "Step",
    "SurveyMatrix",
    "clean",
    "count_in_cells",
    "default_filters",
    "filters",
    "read_occurrences",
    "survey_matrix",
    "suspect_swapped",
    "swap_coordinates",
]
