"""Sets of the best expected F-beta for species that depend on each other (GFM).

Posterior samples and ensembles say how: given a draw, species are independent. Then

    E[F_beta of a set of size k] = sum_{i in set} D_k(i)
    D_k(i) = (1 + beta^2) mean_d p_di E_d[1 / (beta^2 (1 + M') + k)]

with M' the other species present, so the best set of size k has the k largest D_k. They
need not be the most probable species. One over a count is a sum of exponentials, and
`D_k = V exp(-x k)` a product of matrices.

References:
  Dembczynski et al. 2011 (NeurIPS, general F-measure maximiser); Waegeman et al. 2014,
  JMLR 15:3513.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from jaxsdm.decisions.bernoulli_sums import Rates, rates, total_log, transform
from jaxsdm.decisions.decision import (
    Decision,
    check_empty_score,
    check_probabilities,
)
from jaxsdm.decisions.exponential_sums import ERRORS, exponential_sum
from jaxsdm.decisions.ratio_scores import TIES
from jaxsdm.decisions.scores import f_beta
from jaxsdm.ops.top_k import top_k


def maximize_joint_f_beta(
    draws: ArrayLike, beta: float | int = 1, *, empty_score: float | int = 0
) -> Decision:
    """The set of each place with the best expected F-beta over all draws.

    Exact for every joint distribution whose draws have independent species. Time for a
    place: species times the sizes that can be best, which are a few times the expected
    richness.

    Args:
      draws: `[draws, places, species]` probabilities given each draw, in [0, 1].
      beta: weight of recall.
      empty_score: of an empty set where nothing is present.

    Raises:
      ValueError: another number of axes, no draws or species, values outside [0, 1] or
        NaN (not seen inside `jit`), beta not above 0, or
        an empty_score that is not finite.
    """
    shape = np.shape(draws)
    if len(shape) != 3 or not (shape[0] and shape[2]):
        raise ValueError(
            f"maximize_joint_f_beta: want [draws, places, species], got shape {shape}."
        )
    flat = draws
    if not isinstance(draws, jax.core.Tracer):
        flat = np.asarray(draws).reshape(-1, shape[2])
        check_probabilities("maximize_joint_f_beta", flat)
    p = jnp.asarray(draws)
    p = p.astype(jnp.promote_types(p.dtype, jnp.float32))
    empty = check_empty_score("maximize_joint_f_beta", empty_score)
    return _maximize(p, float(beta), empty)


@functools.partial(jax.jit, static_argnums=(1, 2))
def _maximize(draws, beta: float, empty_score: float) -> Decision:
    ratio = f_beta(beta).ratio
    assert ratio is not None
    species = draws.shape[2]
    least = ratio.hits + ratio.size
    sums = exponential_sum(float(species), ERRORS[draws.dtype.name])
    at = rates(ratio.hits * sums.rates / least, draws.dtype)
    by_size = (sums.rates / least).astype(draws.dtype)
    weights = (ratio.scale * sums.weights / least).astype(draws.dtype)
    keep = 1 + TIES[draws.dtype.name]

    def of_place(p):  # [draws, species]
        nothing = jnp.mean(jnp.exp(jnp.sum(jnp.log1p(-p), axis=1)))
        richness = jnp.mean(jnp.sum(p, axis=1))
        totals = total_log(p, at)

        def of_term(term):
            x, total, weight = term
            share = transform(p, Rates(*x)).share  # its species is left out of total
            return weight * jnp.mean(share * jnp.exp(total)[:, None], axis=0)

        x = tuple(jnp.asarray(part) for part in at)
        gains = jax.lax.map(of_term, (x, totals.T, jnp.asarray(weights)))

        def of_size(size):
            falls = jnp.exp(-size.astype(p.dtype) * by_size)
            return jnp.sum(gains * falls[:, None], axis=0)

        def go_on(state):
            size, _, score = state
            most = ratio.scale * richness / (ratio.hits * richness + size + 1)
            return (size < species) & (most > score)

        def one_more(state):
            size, best, score = state
            size = size + 1
            ordered, _ = top_k(of_size(size), species)
            value = jnp.cumsum(ordered)[size - 1]
            better = value > score * keep
            return size, jnp.where(better, size, best), jnp.where(better, value, score)

        start = jnp.int32(0), jnp.int32(0), empty_score * nothing
        _, size, score = jax.lax.while_loop(go_on, one_more, start)
        _, columns = top_k(of_size(jnp.maximum(size, 1)), species)
        chosen = jnp.zeros(species, bool).at[columns].set(jnp.arange(species) < size)
        return Decision(chosen, size, score)

    return jax.lax.map(of_place, jnp.swapaxes(draws, 0, 1))
