"""Objectives: where a loss meets a model. Names a config may use, reduced to a scalar.

`objective(outputs, targets, key) -> (scalar, {name: scalar})`. An objective picks the
head, calls a loss inside its `shard_map` island, weights species and reduces.
Targets are those of `training.batches`: `counts [sites, species]`, `where [sites]`
(false for padding), `background [sites]` (rows without a record of any species that
only stand in the partition) and `site_weights [sites]`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence

import jax.numpy as jnp
from jax.sharding import Mesh
from jaxtyping import Array, Float

from jaxsdm import losses, parallel
from jaxsdm.models import Outputs
from jaxsdm.registry import check_options, choose
from jaxsdm.training import (
    background_objectives,
    record_objectives,
    site_objectives,
    top_k_objectives,
)
from jaxsdm.training.record_objectives import hide_padding

Targets = Mapping[str, Array]
Objective = Callable[
    [Outputs, Targets, Array | None], tuple[Float[Array, ""], dict[str, Array]]
]


def normalized_poisson(
    *, species: int, mesh: Mesh | None = None, count_power: float = 0.0
) -> Objective:
    r"""DeepMaxent's objective, with a choice of how much a record weighs.

    .. math:: \frac{1}{|B| C} \sum_c w_c \ell_c, \qquad
              w_c \propto n_c^{-\alpha}, \quad \sum_c w_c n_c = \sum_c n_c

    Args:
      species: the number of species, without padding of the species axis.
      mesh: the device mesh of the island.
      count_power: `alpha`; 0 is the authors' code (a species weighs as much as its
        records in the batch), 1 gives every species of the batch the same weight.
    """
    island = parallel.loss_island(
        _positional(losses.normalized_poisson), mesh, per_species=True
    )

    def objective(outputs, targets, key):
        del key
        loss = island(outputs.logits, *_arrays(targets))
        total = jnp.sum(loss)
        if count_power:
            records = jnp.sum(
                jnp.where(targets["where"][:, None], targets["counts"], 0), 0
            )
            weights = jnp.where(
                records > 0, jnp.maximum(records, 1.0) ** -count_power, 0.0
            )
            mass = jnp.maximum(jnp.sum(weights * records), 1e-9)
            total = jnp.sum(weights * loss) * jnp.sum(records) / mass
        return total / (_record_sites(targets) * species), {}

    return objective


def poisson(*, species: int, mesh: Mesh | None = None) -> Objective:
    """Poisson point-process loss, averaged over the sites and species of the batch."""
    island = parallel.loss_island(_positional(losses.poisson), mesh, per_species=True)

    def objective(outputs, targets, key):
        del key
        loss = island(hide_padding(outputs.logits, species), *_arrays(targets))
        return jnp.sum(loss) / (_record_sites(targets) * species), {}

    return objective


BY_NAME: dict[str, Callable[..., Objective]] = {
    "assume_negative": background_objectives.assume_negative,
    "asymmetric": site_objectives.asymmetric,
    "binary_cross_entropy": site_objectives.binary_cross_entropy,
    "expected_positive_regularization": (
        site_objectives.expected_positive_regularization
    ),
    "expected_top_k_hinge": top_k_objectives.expected_top_k_hinge,
    "focal": record_objectives.focal,
    "full_weighted": background_objectives.full_weighted,
    "hill": site_objectives.hill,
    "ldam": record_objectives.ldam,
    "logit_adjusted": record_objectives.logit_adjusted,
    "normalized_poisson": normalized_poisson,
    "poisson": poisson,
    "presence_only_cross_entropy": site_objectives.presence_only_cross_entropy,
    "sigmoid_f1": site_objectives.sigmoid_f1,
    "smooth_top_k_svm": top_k_objectives.smooth_top_k_svm,
    "softmax_cross_entropy": site_objectives.softmax_cross_entropy,
    "stochastic_top_k_hinge": top_k_objectives.stochastic_top_k_hinge,
    "two_head_average_k": top_k_objectives.two_head_average_k,
}


OF_SURVEYS = frozenset(
    name for name in BY_NAME if BY_NAME[name].__module__ == site_objectives.__name__
)
"""Objectives of tables in which a species may not have been looked for (NaN)."""

OVER_SPECIES = frozenset(BY_NAME) - {"normalized_poisson", "poisson"}
"""Objectives of softmax or sigmoid logits, which compare the species of a place; those
of the others are log intensities, which compare places."""


def build(
    name: str,
    *,
    species: int,
    mesh: Mesh | None = None,
    class_counts: Sequence[float] = (),
    prevalence: Sequence[float] = (),
    background: bool = False,
    **options,
) -> Objective:
    """The objective of that name.

    Args:
      name: a key of `BY_NAME`.
      species: the number of species, without padding of the species axis.
      mesh: the device mesh.
      class_counts: `[species]` records in the training table, for those that need
        them.
      prevalence: `[species]` share of the training sites with the species, likewise.
      background: whether the batches have rows of random background.
      options: further arguments of that objective.

    Raises:
      ValueError: no objective of that name, or an option that it does not take or
        cannot do without; the message lists the known ones.
    """
    make = choose(BY_NAME, name, "objective")
    given = {
        "species": species,
        "mesh": mesh,
        "class_counts": class_counts,
        "prevalence": prevalence,
        "background": background,
    }
    check_options(make, options, f"objective {name!r}", hidden=given)
    parameters = inspect.signature(make).parameters
    for option, parameter in parameters.items():
        if parameter.default is parameter.empty and option not in {**given, **options}:
            raise ValueError(f"objective {name!r} needs the option {option}.")
    return make(**{key: given[key] for key in given if key in parameters}, **options)


def _positional(loss):
    def four(logits, counts, where, site_weights, **names):
        return loss(logits, counts, where=where, site_weights=site_weights, **names)

    return four


def _arrays(targets: Targets) -> tuple[Array, Array, Array]:
    return targets["counts"], targets["where"], targets["site_weights"]


def _record_sites(targets: Targets) -> Array:
    """Sites of the batch that hold a record: the authors' |B|, at least 1."""
    sites = jnp.sum(targets["where"] & ~targets["background"])
    return jnp.maximum(sites, 1).astype(targets["counts"].dtype)
