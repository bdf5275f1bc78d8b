"""The latest blocks of a raster, in a stated number of bytes."""

import collections
import threading
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float32


class Block(NamedTuple):
    """Decoded cells of one block of a raster; values are 0 where not valid."""

    values: Float32[np.ndarray, "y x band"]
    valid: Bool[np.ndarray, "y x band"]

    @property
    def nbytes(self) -> int:
        """Bytes of both arrays."""
        return self.values.nbytes + self.valid.nbytes


class BlockCache:
    """Blocks by their position; those not asked for the longest go first.

    Safe from several threads, and empty after pickling.

    Args:
      capacity: bytes at most; a block that is larger alone is not kept.

    Raises:
      ValueError: if the capacity is negative.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 0:
            raise ValueError(f"BlockCache: a capacity from 0 bytes, got {capacity}.")
        self.capacity = int(capacity)
        self._lock = threading.Lock()
        self._blocks: collections.OrderedDict[tuple[int, int], Block]
        self._blocks = collections.OrderedDict()
        self._held = 0

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._held

    def __contains__(self, position: tuple[int, int]) -> bool:
        return position in self._blocks

    def get(self, position: tuple[int, int]) -> Block | None:
        """The block, if it is still there."""
        with self._lock:
            if position not in self._blocks:
                return None
            self._blocks.move_to_end(position)
            return self._blocks[position]

    def put(self, position: tuple[int, int], block: Block) -> None:
        """Keeps a block, in place of the oldest ones."""
        with self._lock:
            if position in self._blocks or block.nbytes > self.capacity:
                return
            while self._held + block.nbytes > self.capacity:
                self._held -= self._blocks.popitem(last=False)[1].nbytes
            self._blocks[position] = block
            self._held += block.nbytes

    def clear(self) -> None:
        """Lets all blocks go."""
        with self._lock:
            self._blocks.clear()
            self._held = 0

    def __getstate__(self) -> dict[str, Any]:
        return {"capacity": self.capacity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["capacity"])  # type: ignore[misc]
