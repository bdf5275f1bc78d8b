"""Patches cut out of a raster that lives on the accelerator, inside `jit`.

The host sends row and column of each place, nothing else. Missing cells are NaN in the
raster itself, so that a mask costs no memory and no second reading; around the raster
lies a margin of NaN, so that a window over the edge is an ordinary slice.
"""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32, Integer, Shaped

from jaxsdm.data.patches.memory import MemoryPatches, check_arrays
from jaxsdm.data.patches.orientation import flipped, oriented
from jaxsdm.data.patches.source import Patches, check_orientation
from jaxsdm.data.patches.window import Window

_MARGIN = 64
"""Wide enough for the windows of most networks for species distributions."""

_FAR = 2**30
"""Beyond any raster, with room for a window in int32."""


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["raster"],
    meta_fields=["names", "margin"],
)
@dataclasses.dataclass(frozen=True, eq=False)
class DevicePatches:
    """Patches of a raster on the device: a pytree, for arguments of `jit`.

    `take` has the values of the other tiers. Rows and columns are whole numbers here;
    `Window.cells` makes them of real ones.

    Attributes:
      raster: `[margin + y + margin, margin + x + margin, band]` float32, NaN where
        there is no value.
      names: of the bands.
      margin: cells of NaN on each side. Windows of no more cells (`Window.extent`) and
        step 1 are cut out in slices, others are gathered cell by cell.
    """

    raster: Any
    names: tuple[str, ...]
    margin: int = 0

    @classmethod
    def put(
        cls,
        values: np.ndarray,
        valid: np.ndarray | None = None,
        *,
        names: tuple[str, ...] | None = None,
        margin: int = _MARGIN,
        sharding: jax.sharding.Sharding | jax.Device | None = None,
    ) -> "DevicePatches":
        """Copies a raster to the device.

        Args:
          values: `[y, x, band]` float32.
          valid: `[y, x, band]` bool; by default where the values are finite.
          names: of the bands.
          margin: see the class; it takes memory, `2 margin (y + x)` cells.
          sharding: where to; the default device by default. Replicated, or split along
            the last axis: `NamedSharding(mesh, PartitionSpec(None, None, "species"))`
            holds a part of the bands on each device.

        Raises:
          ValueError: if the arrays have other shapes or types.
        """
        check_arrays(values, valid, "DevicePatches.put")
        source = MemoryPatches(values, valid, names=names)
        return cls.from_memory(source, margin=margin, sharding=sharding)

    @classmethod
    def from_memory(
        cls,
        source: MemoryPatches,
        *,
        margin: int = _MARGIN,
        sharding: jax.sharding.Sharding | jax.Device | None = None,
    ) -> "DevicePatches":
        """Copies the raster of `MemoryPatches` to the device, decoded.

        Raises:
          ValueError: if the margin is negative.
        """
        if margin < 0:
            raise ValueError(f"DevicePatches: a margin from 0 cells, got {margin}.")
        height, width = source.shape
        shape = (height + 2 * margin, width + 2 * margin, len(source.names))
        raster = np.full(shape, np.nan, np.float32)
        rows = max(1, 2**20 // width)
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            part = source.decoded(slice(start, stop))
            raster[margin + start : margin + stop, margin : margin + width] = part
        return cls(jax.device_put(raster, sharding), source.names, margin)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the raster, without the margin."""
        return (
            self.raster.shape[0] - 2 * self.margin,
            self.raster.shape[1] - 2 * self.margin,
        )

    def take(
        self,
        rows: Shaped[Array, " batch"] | Shaped[np.ndarray, " batch"],
        columns: Shaped[Array, " batch"] | Shaped[np.ndarray, " batch"],
        window: Window,
        orientation: Shaped[Array, " batch"]
        | Shaped[np.ndarray, " batch"]
        | None = None,
    ) -> Patches:
        """The patches around places, inside `jit` or not; see `PatchSource.take`.

        The window is fixed while compiling. A patch that is not square is only
        flipped: an odd quarter turn, which the tiers on the host refuse, cannot be
        refused for values that are not known yet, and is left out.

        Raises:
          ValueError: if the vectors differ in length, or an orientation in a NumPy
            array is none of 0 to 7.
          TypeError: if rows or columns are not whole numbers.
        """
        rows, columns = _given(rows), _given(columns)
        if not all(jnp.issubdtype(one.dtype, jnp.integer) for one in (rows, columns)):
            raise TypeError(
                "DevicePatches.take: whole numbers of rows and columns (Window.cells "
                f"makes them of real ones), got {rows.dtype} and {columns.dtype}."
            )
        orientation = None if orientation is None else _given(orientation)
        if isinstance(orientation, np.ndarray):  # of others nothing is known here
            check_orientation(orientation)
        rows, columns = _bounded(rows), _bounded(columns)
        turned = None if orientation is None else jnp.asarray(orientation)
        same = turned is None or turned.shape == rows.shape
        if rows.ndim != 1 or rows.shape != columns.shape or not same:
            raise ValueError(
                "DevicePatches.take: rows, columns and orientation of one shape "
                f"[batch], got {rows.shape}, {columns.shape} and "
                f"{None if turned is None else turned.shape}."
            )
        top = rows - window.before[0] + self.margin
        left = columns - window.before[1] + self.margin
        sliced = window.steps == (1, 1) and max(window.extent) <= self.margin
        values = (_slices if sliced else _cells)(self.raster, top, left, window)
        if turned is not None:
            values = (oriented if window.is_square else flipped)(values, turned)
        valid = jnp.isfinite(values)
        return Patches(jnp.where(valid, values, 0), valid)

    def close(self) -> None:
        """Nothing to release: the array goes with the object."""


def _given(numbers: Any) -> Any:
    return numbers if isinstance(numbers, jax.Array) else np.asarray(numbers)


def _bounded(cells: Shaped[Array, " batch"] | Shaped[np.ndarray, " batch"]) -> Array:
    """Rows or columns as int32; those far beyond any raster stay beyond it.

    Before JAX takes them: it would cut 64 bits to 32, and 2**32 + 5 would become 5.
    """
    if np.dtype(cells.dtype).itemsize >= 4:
        xp = np if isinstance(cells, np.ndarray) else jnp
        cells = xp.minimum(cells, _FAR)
        if jnp.issubdtype(cells.dtype, jnp.signedinteger):
            cells = xp.maximum(cells, -_FAR)
    return jnp.asarray(cells.astype(np.int32))


def _slices(
    raster: Float32[Array, "y x band"],
    top: Integer[Array, " batch"],
    left: Integer[Array, " batch"],
    window: Window,
) -> Float32[Array, "batch rows columns band"]:
    # A start beyond the array is moved to its edge: the margin, as wide as the window,
    # so that what comes is NaN as it should be.
    shape = (*window.shape, raster.shape[2])
    cut = functools.partial(jax.lax.dynamic_slice, slice_sizes=shape)
    band = jnp.int32(0)  # as the others, where numbers have 64 bits by default too
    return jax.vmap(lambda row, column: cut(raster, (row, column, band)))(top, left)


def _cells(
    raster: Float32[Array, "y x band"],
    top: Integer[Array, " batch"],
    left: Integer[Array, " batch"],
    window: Window,
) -> Float32[Array, "batch rows columns band"]:
    (rows, columns), (down, across) = window.shape, window.steps
    y = top[:, None] + down * jnp.arange(rows, dtype=jnp.int32)[None]
    x = left[:, None] + across * jnp.arange(columns, dtype=jnp.int32)[None]
    known_y = (y >= 0) & (y < raster.shape[0])
    known_x = (x >= 0) & (x < raster.shape[1])
    y = jnp.clip(y, 0, raster.shape[0] - 1)[:, :, None]
    x = jnp.clip(x, 0, raster.shape[1] - 1)[:, None, :]
    found = raster.at[y, x].get(mode="promise_in_bounds")
    known = known_y[:, :, None, None] & known_x[:, None, :, None]
    return jnp.where(known, found, jnp.nan)
