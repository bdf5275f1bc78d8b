"""Which samples go into which batch: a pure function of (seed, step).

Nothing is stored between batches, so a run goes on in the middle of an epoch from the
number of its step alone, whatever the number of workers and processes: these take
their own rows of the same global batch.
"""

import dataclasses
import math
import threading
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Int64

_SHUFFLE, _DRAW = range(2)


class Rows(NamedTuple):
    """The samples of one batch, or of the part of it that a process has.

    Attributes:
      epoch: number of the epoch.
      sample: `[batch]` number of the sample within the epoch; -1 for padding.
      group: `[batch]` which of the mixed sets of samples, from 0.
      place: `[batch]` position in that set. Padding repeats a sample of the batch.
    """

    epoch: int
    sample: Int64[np.ndarray, " batch"]
    group: Int64[np.ndarray, " batch"]
    place: Int64[np.ndarray, " batch"]


@runtime_checkable
class BatchOrder(Protocol):
    """What a pipeline asks of an order: `Order`, or that of a training program.

    It is asked by several threads at once, and pickled for worker processes.
    """

    @property
    def seed(self) -> int:
        """Of the augmentation, from 0."""

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch."""

    def rows(self, step: int, index: int = 0, count: int = 1) -> Rows:
        """The rows of batch `step` that process `index` of `count` has.

        A pure function: the same rows whenever it is asked, the same number of them at
        every step, and those of the processes, one after the other, are those of
        `count = 1`. Padding has sample -1 and a place that exists.

        Raises:
          ValueError: if the batch cannot be split into so many equal parts.
        """

    def about(self) -> dict[str, Any]:
        """What the rows depend on, for checkpoints (JSON).

        A state whose answer differs is of other batches and refused.
        """


@dataclasses.dataclass(frozen=True, eq=False)
class Order:
    """The batches of a run; a `BatchOrder`.

    Attributes:
      sizes: places of each set of samples.
      batch_size: samples a step, over all processes.
      seed: of shuffling and drawing.
      rates: share of each set in an epoch, in relation to the others; their sizes by
        default, so that every place comes once an epoch.
      epoch_size: samples of an epoch; all places by default. A set whose share is
        smaller than it is goes on in the next epoch where it stopped, one whose share
        is larger starts again in a new order: its places always come equally often.
      shuffle: a new order in every pass through a set; otherwise that of the places.
      sampling: for each set, None or `[places]` weights for drawing with replacement.

    Raises:
      ValueError: if a number is below 1, or rates are not one positive number a set.
    """

    sizes: tuple[int, ...]
    batch_size: int
    seed: int = 0
    rates: tuple[float, ...] | None = None
    epoch_size: int | None = None
    shuffle: bool = True
    sampling: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        if min(*self.sizes, self.batch_size, self.samples) < 1:
            raise ValueError(
                f"Order: places, batch_size and epoch_size from 1, got {self.sizes}, "
                f"{self.batch_size} and {self.epoch_size}."
            )
        rates = self.rates
        if rates is not None and (
            len(rates) != len(self.sizes)
            or not all(math.isfinite(rate) and rate > 0 for rate in rates)
        ):
            raise ValueError(
                f"Order: {len(self.sizes)} rates above 0, one a set, got {rates}."
            )
        self._reset()

    @property
    def samples(self) -> int:
        """Samples of an epoch."""
        return sum(self.sizes) if self.epoch_size is None else self.epoch_size

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; the last one may have padding."""
        return math.ceil(self.samples / self.batch_size)

    @property
    def shares(self) -> tuple[int, ...]:
        """Samples of each set in an epoch: whole numbers nearest to the rates.

        What is missing to the whole goes to the largest remainders.
        """
        rates = np.asarray(self.sizes if self.rates is None else self.rates, float)
        exact = rates / rates.sum() * self.samples
        shares = np.floor(exact + 1e-9).astype(int)
        missing = self.samples - int(shares.sum())
        shares[np.argsort(shares - exact, kind="stable")[:missing]] += 1
        return tuple(shares.tolist())

    def rows(self, step: int, index: int = 0, count: int = 1) -> Rows:
        """The rows of batch `step` that process `index` of `count` has.

        The rows of the processes, one after the other, are the global batch.

        Raises:
          ValueError: if the batch cannot be split into equal parts.
        """
        if self.batch_size % count or not 0 <= index < count:
            raise ValueError(
                f"Order: a batch of {self.batch_size} for process {index} of {count}; "
                "batch_size must be a multiple of the processes."
            )
        epoch, within = divmod(step, self.steps_per_epoch)
        own = self.batch_size // count
        start = within * self.batch_size + index * own
        sample = np.arange(start, start + own)
        known = sample < self.samples
        group, place = self._epoch(epoch)
        found = np.where(known, sample, within * self.batch_size)
        return Rows(epoch, np.where(known, sample, -1), group[found], place[found])

    def about(self) -> dict[str, Any]:
        """What the rows depend on (JSON); of sampling weights, which sets have some."""
        return {
            "sizes": list(self.sizes),
            "batch_size": self.batch_size,
            "seed": self.seed,
            "shares": list(self.shares),
            "shuffle": self.shuffle,
            "drawn": [one is not None for one in self.sampling or ()],
        }

    def _epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """Set and place of every sample of an epoch."""
        with self._lock:
            if epoch not in self._epochs:
                found = self._make_epoch(epoch)
                for old in sorted(self._epochs)[:-1]:
                    del self._epochs[old]
                self._epochs[epoch] = found
            return self._epochs[epoch]

    def _make_epoch(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        shares = self.shares
        # Evenly spread: the i-th of n samples of a set stands at (i + 1/2) / n.
        when = np.concatenate([(np.arange(n) + 0.5) / n for n in shares if n])
        groups = np.repeat(np.arange(len(shares)), shares)
        order = np.argsort(when, kind="stable")
        places = np.concatenate(
            [self._drawn(group, epoch, n) for group, n in enumerate(shares)]
        )
        return groups[order], places[order]

    def _drawn(self, group: int, epoch: int, share: int) -> np.ndarray:
        """The places of a set that come in an epoch, in order."""
        size = self.sizes[group]
        weights = None if self.sampling is None else self.sampling[group]
        if weights is not None:
            heights = np.cumsum(np.asarray(weights, np.float64))
            drawn = _generator(self.seed, _DRAW, group, epoch).random(share)
            places = np.searchsorted(heights, drawn * heights[-1], side="right")
            last = np.flatnonzero(np.asarray(weights) > 0)[-1]
            return np.minimum(places, last)  # a product may round up to the end
        if not share:
            return np.empty(0, np.int64)
        start = epoch * share
        parts = []
        for turn in range(start // size, (start + share - 1) // size + 1):
            first = max(start - turn * size, 0)
            last = min(start + share - turn * size, size)
            if self.shuffle:
                whole = _generator(self.seed, _SHUFFLE, group, turn).permutation(size)
            else:
                whole = np.arange(size)
            parts.append(whole[first:last])
        return np.concatenate(parts)

    def _reset(self) -> None:
        object.__setattr__(self, "_lock", threading.Lock())
        object.__setattr__(self, "_epochs", {})

    _lock: Any = dataclasses.field(init=False, repr=False)
    _epochs: Any = dataclasses.field(init=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_lock"], state["_epochs"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._reset()


def _generator(seed: int, *coordinates: int) -> np.random.Generator:
    return np.random.default_rng([seed, *coordinates])
