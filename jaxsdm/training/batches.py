"""Which rows go into which batch: a pure function of (seed, step), made on the host.

The table of sites lives on the devices; a batch is a vector of row numbers, and the
gather happens inside the jitted step. Rows `0 .. records - 1` are sites with records,
the rows after them random background sites. -1 pads a batch to its shape.

Because batch `step` depends on nothing but the seed and the step, a run resumes in the
middle of an epoch, and a member of an ensemble sees the batches it would see alone.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Int32

_EPOCH_ORDER, _BACKGROUND_ORDER, _BOOTSTRAP = range(3)


@dataclasses.dataclass(frozen=True)
class Plan:
    """The batches of one stage.

    Attributes:
      records: sites with records in the table.
      background: background sites that follow them in the table.
      batch_size: record sites a batch; 0 takes all of them at every step.
      background_batch_size: background sites drawn for each batch (all of them where
        `batch_size` is 0 or there are no more).
      remainder: what happens at the end of an epoch: `short` keeps a last batch of
        fewer sites, as the authors of DeepMaxent do; `wrap` goes on into the next
        epoch's order, so that every batch is full.
      multiple: batches are padded to a multiple of this (the data axis of the mesh).
      used: record sites of an epoch, where a member sees a part of them only (its
        folds); 0 for all.

    Raises:
      ValueError: unknown remainder, or a negative size.
    """

    records: int
    background: int = 0
    batch_size: int = 250
    background_batch_size: int = 0
    remainder: str = "short"
    multiple: int = 1
    used: int = 0

    def __post_init__(self) -> None:
        if self.remainder not in ("short", "wrap"):
            raise ValueError(
                f"unknown remainder {self.remainder!r}; known: short, wrap."
            )
        if min(self.batch_size, self.background_batch_size) < 0 or self.records < 1:
            raise ValueError(
                f"batches: want sizes >= 0 and at least one site, got {self}."
            )

    @property
    def steps_per_epoch(self) -> int:
        """Batches that cover all record sites once."""
        if not self.batch_size:
            return 1
        return math.ceil((self.used or self.records) / self.batch_size)

    @property
    def rows(self) -> int:
        """Rows of a batch, padding included."""
        if self.batch_size:
            rows = min(self.batch_size, self.records)
            rows += min(self.background_batch_size, self.background)
        else:
            rows = self.records + self.background
        return math.ceil(rows / self.multiple) * self.multiple

    def epoch_ends(self, start: int, stop: int) -> Bool[np.ndarray, " steps"]:
        """Whether each of the steps `start .. stop - 1` is the last of its epoch."""
        return (np.arange(start, stop) + 1) % self.steps_per_epoch == 0


def batch_rows(
    plan: Plan,
    seed: int,
    start: int,
    stop: int,
    *,
    sites: Sequence[int] | np.ndarray | None = None,
    background: Sequence[int] | np.ndarray | None = None,
) -> Int32[np.ndarray, "steps rows"]:
    """Row numbers of the batches `start .. stop - 1` for one member.

    Args:
      plan: sizes.
      seed: of the member; the order of every epoch follows from it.
      start: first step.
      stop: one past the last step.
      sites: the record sites this member may use, such as those of its folds or a
        bootstrap sample (rows may repeat); all by default.
      background: the background sites it may use, from 0; all by default.

    Returns:
      `[steps, rows]`, -1 for padding.
    """
    allowed = np.arange(plan.records) if sites is None else np.asarray(sites)
    area = np.arange(plan.background) if background is None else np.asarray(background)
    out = np.full((stop - start, plan.rows), -1, np.int32)
    if not plan.batch_size:
        rows = np.concatenate([allowed, plan.records + area])
        out[:, : len(rows)] = rows
        return out
    size = min(plan.batch_size, plan.records)
    extra = min(plan.background_batch_size, len(area))
    orders: dict[int, np.ndarray] = {}

    def order(epoch: int) -> np.ndarray:
        if epoch not in orders:
            generator = _generator(seed, _EPOCH_ORDER, epoch)
            orders[epoch] = generator.permutation(allowed)
        return orders[epoch]

    for index, step in enumerate(range(start, stop)):
        if plan.remainder == "short":
            epoch, within = divmod(step, plan.steps_per_epoch)
            rows = order(epoch)[within * size : (within + 1) * size]
        else:
            positions = np.arange(step * size, (step + 1) * size)
            epochs = positions // len(allowed)
            rows = np.concatenate(
                [
                    order(epoch)[positions[epochs == epoch] % len(allowed)]
                    for epoch in np.unique(epochs)
                ]
            )
        out[index, : len(rows)] = rows
        if extra:
            generator = _generator(seed, _BACKGROUND_ORDER, step)
            drawn = generator.choice(area, extra, replace=False)
            out[index, size : size + extra] = plan.records + drawn
    return out


def bootstrap_sites(sites: np.ndarray, seed: int) -> np.ndarray:
    """A bootstrap sample of sites: as many, drawn with replacement."""
    return _generator(seed, _BOOTSTRAP, 0).choice(sites, len(sites))


def _generator(seed: int, purpose: int, index: int) -> np.random.Generator:
    return np.random.default_rng([int(seed), purpose, int(index)])
