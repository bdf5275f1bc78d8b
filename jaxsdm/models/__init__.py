"""Models: inputs in, `Outputs(features, logits, auxiliary)` out, as Flax Linen modules.

`build(name, species=..., features=..., **options)` makes the model a config names.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from flax import linen as nn

from jaxsdm.models.cosine_head import CosineHead
from jaxsdm.models.ensemble import apply_members, init_members, unroll_members
from jaxsdm.models.head import SpeciesHead, partition_specs
from jaxsdm.models.linear import Linear
from jaxsdm.models.maxent import (
    Maxent,
    MaxentFeatures,
    expanded_classes,
    expansion_constants,
    maxent_variables,
)
from jaxsdm.models.maxent_output import background_normalizer, maxent_output
from jaxsdm.models.maxent_penalty import maxent_penalties
from jaxsdm.models.outputs import Outputs
from jaxsdm.models.residual_cnn import ResidualCNN
from jaxsdm.models.residual_mlp import ResidualMLP
from jaxsdm.registry import choose

__all__ = [
    "BY_NAME",
    "CosineHead",
    "Linear",
    "Maxent",
    "MaxentFeatures",
    "Outputs",
    "ResidualCNN",
    "ResidualMLP",
    "SpeciesHead",
    "apply_members",
    "background_normalizer",
    "build",
    "expanded_classes",
    "expansion_constants",
    "init_members",
    "maxent_output",
    "maxent_penalties",
    "maxent_variables",
    "partition_specs",
    "unroll_members",
]

BY_NAME: dict[str, Callable[..., nn.Module]] = {
    "linear": Linear,
    "maxent": Maxent,
    "residual_cnn": ResidualCNN,
    "residual_mlp": ResidualMLP,
}


def build(
    name: str,
    *,
    species: int,
    features: int,
    patches: Sequence[str] = (),
    **options: Any,
) -> nn.Module:
    """Makes the model called `name`.

    Args:
        name: a key of `BY_NAME`.
        species: number of species (columns of the logits).
        features: columns of `inputs["predictors"]`.
        patches: names of the inputs that are patches of rasters.
        options: further fields of the model; lists, as JSON has them, become tuples.

    Raises:
        ValueError: an unknown name or option (the known ones are listed), patches for
            a model of tables, or none for one of patches.
    """
    model = choose(BY_NAME, name, "model")
    own = {f.name for f in dataclasses.fields(model)}  # type: ignore[arg-type]
    given = {"species": species, "predictors": features, "patches": tuple(patches)}
    if ("patches" in own) != bool(patches):
        raise ValueError(
            f"model {name!r} reads {'patches' if 'patches' in own else 'no patches'} "
            f"of rasters, and the config has {', '.join(patches) or 'none'} "
            "(config.patches)."
        )
    known = sorted(own - {*given, "parent", "name"})
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"model {name!r} has no options {unknown}; it takes {known}.")
    fields = {key: value for key, value in given.items() if key in own}
    fields |= {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in options.items()
    }
    return model(**fields)
