"""Several processes that train one model: who writes, and how they agree.

Every process runs the same program, so what depends on a clock or on a signal must be
agreed on before it steers anything. With one process all of this is free.
"""

from collections.abc import Sequence

import jax
import numpy as np
from jax.experimental import multihost_utils
from jaxtyping import Int


def is_first() -> bool:
    """Whether this process writes what is written once."""
    return jax.process_index() == 0


def wait(name: str) -> None:
    """Returns when all processes have come here; `name` must differ between places."""
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(name)


def gather(values: Sequence[int]) -> Int[np.ndarray, "processes values"]:
    """What every process passed, the first process first, on all of them."""
    own = np.asarray(values, np.int32)
    if jax.process_count() == 1:
        return own[None]
    return np.asarray(multihost_utils.process_allgather(own))
