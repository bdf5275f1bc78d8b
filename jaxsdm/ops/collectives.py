"""Reductions over a mesh axis that give each shard the gradient of its own rows.

`jax.lax.psum` inside `jax.pmap` and `jax.vmap` transposes to another `psum`: a loss
that was summed over the devices gets a gradient that is too large by the number of
devices. With the functions here, `jax.grad` taken *inside* the mapped function is that
of the *global* value with respect to the shard's own rows, in `pmap`, `vmap` and
`shard_map`. Taken *outside*, it is right for `shard_map` with its default
`check_vma=True` only: with `check_vma=False`, and around `pmap`, JAX hands each shard a
share of the cotangent, and the gradient comes out too small by the number of shards.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Shaped


def all_sum(x: Shaped[Array, "..."], axis_name: str | None) -> Shaped[Array, "..."]:
    """Sum of `x` over the shards of a mesh axis.

    Args:
      x: this shard's summand, any shape.
      axis_name: the mapped axis of `shard_map`, `pmap` or `vmap`; `None` when the
        axis is whole, which returns `x`.

    Returns:
      The sum, the same on every shard. Reverse-mode differentiation passes the
      cotangent through unchanged, so that each shard holds its own part of the
      gradient: parameters that are replicated under `pmap`, or under `shard_map` with
      `check_vma=False`, need a `psum` (not a mean) of their gradients; with
      `check_vma=True` JAX inserts it. Forward mode (`jax.jvp`, `jax.hessian`) works
      where the axis is whole.
    """
    if axis_name is None:
        return x

    @jax.custom_vjp
    def reduce(summand):
        return jax.lax.psum(summand, axis_name)

    def forward(summand):
        return reduce(summand), jnp.zeros_like(summand)

    def backward(zero, cotangent):
        # The zero varies over the axis where JAX tracks that, as the gradient must.
        return (cotangent + zero,)

    reduce.defvjp(forward, backward)
    return reduce(x)


def all_max(x: Shaped[Array, "..."], axis_name: str | None) -> Shaped[Array, "..."]:
    """Maximum of `x` over the shards of a mesh axis, as a constant (no gradient)."""
    x = jax.lax.stop_gradient(x)
    return x if axis_name is None else jax.lax.pmax(x, axis_name)
