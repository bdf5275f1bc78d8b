"""The metric contract: four pure functions that give one value for a whole data set.

A metric is `Metric(init, update, merge, compute)`. `init()` gives an empty state,
`update(state, scores, labels, where=None)` takes a batch in, `merge(one, other)` joins
the states of two batches, devices or processes, and `compute(state)` gives the value.
Any split of the data into any number of states gives the value of the whole: the mean
of AUCs per batch is not an AUC and cannot be expressed here.

`exact` turns a function of all scores into such a metric by keeping every score on the
host. Metrics of bounded memory (`sums.py`, `streaming_auc.py`) have the same four
functions and a state of integers that is merged by adding.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from jaxsdm.metrics.columns import checked_where

State = tuple[Any, ...]


class Metric(NamedTuple):
    """Four pure functions; see the module for what each takes and gives."""

    init: Callable[..., Any]
    update: Callable[..., Any]
    merge: Callable[[Any, Any], Any]
    compute: Callable[[Any], Any]


def exact(function: Callable[..., Any]) -> Metric:
    """Metric that keeps every score and calls `function` on all of them.

    Args:
      function: `(scores [sites, species], labels [sites, species], where=[sites,
        species]) -> [species]`, such as `jaxsdm.metrics.roc_auc`; its value must not
        depend on the order of the sites. It gets `weights=[sites]` where the batches
        came with them.

    Returns:
      A `Metric` whose state is a tuple of batches on the host (memory grows with the
      data). `update` raises ValueError when the number of species changes, `compute`
      when there was no batch.
    """

    def init() -> State:
        return ()

    def update(
        state: State, scores: Any, labels: Any, where: Any = None, weights: Any = None
    ) -> State:
        batch = tuple(
            np.array(part) for part in (scores, labels, np.ones(np.shape(labels), bool))
        )
        if where is not None:
            batch = (*batch[:2], checked_where(where, ()).copy())
        if weights is not None:
            batch = (*batch, np.array(weights))
        return merge(state, (batch,))

    def merge(one: State, other: State) -> State:
        widths = {batch[0].shape[1:] for batch in (*one, *other)}
        if len(widths) > 1:
            raise ValueError(
                "metric: every batch needs the same species, got batches of widths "
                f"{sorted(widths)}."
            )
        if len({len(batch) for batch in (*one, *other)}) > 1:
            raise ValueError("metric: give weights with every batch or with none.")
        return (*one, *other)

    def compute(state: State) -> Any:
        if not state:
            raise ValueError("metric: compute was called before any update.")
        scores, labels, where, *weights = (
            np.concatenate(part) for part in zip(*state, strict=True)
        )
        if weights:
            return function(scores, labels, where=where, weights=weights[0])
        return function(scores, labels, where=where)

    return Metric(init, update, merge, compute)
