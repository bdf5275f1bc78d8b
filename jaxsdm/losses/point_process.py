"""Point-process losses: records as draws from a field of intensity over sites.

Axes: sites are the rows (mesh axis "data"), species the columns (mesh axis
"species"). Every loss takes the logarithm of the intensity and gives one value per
species, unreduced: weights and means over species are the caller's business. A
species is a column of its own, so sharding the species needs no axis name.
"""

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm import ops
from jaxsdm.losses import _checks


def normalized_poisson(
    log_intensity: ArrayLike,
    counts: ArrayLike,
    *,
    where: ArrayLike | None = None,
    site_weights: ArrayLike | None = None,
    site_axis_name: str | None = None,
) -> Float[Array, " species"]:
    r"""Normalised Poisson (DeepMaxent, Maxent) negative log-likelihood.

    .. math::
        \ell_c = -\sum_i y_{ic} \log \frac{e^{f_{ic}}}{\sum_k w_k e^{f_{kc}}}

    The records of a species are a multinomial draw over *sites*: a Poisson process
    given its total. Adding a constant to a species' column changes nothing, so the
    field is relative suitability, not probability. With minibatches the global
    batch is the background, and its size changes the loss by a constant a record.

    Args:
      log_intensity: `[sites, species]` float, unitless; only differences within a
        column matter, and nothing overflows at ±1e4.
      counts: `[sites, species]` records per site, `>= 0`.
      where: `[sites]` bool, False for padding, which leaves the sum, the partition
        and the gradient, whatever it holds (nan included).
      site_weights: `[sites]` quadrature weights `w >= 0` inside the partition only
        (cell areas, background rows that stand for many cells); 1 by default.
      site_axis_name: the mapped axis that the sites are sharded over, if any. Every
        shard then gets the loss over all sites, and the gradient of its own rows.

    Returns:
      `[species]` nats, float32 (float64 for float64 input); 0 with zero gradient for
      a species without records; nan for one with records but no partition (weights of
      0 throughout, an infinite intensity).

    Raises:
      ValueError: shapes do not agree. TypeError: `log_intensity` is not floating.

    References:
      Ryckewaert et al. 2024, DeepMaxent, arXiv:2412.19217; their code divides the
      sum of this by sites x species of the batch. Fithian and Hastie 2013,
      doi:10.1214/13-AOAS667, for the equivalence with Maxent.
    """
    f, y, keep, weights = _checks.site_arguments(
        "normalized_poisson", log_intensity, counts, where, site_weights
    )
    partition = ops.log_sum_exp_parts(
        f, where=keep, weights=weights, axis_name=site_axis_name
    )
    return _checks.surprise(f, y, partition, axis=0, axis_name=site_axis_name)


def poisson(
    log_intensity: ArrayLike,
    counts: ArrayLike,
    *,
    where: ArrayLike | None = None,
    site_weights: ArrayLike | None = None,
    site_axis_name: str | None = None,
) -> Float[Array, " species"]:
    r"""Poisson point-process negative log-likelihood, without the `log y!` term.

    .. math:: \ell_c = \sum_i \left( w_i e^{f_{ic}} - y_{ic} f_{ic} \right)

    Args:
      log_intensity: `[sites, species]` float, log of the expected number of records
        per unit of `site_weights`; the exponential overflows float32 beyond 88.
      counts: `[sites, species]` records per site, `>= 0`.
      where: `[sites]` bool, False for padding (see `normalized_poisson`).
      site_weights: `[sites]` quadrature weights (areas), 1 by default.
      site_axis_name: the mapped axis that the sites are sharded over, if any.

    Returns:
      `[species]` nats up to a constant, float32 (float64 for float64 input).

    Raises:
      ValueError: shapes do not agree. TypeError: `log_intensity` is not floating.

    References:
      Renner et al. 2015, doi:10.1111/2041-210X.12352. DeepMaxent's comparison takes
      the mean over sites and species.
    """
    f, y, keep, weights = _checks.site_arguments(
        "poisson", log_intensity, counts, where, site_weights
    )
    area = keep.astype(f.dtype) if weights is None else jnp.where(keep, weights, 0.0)
    # A site of no area must not turn an overflowing intensity into nan.
    expected = area[:, None] * jnp.exp(jnp.where(area[:, None] > 0, f, 0.0))
    return ops.all_sum(jnp.sum(expected - y * f, axis=0), site_axis_name)
