"""Copies batches to the device ahead of the step that needs them."""

import collections
import time
from collections.abc import Iterator, Mapping
from typing import Any

import jax

from jaxsdm.data.closing import Closing
from jaxsdm.data.patches.batches import Batches


def device_prefetch(
    batches: Batches,
    *,
    ahead: int = 2,
    sharding: jax.sharding.Sharding | None = None,
) -> "DeviceBatches":
    """Batches as arrays on the device, the copies of the next ones under way.

    Args:
      batches: from `pipeline`; closed with what is returned.
      ahead: batches on their way or waiting on the device, from 1.
      sharding: of the samples, such as `NamedSharding(mesh, PartitionSpec("data"))`;
        the default device otherwise. With several processes it is needed: the batches
        of all of them are joined to one global array.

    Raises:
      ValueError: if `ahead` is below 1, or several processes have no sharding.
    """
    if ahead < 1:
        raise ValueError(f"device_prefetch: ahead from 1, got {ahead}.")
    if sharding is None and jax.process_count() > 1:
        raise ValueError("device_prefetch: several processes need a sharding.")
    return DeviceBatches(batches, ahead, sharding)


class DeviceBatches(Closing):
    """Iterator over batches on the device; its state counts what it has given out.

    Attributes:
      step: the number of the next batch.
      seconds_waited: that the caller of `next` has waited for batches, in total.
    """

    def __init__(
        self, batches: Batches, ahead: int, sharding: jax.sharding.Sharding | None
    ) -> None:
        self._batches, self._ahead, self._sharding = batches, ahead, sharding
        self._waiting: collections.deque[Any] = collections.deque()
        self.step = batches.step
        self.seconds_waited = 0.0

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""
        return self._batches.steps_per_epoch

    @property
    def epoch(self) -> int:
        """Number of the epoch that the next batch is from."""
        return self.step // self.steps_per_epoch

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        started = time.perf_counter()
        try:
            while len(self._waiting) < self._ahead:
                self._waiting.append(self._put(next(self._batches)))
        except StopIteration:
            if not self._waiting:
                raise
        finally:
            self.seconds_waited += time.perf_counter() - started
        self.step += 1
        return self._waiting.popleft()

    def get_state(self) -> dict[str, Any]:
        """Where it stands, for a checkpoint; that of `Batches` will take it too."""
        return {**self._batches.get_state(), "step": self.step}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state; see `Batches.set_state`."""
        self._batches.set_state(state)
        self._waiting.clear()
        self.step = self._batches.step

    def close(self) -> None:
        """Closes the batches."""
        self._waiting.clear()
        self._batches.close()

    def _put(self, batch: Any) -> Any:
        sharding = self._sharding
        if sharding is None or jax.process_count() == 1:
            return jax.device_put(batch, sharding)  # all its arrays in one call
        return jax.tree.map(
            lambda one: jax.make_array_from_process_local_data(sharding, one), batch
        )
