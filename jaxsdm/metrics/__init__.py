"""Metrics: scores and labels in, one value per species for the whole data set out.

Every metric takes `(scores [sites, species], labels [sites, species], *, where=None)`
and gives `[species]`: NaN labels are missing, and what is undefined (one class only,
constant scores) is NaN, never a guess. `build(name)` gives the same metric as
`Metric(init, update, merge, compute)` for data that come in batches.

    >>> import numpy as np
    >>> from jaxsdm.metrics import roc_auc
    >>> roc_auc(np.array([[0.9], [0.4], [0.4]]), np.array([[1], [1], [0]]))
    array([0.75])
"""

from jaxsdm.metrics.auc import roc_auc
from jaxsdm.metrics.boyce import boyce
from jaxsdm.metrics.correlation import correlation, pearson, spearman
from jaxsdm.metrics.metric import Metric, exact
from jaxsdm.metrics.precision_recall import average_precision, prg_auc
from jaxsdm.metrics.thresholds import Cuts, cuts, max_tss, max_tss_threshold

BY_NAME = {
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "prg_auc": prg_auc,
    "correlation": correlation,
    "max_tss": max_tss,
    "boyce": boyce,
}

__all__ = [
    "BY_NAME",
    "Cuts",
    "Metric",
    "average_precision",
    "boyce",
    "build",
    "correlation",
    "cuts",
    "exact",
    "max_tss",
    "max_tss_threshold",
    "pearson",
    "prg_auc",
    "roc_auc",
    "spearman",
]


def build(name: str) -> Metric:
    """Metric of that name, exact over all the data it is given.

    Raises:
      ValueError: on a name not in `BY_NAME`, with the known ones.
    """
    if name not in BY_NAME:
        raise ValueError(f"unknown metric {name!r}; known: {', '.join(BY_NAME)}.")
    return exact(BY_NAME[name])
