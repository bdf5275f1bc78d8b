"""What every model gives back, and how it takes its tables.

A model is a Flax Linen module: `module.apply(variables, inputs, train=...)` with
`inputs` a dict modality -> array. Tables come as `inputs["predictors"]`, one row a
site and one column an encoded predictor; patches of rasters as `[batch, y, x, band]`
under names of their own, with where they are valid beside them, `{name}_valid`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Float


class Outputs(NamedTuple):
    """A model's answer for a batch of sites.

    Attributes:
        features: `[batch, features]`, what the species head reads.
        logits: `[batch, species]`, unitless. Under a presence-only loss they are
            log relative intensities: each species' column is known up to a constant.
        auxiliary: further arrays by name (attention maps, other heads); often empty.
    """

    features: Float[Array, "batch features"]
    logits: Float[Array, "batch species"]
    auxiliary: dict[str, Array]


def read_predictors(
    inputs: Mapping[str, Array], expected: int | None, model: str
) -> Float[Array, "batch predictors"]:
    """Gives `inputs["predictors"]` after checking its shape (at trace time).

    Args:
        inputs: the dict of modalities.
        expected: the number of columns the model was built for; None for any.
        model: the model's name, for the error.

    Raises:
        ValueError: no such modality, not a table, or another number of columns.
    """
    if "predictors" not in inputs:
        raise ValueError(
            f"{model}: inputs has no 'predictors', only {sorted(inputs)}; give a "
            "table [sites, predictors] under that name."
        )
    table = inputs["predictors"]
    if table.ndim != 2:
        raise ValueError(
            f"{model}: want inputs['predictors'] as [sites, predictors], got shape "
            f"{table.shape}."
        )
    if expected is not None and table.shape[1] != expected:
        raise ValueError(
            f"{model}: inputs['predictors'] has {table.shape[1]} columns, the model "
            f"was built for {expected}; encode the table with the predictors the "
            "model was trained on."
        )
    return table


def read_patches(
    inputs: Mapping[str, Array], name: str, model: str
) -> Float[Array, "batch y x channel"]:
    """Gives the patches of a name, missing values 0, after checking their shapes.

    Args:
        inputs: the dict of modalities.
        name: of the patches. Where `{name}_valid` (of the same shape) is given too, the
            share of bands that are valid in a cell becomes a last channel.
        model: the model's name, for the error.

    Raises:
        ValueError: no such modality, not patches, or a validity of another shape.
    """
    if name not in inputs:
        raise ValueError(
            f"{model}: inputs has no {name!r}, only {sorted(inputs)}; give patches "
            "[batch, y, x, band] under that name."
        )
    values = inputs[name]
    if values.ndim != 4:
        raise ValueError(
            f"{model}: want inputs[{name!r}] as [batch, y, x, band], got shape "
            f"{values.shape}."
        )
    valid = inputs.get(f"{name}_valid")
    if valid is None:
        return values
    if valid.shape != values.shape:
        raise ValueError(
            f"{model}: inputs['{name}_valid'] has shape {valid.shape}, the patches "
            f"have {values.shape}."
        )
    share = valid.mean(axis=-1, keepdims=True, dtype=values.dtype)
    return jnp.concatenate([jnp.where(valid, values, 0), share], axis=-1)
