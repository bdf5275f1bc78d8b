"""The batches of all members of a network in one pipeline of patches."""

from collections.abc import Sequence
from typing import Any

from jaxsdm.data.patches.batch import BatchMaker


class MemberBatches:
    """From the number of a step to the batches of all members, as `Batches` runs it.

    One pipeline for all keeps as few threads busy as one for a single member would.
    Targets and weights are left out: a step finds those in its table.

    Args:
      makers: of the batches of each member.
    """

    together = 1

    def __init__(self, makers: Sequence[BatchMaker]) -> None:
        self._makers = tuple(makers)

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self._makers[0].steps_per_epoch

    def about(self) -> dict[str, Any]:
        """What the batches depend on, but for their arrays."""
        return {str(i): maker.about() for i, maker in enumerate(self._makers)}

    def __call__(self, step: int) -> tuple[dict[str, Any], ...]:
        """`{"inputs", "id"}` of a step for each member."""
        batches = [maker(step) for maker in self._makers]
        return tuple({"inputs": one["inputs"], "id": one["id"]} for one in batches)

    def wait(self) -> None:
        """Returns when no thread is at work on a batch."""
        for maker in self._makers:
            maker.wait()
