"""The batches of one member of a network, as pipelines of patches ask for them."""

import functools
from typing import Any

import numpy as np

from jaxsdm.data.patches.order import Rows
from jaxsdm.training.batches import Plan, batch_rows

_BLOCK = 64
"""Steps made at once: each needs the whole order of its epoch."""


class MemberOrder:
    """`batch_rows` step by step: a `BatchOrder` of `jaxsdm.data.patches`.

    Args:
      plan: sizes of the batches.
      seed: of the member, which its augmentation follows too.
      allowed: `sites` and `background` of `batch_rows`.
    """

    def __init__(self, plan: Plan, seed: int, allowed: dict[str, np.ndarray]):
        self.plan, self.seed = plan, int(seed)

        def block(number: int) -> np.ndarray:
            first = number * _BLOCK
            return batch_rows(plan, self.seed, first, first + _BLOCK, **allowed)

        self._block = functools.lru_cache(maxsize=4)(block)

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self.plan.steps_per_epoch

    def rows(self, step: int, index: int = 0, count: int = 1) -> Rows:
        """The rows of a step, or the part of them that a process has.

        Args:
          step: of the stage.
          index: of the process.
          count: how many processes share the rows; a divisor of their number.
        """
        block, within = divmod(step, _BLOCK)
        share = self.plan.rows // count
        row = self._block(block)[within, index * share : (index + 1) * share]
        epoch, step_of_epoch = divmod(step, self.steps_per_epoch)
        number = step_of_epoch * self.plan.rows + index * share + np.arange(share)
        return Rows(
            epoch=epoch,
            sample=np.where(row >= 0, number, -1),
            group=np.zeros(share, np.int64),
            place=np.maximum(row, 0).astype(np.int64),
        )

    def about(self) -> dict[str, Any]:
        """What the batches depend on."""
        return {"plan": repr(self.plan), "seed": self.seed}
