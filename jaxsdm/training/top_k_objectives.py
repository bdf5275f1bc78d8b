"""Objectives of losses of a list or set of K species, one record an example.

See `record_objectives` for how a record of a site is drawn and weighed.
"""

from collections.abc import Sequence

import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array

from jaxsdm import losses
from jaxsdm.training.record_objectives import of_records, padded, without_noise


def stochastic_top_k_hinge(
    *,
    species: int,
    class_counts: Sequence[float],
    mesh: Mesh | None = None,
    k: int = 5,
    epsilon: float = 1.0,
    num_samples: int = 5,
    scale: float = 1.0,
    max_margin: float = 0.0,
):
    """Stochastically smoothed top-K hinge (Garcin et al. 2022, arXiv:2202.02193).

    Args:
      species: the number of species, without padding of the species axis.
      class_counts: `[species]` records of each species in the training table.
      mesh: the device mesh.
      k: how many guesses are allowed.
      epsilon: standard deviation of the noise.
      num_samples: draws.
      scale: of the hinge; the imbalanced form, on a cosine head, takes 40 to 60.
      max_margin: of the rarest species, the others' falling with the fourth root of
        their records (the imbalanced form); 0 gives every species a margin of 1.
    """
    check_k("stochastic_top_k_hinge", k, species)
    margins = _margins(class_counts, max_margin)

    def loss(logits, labels, where, key, **axes):
        return losses.stochastic_top_k_hinge(
            logits,
            labels,
            key,
            k=k,
            epsilon=epsilon,
            num_samples=num_samples,
            scale=scale,
            where=where,
            **padded(margins, logits, axes.get("species_axis_name")),
            **axes,
        )

    return of_records(loss, species, mesh)


def expected_top_k_hinge(
    *,
    species: int,
    class_counts: Sequence[float],
    mesh: Mesh | None = None,
    k: int = 5,
    epsilon: float = 1.0,
    scale: float = 1.0,
    max_margin: float = 0.0,
):
    """Top-K hinge under noise, with its exact expectation instead of draws.

    Args:
      species: the number of species, without padding of the species axis.
      class_counts: `[species]` records of each species in the training table.
      mesh: the device mesh.
      k: how many guesses are allowed.
      epsilon: standard deviation of the noise, above 0.
      scale: of the hinge.
      max_margin: see `stochastic_top_k_hinge`.
    """
    check_k("expected_top_k_hinge", k, species)
    loss = without_noise(
        losses.expected_top_k_hinge,
        _margins(class_counts, max_margin),
        k=k,
        epsilon=epsilon,
        scale=scale,
    )
    return of_records(loss, species, mesh)


def smooth_top_k_svm(
    *,
    species: int,
    mesh: Mesh | None = None,
    k: int = 5,
    tau: float = 1.0,
    alpha: float = 1.0,
):
    """Smooth top-K SVM (Berrada et al. 2018, arXiv:1802.07595).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      k: how many guesses are allowed.
      tau: temperature, above 0.
      alpha: margin.
    """
    check_k("smooth_top_k_svm", k, species)
    loss = without_noise(losses.smooth_top_k_svm, k=k, tau=tau, alpha=alpha)
    return of_records(loss, species, mesh)


def two_head_average_k(
    *,
    species: int,
    mesh: Mesh | None = None,
    k: int = 5,
    weight: float = 1.0,
    species_reduction: str = "mean",
):
    """Two-head average-K loss (Garcin et al. 2023, arXiv:2303.18118).

    Needs a model with a second head (`config.model.set_head = True`).

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      k: mean size of the species sets.
      weight: of the set head's loss.
      species_reduction: of its binary terms: `mean` or `sum`.
    """
    check_k("two_head_average_k", k, species)

    if species_reduction not in ("mean", "sum"):
        raise ValueError(
            f"objective 'two_head_average_k': unknown species_reduction "
            f"{species_reduction!r}; known: mean, sum."
        )
    # The mean is over the species that there are, not over the columns that pad them.
    share = weight / species if species_reduction == "mean" else weight

    def loss(logits, labels, where, key, **axes):
        del key
        of_ranks, of_sets = logits
        return losses.two_head_average_k(
            of_ranks,
            of_sets,
            labels,
            k=k,
            weight=share,
            species_reduction="sum",
            where=where,
            **axes,
        )

    return of_records(loss, species, mesh, heads=_both_heads)


def check_k(name: str, k: int, species: int) -> None:
    """Refuses a list as long as all species.

    Raises:
      ValueError: names the objective and the number.
    """
    if not 1 <= k < species:
        raise ValueError(
            f"objective {name!r}: k is {k}; want 1 or more and fewer than the "
            f"{species} species."
        )


def _both_heads(outputs):
    if "set_logits" not in outputs.auxiliary:
        raise ValueError(
            "objective 'two_head_average_k' needs a model with a second head: set "
            "config.model.set_head = True."
        )
    return outputs.logits, outputs.auxiliary["set_logits"]


def _margins(class_counts: Sequence[float], max_margin: float) -> dict[str, Array]:
    """Those of the imbalanced form, the rarest species' the widest; else the loss's."""
    if not max_margin:
        return {}
    return {"margin": losses.top_k_margins(np.asarray(class_counts), max_margin)}
