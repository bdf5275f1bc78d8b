"""Elementary symmetric polynomials from power sums, without overflow."""

import jax.numpy as jnp
from jaxtyping import Array, Float


def elementary_symmetric(
    sums: Float[Array, "degrees *rows"],
) -> tuple[Float[Array, "levels *rows"], Float[Array, "levels *rows"]]:
    r"""Elementary symmetric polynomials of numbers in [0, 1], by Newton's identities.

    .. math:: i e_i = \sum_{j=1}^{i} (-1)^{j-1} p_j e_{i-j}

    Each is carried relative to a product of bounds `w_t = 1 + p_1 / t`, so that every
    term of the sum is at most 1 and none overflows. What cancels is an error relative
    to that product: small beside a polynomial of more and larger numbers, which is
    what these are added to.

    Args:
      sums: `[degrees, *rows]`, the power sums `p_1 ..` of numbers of which the largest
        is 1; all 0 where there are none.

    Returns:
      `(h, log_scale)`, both `[degrees + 1, *rows]`: `e_i = h_i exp(log_scale_i)`.
    """
    degrees = len(sums)
    degree = jnp.arange(1, degrees + 1, dtype=sums.dtype)
    degree = degree.reshape(-1, *[1] * (sums.ndim - 1))
    bound = 1 + sums[:1] / degree
    signed = jnp.where(degree % 2 == 1, sums, -sums)
    h = jnp.ones_like(sums[:1])
    behind = jnp.ones_like(sums[:0])
    for i in range(1, degrees + 1):
        # Products of the bounds i, i .. i-1, i .. i-2, ...; infinite ones give 0.
        behind = bound[i - 1 : i] * jnp.concatenate([jnp.ones_like(h[:1]), behind])
        h_i = jnp.sum(signed[:i] / behind * h[::-1], axis=0, keepdims=True) / i
        h = jnp.concatenate([h, jnp.maximum(h_i, 0)])
    log_scale = jnp.cumsum(jnp.log(bound), axis=0)
    return h, jnp.concatenate([jnp.zeros_like(log_scale[:1]), log_scale])
