"""Checks for people who write losses of their own: the same on any mesh.

Needs simulated devices, before JAX starts its backend:
`jax.config.update("jax_num_cpu_devices", 8)`. A small virtual world to train on is
`jaxsdm.datasets.virtual.load(size=32, species=5, surveys=80)`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from jax.typing import ArrayLike

from jaxsdm import parallel
from jaxsdm.parallel import DATA, SPECIES


def assert_same_on_mesh(
    loss: Callable[..., jax.Array],
    logits: ArrayLike,
    targets: ArrayLike,
    site_weights: ArrayLike | None = None,
    *,
    per_species: bool,
    shape: tuple[int, int] = (4, 2),
    rtol: float = 1e-4,
    atol: float = 1e-5,
) -> None:
    """Asserts that value and gradient of a loss do not depend on the devices.

    Args:
      loss: positional `(logits, targets, where, site_weights)`, keyword
        `site_axis_name` or `species_axis_name` (see `parallel.loss_island`).
      logits: `[sites, species]`, both multiples of the mesh.
      targets: `[sites, species]`.
      site_weights: `[sites]`, 1 by default.
      per_species: whether the loss gives one value per species (else per site).
      shape: of the mesh `("data", "species")`.
      rtol: relative tolerance.
      atol: absolute tolerance.

    Raises:
      AssertionError: value or gradient differ, or the gradient is not sharded as the
        logits are.
      ValueError: there are too few devices.
    """
    mesh = parallel.make_mesh(*shape)
    table, rows = PartitionSpec(DATA, SPECIES), PartitionSpec(DATA)
    sites = np.shape(logits)[0]
    where = np.arange(sites) > 0  # the first row is padding
    weights = np.ones(sites, np.float32) if site_weights is None else site_weights

    def value_and_gradient(function):
        return jax.jit(
            jax.value_and_grad(
                lambda z, *rest: (lambda out: (out.sum(), out))(function(z, *rest)),
                has_aux=True,
            )
        )

    island = parallel.loss_island(loss, mesh, per_species=per_species)
    (_, got), got_gradient = value_and_gradient(island)(
        *(
            jax.device_put(np.asarray(x), NamedSharding(mesh, spec))
            for x, spec in zip(
                (logits, targets, where, weights),
                (table, table, rows, rows),
                strict=True,
            )
        )
    )
    (_, want), want_gradient = value_and_gradient(loss)(
        jnp.asarray(logits), jnp.asarray(targets), where, jnp.asarray(weights)
    )
    np.testing.assert_allclose(got, want, rtol=rtol, atol=atol)
    np.testing.assert_allclose(got_gradient, want_gradient, rtol=rtol, atol=atol)
    assert got_gradient.sharding.spec == table, got_gradient.sharding
