"""Flips, quarter turns and shifts as pure functions of (seed, epoch, sample).

The numbers are hashes of the coordinates, as in `jaxsdm.ops.random_bits`: they depend
on no generator's state, so a run that resumes, or that has other processes, workers or
devices, sees the same patches; and NumPy and JAX draw the same ones.
"""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Integer

_ORIENTATION, _ROW, _COLUMN = range(3)


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Which changes of a patch leave its species where they are.

    Attributes:
      flips: mirror the patch or not, half of the samples each.
      turns: turn it by 0, 1, 2 or 3 quarters.
      jitter: the place is moved by a whole number of cells from `-jitter` to `jitter`
        along both axes, all equally often. The target stays that of the place.

    Raises:
      ValueError: if the jitter is not between 0 and 32767.
    """

    flips: bool = True
    turns: bool = True
    jitter: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.jitter < 2**15:
            raise ValueError(
                f"Augmentation: jitter is 0 to 32767 cells, got {self.jitter}."
            )

    def orientation(
        self,
        seed: int | Array,
        epoch: int | Array,
        sample: Integer[np.ndarray, " batch"] | Integer[Array, " batch"],
    ) -> Any:
        """The orientation codes of samples (see `orientation`).

        Args:
          seed: whole number, or a random key of JAX.
          epoch: number of the epoch.
          sample: `[batch]` global numbers of the samples within the epoch, below 2^32.

        Returns:
          `[batch]` int32, a NumPy array if `sample` is one and a JAX array otherwise.
        """
        bits = _bits(seed, epoch, sample, _ORIENTATION)
        codes = (bits >> 29) & (7 if self.flips and self.turns else 3)
        if self.flips and not self.turns:
            codes = codes * 2  # nothing, half turn, and either flip: 0, 2, 4, 6
        elif not self.flips and not self.turns:
            codes = codes * 0
        return codes.astype(np.int32)

    def shifts(
        self,
        seed: int | Array,
        epoch: int | Array,
        sample: Integer[np.ndarray, " batch"] | Integer[Array, " batch"],
        jitter: int | None = None,
    ) -> tuple[Any, Any]:
        """By how many rows and columns the places of samples are moved.

        Args:
          seed: whole number, or a random key of JAX.
          epoch: number of the epoch.
          sample: `[batch]` global numbers of the samples within the epoch.
          jitter: instead of the attribute. On a grid of other cells the same sample
            moves in the same direction.

        Returns:
          Two `[batch]` int32 vectors, of the library of `sample`.
        """
        jitter = self.jitter if jitter is None else jitter
        choices = np.uint32(2 * jitter + 1)
        rows, columns = (
            (((_bits(seed, epoch, sample, axis) >> 16) * choices) >> 16).astype(
                np.int32
            )
            - np.int32(jitter)
            for axis in (_ROW, _COLUMN)
        )
        return rows, columns


def _bits(seed: int | Array, epoch: int | Array, sample: Any, purpose: int) -> Any:
    """A 32-bit word for each sample, of the library of `sample`."""
    library: Any = np if isinstance(sample, np.ndarray) else jnp
    first, last = _words(seed, library)
    hashed = first
    for position in (purpose, epoch, sample):
        word = library.atleast_1d(library.asarray(position)).astype(np.uint32)
        hashed = _finalise(hashed ^ _finalise(word + last))
    return _finalise(hashed + last)


def _words(seed: int | Array, library: Any) -> tuple[Any, Any]:
    if isinstance(seed, int | np.integer):
        numbers = int(seed) & 0xFFFFFFFF, (int(seed) >> 32) & 0xFFFFFFFF
        first, last = (library.asarray([one], np.uint32) for one in numbers)
        return first, last
    data = (
        jax.random.key_data(seed)
        if jnp.issubdtype(seed.dtype, jax.dtypes.prng_key)
        else seed
    )
    words = library.asarray(data).astype(np.uint32)
    return words[:1], words[-1:]


def _finalise(word: Any) -> Any:
    # C. Wellons, "lowbias32", 2018, https://nullprogram.com/blog/2018/07/31/
    word = (word ^ (word >> 16)) * np.uint32(0x7FEB352D)
    word = (word ^ (word >> 15)) * np.uint32(0x846CA68B)
    return word ^ (word >> 16)
