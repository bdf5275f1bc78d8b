"""Evaluation: tasks and scores in; tables, comparison with the truth, figures, report.

`write_evaluation` does it all into a run folder; every part can be used alone. Scores
are `{task name: {survey name: [sites, species of that survey]}}`, log relative
suitability. Figures need the extra `figures`, which is imported when one is drawn.
"""

from jaxsdm.evaluation.console import summary_table
from jaxsdm.evaluation.curves import auc_against_records, roc_curves
from jaxsdm.evaluation.lists import list_accuracy
from jaxsdm.evaluation.maps import suitability_map, suitability_page
from jaxsdm.evaluation.report import write_report
from jaxsdm.evaluation.summary import summarise
from jaxsdm.evaluation.tables import (
    METRICS,
    Scores,
    predictions_table,
    species_table,
)
from jaxsdm.evaluation.truth import cloglog, shift_to_prevalence, truth_table
from jaxsdm.evaluation.write import species_for_maps, write_evaluation

__all__ = [
    "METRICS",
    "Scores",
    "auc_against_records",
    "cloglog",
    "list_accuracy",
    "predictions_table",
    "roc_curves",
    "shift_to_prevalence",
    "species_for_maps",
    "species_table",
    "suitability_map",
    "suitability_page",
    "summarise",
    "summary_table",
    "truth_table",
    "write_evaluation",
    "write_report",
]
