"""What every tier of patches promises, so that one can stand for another.

The values of all tiers are equal bit for bit. Cells outside the raster and cells
without data are not valid and their value is 0; nothing is ever wrapped around or moved
to fit. A value that is 0 and valid is a measurement.
"""

import math
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from jaxsdm.data.patches.window import Window

_ALIGNMENT = 64


class Patches(NamedTuple):
    """A batch of patches.

    Attributes:
      values: `[batch, y, x, band]` float32 in the units of the bands, 0 where not
        valid.
      valid: `[batch, y, x, band]` bool.
    """

    values: Any
    valid: Any


@runtime_checkable
class PatchSource(Protocol):
    """A raster that patches are taken from.

    Attributes:
      shape: rows and columns of the raster.
      names: of the bands, in the order of the last axis.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the raster."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the bands."""

    def take(
        self,
        rows: Any,
        columns: Any,
        window: Window,
        orientation: Any = None,
    ) -> Patches:
        """The patches around places.

        Args:
          rows: `[batch]` rows of the places, whole or real numbers (see `window`),
            inside the raster or not.
          columns: `[batch]` columns of the places.
          window: size, spacing and position of the patches.
          orientation: `[batch]` codes 0 to 7 (see `orientation`) by which each patch is
            mirrored and turned; not at all by default.

        Raises:
          ValueError: if the vectors differ in length, or a patch that is not square is
            to make a quarter turn.
        """

    def close(self) -> None:
        """Releases threads and files (`contextlib.closing`); `take` gets new ones."""


def band_names(names: tuple[str, ...] | None, bands: int) -> tuple[str, ...]:
    """The names given, or `band_1, band_2, ...`.

    Raises:
      ValueError: if there is not one name a band, or a name stands twice.
    """
    if names is None:
        return tuple(f"band_{i + 1}" for i in range(bands))
    names = tuple(names)
    if len(names) != bands or len(set(names)) < bands:
        raise ValueError(f"want {bands} different names of bands, got {names}.")
    return names


def first_cells(
    window: Window,
    rows: npt.ArrayLike,
    columns: npt.ArrayLike,
    orientation: npt.ArrayLike | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First row, first column and orientation of a batch, `[batch]` each, checked.

    Raises:
      ValueError: see `PatchSource.take`.
    """
    top, left = window.first(rows, axis=0), window.first(columns, axis=1)
    turned = np.zeros(top.shape, np.int64)
    if orientation is not None:
        turned = np.asarray(orientation)
    if top.ndim != 1 or not top.shape == left.shape == turned.shape:
        raise ValueError(
            "take: rows, columns and orientation of one shape [batch], got "
            f"{top.shape}, {left.shape} and {turned.shape}."
        )
    if orientation is not None:
        check_orientation(turned)
        if not window.is_square and (turned & 1).any():
            raise ValueError(
                f"take: patches of {window.shape[0]} x {window.shape[1]} cells cannot "
                "make a quarter turn; use a square window, or turns=False."
            )
    return top, left, turned


def check_orientation(codes: np.ndarray) -> None:
    """Refuses what is no orientation.

    Raises:
      ValueError: if a code is not a whole number from 0 to 7.
    """
    if codes.dtype.kind not in "iu":
        raise ValueError(
            f"take: orientations are whole numbers from 0 to 7, got {codes.dtype}."
        )
    odd = np.flatnonzero((codes < 0) | (codes > 7))
    if len(odd):
        raise ValueError(
            f"take: orientations are whole numbers from 0 to 7, got "
            f"{codes.flat[odd[0]]} at position {odd[0]}."
        )


def new_batch(shape: tuple[int, ...]) -> Patches:
    """Uninitialised arrays for a batch, where JAX on a CPU takes them without a copy.

    It does so from addresses that are multiples of 64 bytes (`kImmutableZeroCopy` of
    XLA's CPU client); what NumPy gives is one of 16.
    """
    return Patches(_aligned(shape, np.float32), _aligned(shape, np.bool_))


def inside(first: int, step: int, count: int, limit: int) -> tuple[int, int]:
    """Which of the cells `first + i step`, `i` from 0 to `count - 1`, a raster has.

    Returns:
      The first `i`, and one past the last; empty if they are equal.

    >>> inside(-3, 2, 4, 10), inside(8, 2, 4, 10), inside(20, 1, 4, 10)
    ((2, 4), (0, 1), (0, 0))
    """
    begin = max(0, -(first // step))
    end = min(count, -((first - limit) // step))
    return (begin, end) if end > begin else (0, 0)


def _aligned(shape: tuple[int, ...], dtype: type) -> np.ndarray:
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.empty(size + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size].view(dtype).reshape(shape)
