"""How good lists of species are: whether a record is on the list of its place.

Every record is one trial. A list is the K best species of a place (top-K), or all above
one cut of all places' probabilities that lets K through on average (average-K).
Micro: the share of records; macro: the mean of the shares of the species that have a
record, so that rare species count as much as common ones.

References:
  Garcin et al. 2021, Pl@ntNet-300K (macro top-K and average-K accuracy); Denis and
  Hebiri 2017, doi:10.1080/10485252.2016.1237635 (average-K sets).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float

from jaxsdm import metrics
from jaxsdm.training import MemberScores

_KS = (1, 5, 10, 20)


def list_accuracy(
    log_probabilities: Float[np.ndarray, "sites species"],
    counts: Float[np.ndarray, "sites species"],
    ks: Sequence[int] = _KS,
    set_scores: Float[np.ndarray, "sites species"] | None = None,
) -> pd.DataFrame:
    """Accuracy of lists of several lengths.

    Args:
      log_probabilities: comparable between species and between sites. Of species that
        share the K-th place none counts as listed beyond K: ties go against the model.
      counts: records of each species at each site, `>= 0`.
      ks: lengths; those from the number of species on are left out.
      set_scores: what the average-K lists are cut by, where a model has other scores
        for them; `log_probabilities` by default.

    Returns:
      One row a K: `k`, `micro_top_k`, `macro_top_k`, `micro_average_k`,
      `macro_average_k`, `mean_size` (of the average-K lists), `records`, `species`
      (with a record).

    Raises:
      ValueError: shapes do not agree, or there is no record.
    """
    cut_scores = log_probabilities if set_scores is None else set_scores
    shapes = {x.shape for x in (log_probabilities, cut_scores, counts)}
    if len(shapes) > 1 or not counts.sum() > 0:
        raise ValueError(
            "list_accuracy: want scores and counts of one shape and a record at least, "
            f"got {log_probabilities.shape}, {counts.shape} and {counts.sum():g} "
            "records."
        )
    rows = []
    for k in ks:
        if k >= counts.shape[1]:
            continue
        top_k = metrics.top_k_accuracy(log_probabilities, counts, k=k)
        average_k = metrics.average_k_accuracy(cut_scores, counts, k=k)
        rows.append(
            {
                "k": k,
                "micro_top_k": float(top_k.micro),
                "macro_top_k": float(top_k.macro),
                "micro_average_k": float(average_k.micro),
                "macro_average_k": float(average_k.macro),
                "mean_size": float(average_k.mean_size),
                "records": int(top_k.records),
                "species": int((counts.sum(0) > 0).sum()),
            }
        )
    return pd.DataFrame(rows)


def member_lists(
    scores: MemberScores, counts: Float[np.ndarray, "sites species"]
) -> pd.DataFrame:
    """`list_accuracy` of each member: its softmax ranks, its second head gives sets.

    Args:
      scores: of `training.load_members`.
      counts: `[sites, species]` records, `>= 0`.

    Returns:
      One row a member and K, with a first column `member`, from 0.
    """
    tables = []
    for member, logits in enumerate(scores.logits):
        sets = None if scores.set_logits is None else scores.set_logits[member]
        table = list_accuracy(log_softmax(logits), counts, set_scores=sets)
        table.insert(0, "member", member)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def log_softmax(
    logits: Float[np.ndarray, "sites species"],
) -> Float[np.ndarray, "sites species"]:
    """Log probabilities over species, in float64, from logits."""
    centred = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return centred - np.log(np.exp(centred).sum(axis=1, keepdims=True))
