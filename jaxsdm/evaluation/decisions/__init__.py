"""Species sets from files of predictions, and all rules compared on labelled places.

`read_tables` reads probabilities, scores or labels in any of the usual layouts,
`arrange` joins them and divides the labelled places into those of calibration and of
test, `decide` gives sets that `write_sets` writes, `compare_rules` is the comparison.
"""

from jaxsdm.evaluation.decisions.arranging import Arranged, arrange
from jaxsdm.evaluation.decisions.calibrating import CALIBRATIONS, calibrated
from jaxsdm.evaluation.decisions.comparing import (
    Fold,
    compare_rules,
    expected_scores,
    mean_of_parts,
    realised_scores,
)
from jaxsdm.evaluation.decisions.deciding import Sets, decide, fitted_rule
from jaxsdm.evaluation.decisions.reading import PlaceTable, read_tables
from jaxsdm.evaluation.decisions.reporting import rules_figure, rules_markdown
from jaxsdm.evaluation.decisions.splitting import share_of_blocks, square_blocks
from jaxsdm.evaluation.decisions.writing import write_sets

__all__ = [
    "CALIBRATIONS",
    "Arranged",
    "Fold",
    "PlaceTable",
    "Sets",
    "arrange",
    "calibrated",
    "compare_rules",
    "decide",
    "expected_scores",
    "fitted_rule",
    "mean_of_parts",
    "read_tables",
    "realised_scores",
    "rules_figure",
    "rules_markdown",
    "share_of_blocks",
    "square_blocks",
    "write_sets",
]
