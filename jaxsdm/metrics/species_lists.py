"""How often a record is on the list of its place: top-K and average-K accuracy.

Every record is one trial. A list is the K best species of a place (top-K), or all
species above one cut of all places' scores that lets K through on average (average-K).
`micro` is the share of records, `macro` the mean of the shares of the species that have
a record, so that rare species count as much as common ones.

Ties go against the model: of species that share the K-th rank, none is listed beyond K.

References:
  Garcin et al. 2021, Pl@ntNet-300K (macro top-K and average-K accuracy); Denis &
  Hebiri 2017, doi:10.1080/10485252.2016.1237635 (average-K sets).
"""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxsdm.metrics.columns import checked_where, traced_where
from jaxsdm.metrics.defined import mean_defined
from jaxsdm.metrics.exact_sum import exact_sum, value
from jaxsdm.metrics.metric import Metric
from jaxsdm.metrics.sums import joined, sums_metric
from jaxsdm.ops import top_k


class ListAccuracy(NamedTuple):
    """Of lists of one length.

    Attributes:
      micro: share of the records on the list of their place; NaN without a record.
      macro: mean over species with a record of that share.
      of_species: `[species]` the share, NaN for species without a record.
      mean_size: species a list.
      records: how many there are.
    """

    micro: float
    macro: float
    of_species: Float[np.ndarray, " species"]
    mean_size: float
    records: float


def top_k_accuracy(
    scores: ArrayLike,
    counts: ArrayLike,
    *,
    k: int,
    where: ArrayLike | None = None,
) -> ListAccuracy:
    """Accuracy of the list of the k best species of each place.

    Args:
      scores: `[places, species]`, higher is better; compared within a place.
      counts: `[places, species]` records, at least 0; NaN not looked for.
      k: from 1 to the number of species; a place with k species or fewer lists all.
      where: `[places, species]`, False takes an entry out of the list and the records.

    Raises:
      ValueError: on unequal shapes, a score that is NaN, a negative count, or a wrong
        k.
    """
    metric = top_k_accuracy_metric(k=k)
    return metric.compute(metric.update(metric.init(), scores, counts, where))


def average_k_accuracy(
    scores: ArrayLike,
    counts: ArrayLike,
    *,
    k: int | None = None,
    cut: float | None = None,
    where: ArrayLike | None = None,
) -> ListAccuracy:
    """Accuracy of the lists of all species whose score is above one cut.

    Args:
      scores: `[places, species]`, comparable between species and between places.
      counts: `[places, species]` records, at least 0; NaN not looked for.
      k: mean length of the lists, the cut being that of these scores
        (`average_k_cut`).
      cut: a cut that was found on other places, instead.
      where: `[places, species]`, False takes an entry out of the list and the records.

    Raises:
      ValueError: as `top_k_accuracy`, or neither or both of k and cut.
    """
    if (k is None) == (cut is None):
        raise ValueError(f"average_k_accuracy: want k or cut, got {k} and {cut}.")
    if cut is None:
        assert k is not None
        cleaned, _, kept = _read(scores, counts, where)
        cut = average_k_cut(cleaned, k=k, where=kept)
    metric = average_k_accuracy_metric(cut=cut)
    return metric.compute(metric.update(metric.init(), scores, counts, where))


def average_k_cut(
    scores: ArrayLike, *, k: int, where: ArrayLike | None = None
) -> float:
    """Cut that lets k species a place through on average: those above it are listed.

    With n places that have an entry it is the (n k + 1)-th largest score, so that at
    most n k are above; found by selection, without a sort.

    Returns:
      -inf where there are n k scores or fewer.

    Raises:
      ValueError: on unequal shapes, or k below 1.
    """
    table = np.asarray(scores)
    kept = checked_where(where, table.shape)
    if table.ndim != 2 or table.shape != kept.shape or k < 1:
        raise ValueError(
            "average_k_cut: want scores and where of one shape [places, species] and "
            f"k >= 1, got {table.shape}, {kept.shape} and k={k}."
        )
    through = int(kept.any(axis=1).sum()) * k
    flat = table[kept]
    if through >= flat.size:
        return float("-inf")
    last = flat.size - 1 - through
    return float(np.partition(flat, last)[last])


def top_k_accuracy_metric(*, k: int) -> Metric:
    """`top_k_accuracy` as a metric of sums."""
    if k < 1:
        raise ValueError(f"top_k_accuracy: want k >= 1, got {k}.")
    return _metric(functools.partial(_among_k_best, k=k))


def average_k_accuracy_metric(*, cut: float) -> Metric:
    """`average_k_accuracy` at a cut as a metric of sums."""

    def above(xp: Any, scores: Any) -> Any:
        return scores > cut

    return _metric(above)


def _metric(listed: Any) -> Metric:
    adding = sums_metric(lambda _: (), _accuracy)

    def update(state, scores, counts, where=None):
        traced = any(isinstance(x, jax.core.Tracer) for x in (scores, counts, where))
        xp: Any = jnp if traced else np
        read = _read_traced if traced else _read
        table, records, kept = read(scores, counts, where)
        table = xp.where(kept, table, -xp.inf)
        hit = kept & listed(xp, table)
        whole = xp.result_type(int)
        added = {
            "right": exact_sum(records * hit, xp),
            "records": exact_sum(records, xp),
            "listed": exact_sum(xp.sum(hit, axis=1, dtype=whole), xp),
            "places": xp.sum(kept.any(axis=1), dtype=whole),
        }
        return joined(state, added, xp)

    def init(species: int | None = None) -> Any:
        if species is None:
            return ()
        nothing = np.zeros((0, species))
        return update((), nothing, nothing)

    return adding._replace(init=init, update=update)


def _among_k_best(xp: Any, scores: Any, k: int) -> Any:
    if k >= scores.shape[1]:
        return xp.ones(scores.shape, bool)
    if xp is jnp:
        return scores > top_k(scores, k + 1)[0][:, -1:]
    last = scores.shape[1] - 1 - k
    return scores > np.partition(scores, last, axis=1)[:, last, None]


def _read(scores: Any, counts: Any, where: Any) -> tuple[Any, Any, Any]:
    table, records = np.asarray(scores), np.asarray(counts)
    kept = checked_where(where, records.shape)
    _check_shapes(table, records, kept)
    records = records.astype(np.float64)
    kept = kept & ~np.isnan(records)
    records = np.where(kept, records, 0)
    wrong = (kept & np.isnan(table)).sum(), (records < 0).sum()
    if any(wrong):
        raise ValueError(
            "list accuracy: want scores without NaN and counts from 0 on, got "
            f"{wrong[0]} scores that are NaN and {wrong[1]} negative counts."
        )
    return table.astype(np.float64), records, kept


def _read_traced(scores: Any, counts: Any, where: Any) -> tuple[Any, Any, Any]:
    table, records = jnp.asarray(scores), jnp.asarray(counts)
    kept = traced_where(where, records.shape)
    _check_shapes(table, records, kept)
    kept = kept & (records >= 0)  # NaN is not.
    table = table.astype(jnp.promote_types(table.dtype, jnp.float32))
    # A NaN is never listed, and never in the way.
    table = jnp.where(jnp.isnan(table), -jnp.inf, table)
    return table, jnp.where(kept, records, 0), kept


def _check_shapes(table: Any, records: Any, kept: Any) -> None:
    if table.ndim != 2 or not table.shape == records.shape == kept.shape:
        raise ValueError(
            "list accuracy: want scores, counts and where of one shape [places, "
            f"species], got {table.shape}, {records.shape} and {kept.shape}."
        )


def _accuracy(state: dict[str, Any]) -> ListAccuracy:
    right, records = value(state["right"]), value(state["records"])
    total, places = float(records.sum()), int(state["places"])
    share = right / np.where(records > 0, records, np.nan)
    nan = float("nan")
    return ListAccuracy(
        float(right.sum()) / total if total else nan,
        mean_defined(share).mean,
        share,
        float(value(state["listed"])) / places if places else nan,
        total,
    )
