"""Background cells out of rasters that need not fit into memory.

One pass over the rasters, a stripe of rows at a time, gives an exact sample without
replacement, weighted by the area of the cells and by a bias raster: every cell gets an
exponential random number divided by its weight, and the least are drawn (Efraimidis and
Spirakis 2006, Information Processing Letters 97, 181-185,
doi:10.1016/j.ipl.2005.11.003; they keep the greatest `u ** (1 / weight)`).
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, Int64, Shaped

from jaxsdm.data.rasters import RasterStack
from jaxsdm.data.sampling.area import Area, inside
from jaxsdm.data.sampling.cell_size import areas_of_rows

_VALUES_AT_ONCE = 2**23
_CELLS_AT_ONCE = 2**18  # fit into the cache of a processor


def background_cells(
    stack: RasterStack,
    number: int,
    *,
    area: Area | None = None,
    density: RasterStack | Shaped[np.ndarray, "y x"] | None = None,
    equal_area: bool = True,
    seed: int = 0,
) -> Int64[np.ndarray, " drawn"]:
    """Cells drawn at random without replacement, among those with data in all bands.

    Args:
      stack: the predictors. They are read once, in stripes.
      number: how many cells.
      area: where cells may lie, by their centres, such as
        `buffer_area(x, y, 200_000, crs)`.
      density: relative rate at which a cell is drawn, 0 for never: a stack of one band
        on the same grid (a bias raster) or an array `[y, x]`; cells without data, or
        NaN, are never drawn. The number of records of all species of a group in each
        cell makes the target-group background. Without it all are alike.
      equal_area: for rasters in degrees, draw in proportion to the areas of cells
        (times `density`), so that any square kilometre is as likely as any other;
        otherwise cells near the poles are over-represented. Nothing changes for other
        rasters, whose cells are of one size.
      seed: of the draw.

    Returns:
      Numbers of the cells (row times width plus column), ascending;
      `stack.grid.center(*np.divmod(cells, stack.grid.width))` are their centres.

    Raises:
      ValueError: if fewer cells than `number` can be drawn; if `density` is on another
        grid, of several bands, negative or infinite somewhere; if `number` is negative.
    """
    if number < 0:
        raise ValueError(f"background_cells: a number of at least 0, got {number}.")
    _check_density(stack, density)
    grid = stack.grid
    rng = np.random.default_rng(seed)
    best_key, best = np.zeros(0), np.zeros(0, np.int64)
    for top, valid in valid_stripes(stack):
        if density is not None:
            weight = _density_stripe(density, top, len(valid))
            valid &= weight > 0
        for part in parts_of(valid):
            # A number for every cell, with data or without: the draw is the same
            # however high the stripes are.
            key = rng.standard_exponential(valid[part].shape)
            if equal_area:
                key /= areas_of_rows(grid, top + part.start, len(key))
            if density is not None:
                np.divide(key, weight[part], out=key, where=valid[part])
            wanted = valid[part]
            if len(best) == number:
                wanted = wanted & (key < best_key.max(initial=0.0))
            found = np.flatnonzero(wanted)
            key, cells = key.ravel()[found], found + (top + part.start) * grid.width
            if area is not None:
                key, cells = _least_inside(stack, area, key, cells, number)
            key, cells = np.r_[best_key, key], np.r_[best, cells]
            least = np.argsort(key, kind="stable")[:number]
            best_key, best = key[least], cells[least]
    if len(best) < number:
        of_area = "" if area is None else " inside the area"
        of_density = "" if density is None else " and a density above 0"
        raise ValueError(
            f"background_cells: {number} cells wanted, {len(best)} have data in all of "
            f"{', '.join(stack.names)}{of_density}{of_area}; ask for fewer."
        )
    return np.sort(best)


def valid_stripes(
    stack: RasterStack,
) -> Iterator[tuple[int, Bool[np.ndarray, "rows x"]]]:
    """Stripes of rows from the top: the first row, and where every band has data."""
    height, width = stack.grid.height, stack.grid.width
    rows = max(1, _VALUES_AT_ONCE // (width * len(stack.bands)))
    block = max(source.block[0] for source in stack.sources)
    rows = max(rows // block, 1) * block  # blocks are decoded once
    for top in range(0, height, rows):
        _, valid = stack.read(top, 0, min(rows, height - top), width)
        yield top, np.asarray(valid.all(axis=-1))


def parts_of(stripe: Shaped[np.ndarray, "rows x"]) -> Iterator[slice]:
    """Rows of a stripe, some at a time: a stripe may be a block of the file high."""
    rows = max(1, _CELLS_AT_ONCE // stripe.shape[1])
    for start in range(0, len(stripe), rows):
        yield slice(start, min(start + rows, len(stripe)))


def _least_inside(
    stack: RasterStack,
    area: Area,
    key: Float64[np.ndarray, " cells"],
    cells: Int64[np.ndarray, " cells"],
    number: int,
) -> tuple[Float64[np.ndarray, " found"], Int64[np.ndarray, " found"]]:
    """The cells in the area, or those of them with the least keys if that is enough.

    Asking the area is slow, and a stripe has many more cells than are wanted.
    """
    order = np.argsort(key)
    kept: list[np.ndarray] = [order[:0]]
    found, start, step = 0, 0, max(2 * number, 1024)
    while start < len(order) and found < number:
        some = order[start : start + step]
        x, y = stack.grid.center(*np.divmod(cells[some], stack.grid.width))
        kept.append(some[inside(area, x, y, stack.grid.crs)])
        found, start, step = found + len(kept[-1]), start + step, 2 * step
    chosen = np.concatenate(kept)
    return key[chosen], cells[chosen]


def _check_density(
    stack: RasterStack, density: RasterStack | Shaped[np.ndarray, "y x"] | None
) -> None:
    shape = (stack.grid.height, stack.grid.width)
    if isinstance(density, np.ndarray) and density.shape != shape:
        raise ValueError(
            f"background_cells: density of shape {density.shape} for rasters of "
            f"{shape}."
        )
    if isinstance(density, RasterStack):
        if len(density.bands) != 1:
            raise ValueError(
                "background_cells: density is one band, got "
                f"{', '.join(density.names)}; use density.select([NAME])."
            )
        if not stack.grid.matches(density.grid):
            raise ValueError(
                f"background_cells: the density is {density.grid}, the rasters are "
                f"{stack.grid}; open it with the grid of the rasters."
            )


def _density_stripe(
    density: RasterStack | Shaped[np.ndarray, "y x"], top: int, rows: int
) -> Float64[np.ndarray, "rows x"]:
    """Rows of the density, 0 where it is missing."""
    if isinstance(density, RasterStack):
        values = density.read(top, 0, rows, density.grid.width)[0][..., 0]
    else:
        values = density[top : top + rows]
    weight = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=np.inf)
    wrong = np.argwhere(~(weight >= 0) | np.isinf(weight))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"background_cells: density {values[row, column]} in row {row + top}, "
            f"column {column}, and {len(wrong) - 1} more in these rows; it is finite "
            "and at least 0."
        )
    return weight
