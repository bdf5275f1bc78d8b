"""A table worked on some rows at a time, so that what a step makes stays in the cache.

On a CPU an intermediate table of all rows goes to memory and comes back; one of some
rows does not. `jax.lax.map(..., batch_size=)` would do the same, but maps each row by
`vmap`, under which a condition costs both of its branches.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Shaped

_CPU_ROWS = 16
_ACCELERATOR_ELEMENTS = 16_000_000
"""An accelerator needs some ten thousand threads at work; 64 MB are little to it."""


def rows_of_tile(rows: int, columns: int) -> int:
    """How many rows to work on at once, on the backend in use.

    On a CPU 16, which is within a tenth of the best from 1,000 to 100,000 columns.
    """
    if jax.default_backend() == "cpu":
        return min(rows, _CPU_ROWS)
    return max(1, min(rows, _ACCELERATOR_ELEMENTS // max(columns, 1)))


def over_row_tiles(step: Callable[[Int[Array, ""]], Any], rows: int, tile: int) -> Any:
    """What `step` gives for all rows, called for one tile of rows after another.

    Args:
      step: takes the number of the first row of a tile and gives a tree of arrays
        `[tile, ...]`. The last tile overlaps its predecessor where `tile` does not
        divide `rows`, so it must depend on the row alone.
      rows: their number, 1 or more.
      tile: rows of a tile, 1 or more; no more than `rows` are taken.

    Returns:
      The tree, of arrays `[rows, ...]`.
    """
    tile = min(tile, rows)
    tiles = -(-rows // tile)
    parts = jax.lax.map(
        lambda number: step(jnp.minimum(number * tile, rows - tile)), jnp.arange(tiles)
    )
    if tiles * tile == rows:
        return jax.tree.map(lambda part: part.reshape(rows, *part.shape[2:]), parts)
    of = np.minimum(np.arange(rows) // tile, tiles - 1)
    within = np.arange(rows) - np.minimum(of * tile, rows - tile)
    return jax.tree.map(lambda part: part[of, within], parts)


def tile_of(
    start: Int[Array, ""], tile: int, *tables: Shaped[Array, "rows ..."]
) -> tuple[Shaped[Array, "tile ..."], ...]:
    """The rows of a tile of each table; all of them where there are fewer."""
    rows = min(tile, len(tables[0]))
    return tuple(jax.lax.dynamic_slice_in_dim(x, start, rows) for x in tables)
