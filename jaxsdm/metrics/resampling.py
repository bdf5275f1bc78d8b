"""Resamples of places, or of whole blocks of places.

Places close to each other are alike: an interval from resampled places is then too
narrow, and one from resampled spatial blocks (a cluster bootstrap) is not.
"""

from collections.abc import Iterator

import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Bool, Int


class Resamples:
    """Draws with replacement of as many blocks as there are, the same for one seed.

    Attributes:
      block: `[places]` number of the block of each place.
      blocks: how many there are.
    """

    def __init__(
        self, places: int, blocks: ArrayLike | None, resamples: int, seed: int
    ):
        """Blocks of places; every place is its own by default.

        Raises:
          ValueError: no place, no resample, or ids of another shape than `[places]` or
        NaN.
        """
        ids = np.arange(places) if blocks is None else np.asarray(blocks)
        if not places or resamples < 1 or ids.shape != (places,):
            raise ValueError(
                "bootstrap: want a place, a resample and blocks [places], got "
                f"{places} places, {resamples} resamples and blocks {ids.shape}."
            )
        missing = np.not_equal(ids, ids)  # NaN and NaT are not themselves.
        if missing.any():
            raise ValueError(
                f"bootstrap: want a block of every place, got NaN at {missing.sum()} "
                f"places, the first of them {np.argmax(missing)}."
            )
        _, self.block = np.unique(ids, return_inverse=True)
        self.blocks = int(self.block.max()) + 1
        self._resamples, self._seed = resamples, seed

    def __len__(self) -> int:
        return self._resamples

    def of_blocks(self, counts: Bool[np.ndarray, "places ..."]) -> np.ndarray:
        """How many blocks have a place that counts."""
        there = np.zeros((self.blocks, *counts.shape[1:]), bool)
        np.logical_or.at(there, self.block, counts)
        return np.asarray(there.sum(axis=0))

    def times(self) -> Iterator[Int[np.ndarray, " blocks"]]:
        """How often each block is drawn, of one resample after the other."""
        rng = np.random.default_rng(self._seed)
        for _ in range(self._resamples):
            drawn = rng.integers(self.blocks, size=self.blocks)
            yield np.bincount(drawn, minlength=self.blocks)

    def places(self) -> Iterator[Int[np.ndarray, " drawn"]]:
        """The places drawn, of one resample after the other."""
        for times in self.times():
            yield np.repeat(np.arange(self.block.size), times[self.block])
