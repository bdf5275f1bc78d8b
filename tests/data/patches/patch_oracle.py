"""A slow oracle for patches, and rasters to take them from."""

import numpy as np

NORTH_UP = (0.5, 0.0, 3.0, 0.0, -0.5, 60.0)


class Stack:
    """A raster stack in memory with the methods that patches use."""

    def __init__(self, values, valid):
        from jaxsdm.data.rasters import RasterGrid

        self.values = np.where(valid, values, np.nan).astype(np.float32)
        height, width, bands = values.shape
        self.grid = RasterGrid("EPSG:4326", NORTH_UP, height, width)
        self.names = tuple("abcdefgh"[:bands])
        self.reads = []
        self.closed = 0

    def read(self, row, column, height, width):
        self.reads.append((row, column, height, width))
        values = self.values[row : row + height, column : column + width].copy()
        return values, np.isfinite(values)

    def load(self):
        return self.values.copy(), np.isfinite(self.values)

    def close(self):
        self.closed += 1


def oracle_patch(values, valid, row, column, window, orientation=0):
    """One patch by padding, slicing, `np.flip` and `np.rot90`; row, column: first."""
    (high, wide), (down, across) = window.extent, window.steps
    pad = max(high, wide)
    row = min(max(row, -pad), values.shape[0])
    column = min(max(column, -pad), values.shape[1])
    cells = np.s_[
        pad + row : pad + row + high : down, pad + column : pad + column + wide : across
    ]
    found = []
    for one in (np.where(valid, values, 0), valid):
        patch = np.pad(one, ((pad, pad), (pad, pad), (0, 0)))[cells]
        patch = np.flip(patch, 1) if orientation & 4 else patch
        found.append(np.rot90(patch, orientation & 3))
    return found


def oracle(values, valid, rows, columns, window, orientation=None):
    """A batch of patches around cells."""
    turned = np.zeros(len(rows), int) if orientation is None else orientation
    before = window.before
    patches = [
        oracle_patch(values, valid, r - before[0], c - before[1], window, o)
        for r, c, o in zip(rows, columns, turned, strict=True)
    ]
    return tuple(np.stack(one) for one in zip(*patches, strict=True))


def random_raster(rng, height=None, width=None, bands=None):
    """Values and validity, some cells and sometimes a whole corner without."""
    height = height or int(rng.integers(1, 60))
    width = width or int(rng.integers(1, 60))
    bands = bands or int(rng.integers(1, 5))
    values = rng.normal(size=(height, width, bands)).astype(np.float32)
    valid = rng.random(values.shape) > rng.choice([0, 0.1, 0.9])
    valid[: rng.integers(height + 1), : rng.integers(width + 1)] &= bool(
        rng.integers(2)
    )
    return values, valid


def random_window(rng, square=False):
    """A window of any size, step and convention."""
    from jaxsdm.data.patches import Window

    size, step = rng.integers(1, 13, 2), rng.integers(1, 4, 2)
    if square or rng.integers(2):
        size[1], step[1] = size[0], step[0]
    convention = str(rng.choice(["cell", "point"]))
    return Window(tuple(map(int, size)), tuple(map(int, step)), convention)


def random_places(rng, shape, count, reach=20):
    """Rows and columns inside and around a raster."""
    rows = rng.integers(-reach, shape[0] + reach, count)
    return rows, rng.integers(-reach, shape[1] + reach, count)
