"""Metrics whose state is a pytree of integer sums: merging is adding.

Such a metric is two functions: `sums(batch)` gives the sums of one batch and
`value(state)` the metric from the sums of all. The state holds integers and `ExactSum`s
only, so any split gives exactly the value of the whole, and `jax.lax.psum` of a state
is the state of all devices. `update` works on arrays (float64, host) and inside `jit`,
`vmap`, `scan` and `shard_map` (JAX's default float, each term rounded as the device
does); `compute` works on the host.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxsdm.metrics.columns import checked, checked_weights, checked_where, traced_where
from jaxsdm.metrics.exact_sum import ExactSum, carried, exact_sum
from jaxsdm.metrics.metric import Metric


class Batch(NamedTuple):
    """Predictions and labels of some places, cleaned.

    Attributes:
      xp: numpy on the host, jax.numpy inside `jit`.
      prediction: `[places, species]`, 0 where it does not count.
      present: `[places, species]` bool, False where it does not count.
      kept: `[places, species]` bool, the entries that count.
      weights: `[places]` floats, or None where all places weigh 1.
      epsilon: of the type in which predictions came.
    """

    xp: ModuleType
    prediction: Any
    present: Any
    kept: Any
    weights: Any
    epsilon: float

    def weight_of(self, mask: Any) -> ExactSum:
        """Weight of the places where `mask [places, ...]` is true."""
        if self.weights is None:
            return exact_sum(mask, self.xp)
        shape = (-1,) + (1,) * (mask.ndim - 1)
        weights = self.weights.reshape(shape)
        return exact_sum(self.xp.where(mask, weights, 0), self.xp)

    def total(self, terms: Any) -> ExactSum:
        """Weighted sum of `terms [places, ...]` over places."""
        if self.weights is not None:
            terms = terms * self.weights.reshape((-1,) + (1,) * (terms.ndim - 1))
        return exact_sum(terms, self.xp)


def read(
    prediction: ArrayLike,
    labels: ArrayLike,
    where: ArrayLike | None,
    weights: ArrayLike | None,
) -> Batch:
    """Batch of the host or of a trace.

    Raises:
      ValueError: unequal shapes; on the host also labels other than 0, 1 and NaN, or
        weights that are not finite and >= 0. Inside `jit` any label above 0 is a
        presence.
    """
    if any(
        isinstance(x, jax.core.Tracer) for x in (prediction, labels, where, weights)
    ):
        return _traced(prediction, labels, where, weights)
    table, present, kept = checked(prediction, labels, where)
    clean = np.where(kept, table, 0).astype(np.float64)
    scale = None if weights is None else checked_weights(weights, len(table))
    return Batch(np, clean, present & kept, kept, scale, _epsilon(table.dtype))


def _traced(prediction, labels, where, weights) -> Batch:
    table, truth = jnp.asarray(prediction), jnp.asarray(labels)
    kept = traced_where(where, truth.shape)
    if table.ndim != 2 or not table.shape == truth.shape == kept.shape:
        raise ValueError(
            "metrics: want predictions, labels and where of one shape [places, "
            f"species], got {table.shape}, {truth.shape} and {kept.shape}."
        )
    kept = kept & ((truth > 0) | (truth <= 0))  # NaN is neither.
    real = jnp.result_type(float)
    scale = None if weights is None else jnp.asarray(weights).astype(real)
    if scale is not None and scale.shape != table.shape[:1]:
        raise ValueError(
            f"metrics: want weights [places] = {table.shape[:1]}, got {scale.shape}."
        )
    epsilon = _epsilon(table.dtype if jnp.finfo(real).bits < 64 else real)
    clean = jnp.where(kept, table, 0).astype(real)
    return Batch(jnp, clean, kept & (truth > 0), kept, scale, epsilon)


def _epsilon(dtype: Any) -> float:
    kind = dtype if jnp.issubdtype(dtype, jnp.floating) else np.float64
    return float(jnp.finfo(kind).eps)


def sums_metric(sums: Callable[[Batch], Any], value: Callable[[Any], Any]) -> Metric:
    """Metric from the sums of a batch and the value of sums.

    Args:
      sums: of a `Batch`: a pytree of integers and `ExactSum`s, shapes without places.
      value: of such a pytree, with arrays of the host.

    Returns:
      `init()` gives an empty state, `init(species)` one of zeros with the shapes of
      later ones, as `jax.lax.scan` wants. `update` takes `where` and `weights
      [places]`. `compute` raises ValueError before any update.
    """

    def update(
        state: Any,
        prediction: Any,
        labels: Any,
        where: Any = None,
        weights: Any = None,
    ) -> Any:
        batch = read(prediction, labels, where, weights)
        return joined(state, sums(batch), batch.xp)

    def init(species: int | None = None) -> Any:
        if species is None:
            return ()
        nothing = np.zeros((0, species))
        return update((), nothing, nothing)

    def compute(state: Any) -> Any:
        if _empty(state):
            raise ValueError("metric: compute was called before any update.")
        return value(jax.tree.map(lambda x: np.asarray(x, np.int64), state))

    return Metric(init, update, merged, compute)


def mask_metric(sums: Callable[[Batch], Any], value: Callable[[Any], Any]) -> Metric:
    """`sums_metric` of a mask of species sets, which is checked to be one."""
    metric = sums_metric(sums, value)

    def update(
        state: Any, mask: Any, labels: Any, where: Any = None, weights: Any = None
    ) -> Any:
        return metric.update(state, checked_mask(mask, where), labels, where, weights)

    return metric._replace(update=update)


def checked_mask(mask: Any, where: Any) -> Any:
    """The mask itself; inside `jit` every number above 1/2 is taken for predicted.

    Raises:
      ValueError: it holds other numbers than 0 and 1, where it counts.
    """
    if isinstance(mask, jax.core.Tracer) or isinstance(where, jax.core.Tracer):
        return mask
    table = np.asarray(mask)
    wrong = (table != 0) & (table != 1)
    if where is not None and np.shape(where) == table.shape:
        wrong = wrong & checked_where(where, table.shape)
    if wrong.any():
        raise ValueError(
            f"metrics: want a mask of 0 and 1, got {table[wrong][0]} and "
            f"{wrong.sum()} such entries; cut probabilities first."
        )
    return table


def joined(state: Any, added: Any, xp: ModuleType) -> Any:
    """State with the sums of a batch, limbs carried so that they cannot overflow."""
    return jax.tree.map(
        lambda x: carried(x, xp) if isinstance(x, ExactSum) else x,
        merged(state, added),
        is_leaf=lambda x: isinstance(x, ExactSum),
    )


def merged(one: Any, other: Any) -> Any:
    """Sum of two states.

    Raises:
      ValueError: they are of other species.
    """
    if _empty(one) or _empty(other):
        return other if _empty(one) else one
    shapes = [[np.shape(x) for x in jax.tree.leaves(s)] for s in (one, other)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "metric: every batch needs the same species, got states of shapes "
            f"{shapes[0]} and {shapes[1]}."
        )
    return jax.tree.map(lambda x, y: x + y, one, other)


def whole(
    metric: Metric,
    prediction: ArrayLike,
    labels: ArrayLike,
    where: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Any:
    """Value of a metric of sums for data that are all there."""
    batch = metric.update(metric.init(), prediction, labels, where, weights)
    return metric.compute(batch)


def _empty(state: Any) -> bool:
    return type(state) is tuple and not state
