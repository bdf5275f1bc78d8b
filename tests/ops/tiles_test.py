"""Tests for jaxsdm.ops.tiles."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.ops.tiles import over_row_tiles, tile_of


@pytest.mark.parametrize(("rows", "tile"), [(1, 4), (3, 4), (4, 4), (8, 4), (11, 4)])
def test_as_all_rows_at_once(rows, tile):
    x = jnp.asarray(np.random.default_rng(0).normal(size=(rows, 5)), jnp.float32)
    seen = []

    def step(start):
        part, other = tile_of(start, tile, x, x[:, 0])
        seen.append(part.shape)
        return {"sum": part.sum(1), "table": part * other[:, None]}

    got = jax.jit(lambda: over_row_tiles(step, rows, tile))()
    np.testing.assert_allclose(got["sum"], x.sum(1), rtol=1e-6)
    np.testing.assert_allclose(got["table"], x * x[:, :1], rtol=1e-6)
    assert set(seen) == {(min(rows, tile), 5)}
