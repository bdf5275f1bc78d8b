"""The top-K hinge smoothed by noise, with infinitely many draws: no noise is left.

Axes: `batch` rows (mesh axis "data"), `species` columns (mesh axis "species"). One
value per example, unreduced. Deterministic, so it suits validation and small or pruned
sets of species; with many species in reach of the cut the draws of
`stochastic_top_k_hinge` cost less (benchmarks/losses.py).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jaxsdm import ops
from jaxsdm.losses import _checks
from jaxsdm.losses.top_k_hinge import hinge_arguments
from jaxsdm.ops.arguments import whole_number


def expected_top_k_hinge(
    logits: ArrayLike,
    labels: ArrayLike,
    *,
    k: int,
    epsilon: ArrayLike = 1.0,
    margin: ArrayLike = 1.0,
    scale: ArrayLike = 1.0,
    where: ArrayLike | None = None,
    species_axis_name: str | None = None,
) -> Float[Array, " batch"]:
    r"""Hinge on the gap between the label and the expected (k+1)-th best noised logit.

    .. math::
        \ell_i = \max(0, h_i), \qquad h_i = s \Big( m_{y_i} + E_Z \big[
        (f_i + \varepsilon Z)_{(k+1)} \big] - f_{iy_i} \Big)

    The limit of `stochastic_top_k_hinge` for ever more draws, which is below its
    expectation for few of them (the hinge is convex in the mean over draws). The
    gradient is the probability of each species to be the (k+1)-th best, and -1 at the
    label, times s where h > 0.

    Args:
      logits: `[batch, species]` float.
      labels: `[batch]` integer species numbers, of all species.
      k: the label should be among this many, `1 <= k < species`.
      epsilon: standard deviation of the noise, above 0; a constant. Species too far
        below the cut to be ever seen, in units of it, are skipped.
      margin: one number, or `[species]` for all species (also under species
        sharding); a constant, without gradient.
      scale: s, `>= 0`; a constant, without gradient.
      where: `[batch]` bool, False for padding: loss 0 and no gradient.
      species_axis_name: the mapped axis that the species are sharded over, if any.

    Returns:
      `[batch]`, float32 (float64 for float64 logits), to 1e-6 epsilon (1e-11 epsilon)
      of the integral. Reverse mode only.

    Raises:
      ValueError: shapes do not agree, k, epsilon, scale or margin is out of its range,
        or (outside `jit`) a label is no species. TypeError: `logits` is not floating.

    References:
      Garcin et al. 2022, Stochastic smoothing of the top-K calibrated hinge loss for
      deep imbalanced classification, arXiv:2202.02193: the smoothed loss that their
      estimator approaches. The quadrature is that of `ops.expected_kth_largest`.
    """
    function = "expected_top_k_hinge"
    k = whole_number(function, "k", k)
    f, y, keep, margins, scale = hinge_arguments(
        function, logits, labels, k, margin, scale, where, species_axis_name
    )
    known = not isinstance(epsilon, jax.core.Tracer)
    if known and not (np.isfinite(epsilon) and np.asarray(epsilon) > 0):
        raise ValueError(
            f"{function}: want a finite epsilon > 0, got {epsilon} (0 is the hard "
            "top-K hinge, which stochastic_top_k_hinge computes)."
        )
    cut = ops.expected_kth_largest(
        f, k + 1, epsilon=epsilon, axis_name=species_axis_name
    )
    own = ops.take_columns(f, y, axis_name=species_axis_name)
    h = scale * (margins + cut - own)
    # Not `maximum`, whose slope at 0 is a half, and which hides a nan.
    return _checks.of_rows(jnp.where(h <= 0, 0, h), y, keep)
