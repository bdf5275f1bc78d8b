"""Tests for jaxsdm.ops.collectives: one gradient in every kind of mapped axis."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, PartitionSpec

from jaxsdm import ops

ROWS = np.arange(1.0, 9.0, dtype=np.float32).reshape(8, 1)


def _squares(rows):
    return ops.all_sum(jnp.sum(rows**2), "data")


def _shard_map(function, check_vma):
    mesh = jax.make_mesh((8,), ("data",), axis_types=(AxisType.Auto,))
    spec = PartitionSpec("data")
    return jax.jit(
        jax.shard_map(
            function, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=check_vma
        )
    )


MAPPED = {
    "shard_map": lambda f: _shard_map(f, True),
    "shard_map without vma": lambda f: _shard_map(f, False),
    "pmap": lambda f: jax.pmap(f, axis_name="data"),
    "vmap": lambda f: jax.vmap(f, axis_name="data"),
}


@pytest.mark.parametrize("kind", MAPPED)
def test_gradient_of_own_rows(kind):
    got = MAPPED[kind](jax.grad(_squares))(ROWS)
    np.testing.assert_allclose(np.ravel(got), 2 * ROWS[:, 0])


def test_whole_axis_is_the_identity():
    np.testing.assert_array_equal(ops.all_sum(jnp.asarray(ROWS), None), ROWS)
    np.testing.assert_array_equal(ops.all_max(jnp.asarray(ROWS), None), ROWS)


def test_all_max_is_the_maximum_without_gradient():
    def f(rows):
        top = ops.all_max(jnp.max(rows), "data")
        return jnp.sum(rows) * top

    got = jax.vmap(f, axis_name="data")(ROWS)
    np.testing.assert_allclose(got, 8 * ROWS[:, 0])
    gradient = jax.vmap(jax.grad(f), axis_name="data")(ROWS)
    np.testing.assert_allclose(np.ravel(gradient), 8.0)
