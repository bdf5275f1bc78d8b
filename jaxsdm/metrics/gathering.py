"""States of several devices or processes as one.

A metric of sums is merged over the devices of a mesh by `merge_over` inside `jit`. Over
processes any metric is, those that keep every score included, by `gather_and_merge` on
the host. The mean of values of devices is never taken.
"""

import pickle
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from jaxsdm.metrics.metric import Metric


def merge_over(state: Any, axis_name: str | tuple[str, ...]) -> Any:
    """State of all shards of a mapped axis, of a metric whose merge is adding.

    Args:
      state: of this shard, inside `shard_map`, `pmap` or `vmap`; integers.
      axis_name: the mapped axis or axes that the places are sharded over.

    Returns:
      The same on every shard.

    Raises:
      TypeError: the state holds what does not add exactly.
    """
    kinds = {x.dtype for x in jax.tree.leaves(state)}
    wrong = [str(kind) for kind in kinds if not np.issubdtype(kind, np.integer)]
    if wrong:
        raise TypeError(
            f"merge_over: want a state of integers, got {', '.join(wrong)}; metrics "
            "that keep scores are merged by gather_and_merge."
        )
    return jax.tree.map(lambda x: jax.lax.psum(x, axis_name), state)


def gather_and_merge(metric: Metric, state: Any) -> Any:
    """State of all processes, on each of them.

    Every process must call it. States may differ in size, as those of exact metrics do;
    they travel as bytes between the processes of this program.

    Args:
      metric: whose state it is.
      state: of this process, outside `jit`.
    """
    if jax.process_count() == 1:
        return state
    own = np.frombuffer(pickle.dumps(jax.tree.map(np.asarray, state)), np.uint8)
    sizes = np.asarray(
        multihost_utils.process_allgather(np.asarray([own.size], np.int32))
    )
    padded = np.zeros(sizes.max(), np.uint8)
    padded[: own.size] = own
    rows = np.asarray(multihost_utils.process_allgather(padded))
    merged = metric.init()
    for row, size in zip(rows, sizes.ravel(), strict=True):
        merged = metric.merge(merged, pickle.loads(row[:size].tobytes()))
    return merged
