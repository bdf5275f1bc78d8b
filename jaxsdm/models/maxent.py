"""Classic Maxent as a model: fixed features of the predictors and a species head.

Every continuous predictor is scaled to [0, 1] over the background (and clamped there,
as Maxent does when it projects) and expanded into feature classes:

    linear      z
    quadratic   z^2
    product     z_i z_j,  i < j
    hinge       max(0, (z - t_k) / (1 - t_k)), k < K-1  (forward)
                max(0, (t_k - z) / t_k),       k > 0    (reverse)

with `K` knots `t_k` evenly spaced on [0, 1]. Columns of a one-hot encoding pass through
as they are ("categorical"). The smallest and largest values are fitted constants, in
the collection "constants" beside "params", so trainers leave them alone.

Sources: Phillips & Dudík (2008), Ecography 31:161-175; Phillips et al. (2017),
Ecography 40:887-893 (maxnet). Differs: the knots lie on the range of the background,
the same for every species; no threshold features.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from jaxsdm.models.head import SpeciesHead
from jaxsdm.models.outputs import Outputs, read_predictors

CLASSES = ("linear", "quadratic", "product", "hinge")


def expansion_constants(
    background: Float[Array, "rows predictors"],
) -> dict[str, Float[Array, " predictors"]]:
    """Fits the scaling of `MaxentFeatures`: its collection "constants".

    Args:
        background: encoded predictors of the sites that make up the background.
    """
    return {"minimum": background.min(0), "maximum": background.max(0)}


def expanded_classes(
    categorical: Sequence[bool], *, classes: Sequence[str] = CLASSES, knots: int = 12
) -> tuple[str, ...]:
    """The feature class of every column that `MaxentFeatures` gives, in order.

    Args:
        categorical: for each predictor column, whether it is passed through.
        classes: feature classes to expand into, a subset of `CLASSES`.
        knots: hinge knots a predictor.

    Raises:
        ValueError: an unknown feature class, or fewer than two knots.
    """
    unknown = sorted(set(classes) - set(CLASSES))
    if unknown:
        raise ValueError(f"feature classes {unknown} are not known; use {CLASSES}.")
    if "hinge" in classes and knots < 2:
        raise ValueError(f"hinge features need at least 2 knots, got {knots}.")
    continuous = len(categorical) - sum(categorical)
    columns = {
        "linear": continuous,
        "quadratic": continuous,
        "product": continuous * (continuous - 1) // 2,
        "hinge": 2 * (knots - 1) * continuous,
    }
    kinds = [[kind] * columns[kind] for kind in CLASSES if kind in classes]
    kinds.append(["categorical"] * sum(categorical))
    return tuple(itertools.chain(*kinds))


class MaxentFeatures(nn.Module):
    """The input layer of Maxent: predictors to features, nothing trained.

    Initialise it with the predictors of the *background sites* (the constants are
    their minimum and maximum), or give `expansion_constants(background)` to `apply` as
    the collection "constants".

    NumPy tables with NumPy constants are expanded by NumPy, equal to float rounding:
    nothing is compiled for each size of table.

    Attributes:
        categorical: for each predictor column, whether it is one-hot and passed
            through; None for a table of continuous predictors.
        classes: feature classes, a subset of `CLASSES`.
        knots: hinge knots a predictor, ends included.
    """

    categorical: tuple[bool, ...] | None = None
    classes: tuple[str, ...] = CLASSES
    knots: int = 12

    @nn.compact
    def __call__(
        self, predictors: Float[Array, "sites predictors"]
    ) -> Float[Array, "sites features"]:
        """Gives `[sites, features]`; `expanded_classes` says what each column is."""
        width = predictors.shape[1]
        categorical = self.categorical or (False,) * width
        if len(categorical) != width:
            raise ValueError(
                f"MaxentFeatures: 'categorical' describes {len(categorical)} columns, "
                f"the table has {width}."
            )
        expanded_classes(categorical, classes=self.classes, knots=self.knots)
        low = self.variable("constants", "minimum", lambda: predictors.min(0)).value
        high = self.variable("constants", "maximum", lambda: predictors.max(0)).value
        return _expand(
            predictors, low, high, np.asarray(categorical), self.classes, self.knots
        )


class Maxent(nn.Module):
    """Maxent for all species at once: `MaxentFeatures` and a head without a bias.

    Any trainer can fit it; `jaxsdm.training.fit_maxent` solves the L1-penalised convex
    problem and gives the head's kernel.

    Attributes:
        species: number of species.
        predictors: columns of the input table, checked when given.
        categorical, classes, knots: see `MaxentFeatures`.
    """

    species: int
    predictors: int | None = None
    categorical: tuple[bool, ...] | None = None
    classes: tuple[str, ...] = CLASSES
    knots: int = 12

    @nn.compact
    def __call__(self, inputs: Mapping[str, Array], train: bool = False) -> Outputs:
        """Gives features `[batch, features]` and log intensity `[batch, species]`."""
        del train
        table = read_predictors(inputs, self.predictors, "Maxent")
        expand = MaxentFeatures(
            self.categorical, self.classes, self.knots, name="expansion"
        )
        features = expand(table)
        head = SpeciesHead(self.species, initialization="zeros", name="head")
        return Outputs(features, head(features), {})


def maxent_variables(
    kernel: Float[Array | np.ndarray, "features species"],
    constants: Mapping[str, Array],
) -> dict[str, Any]:
    """The variables of `Maxent` from a solved kernel and `expansion_constants`."""
    return {
        "params": {"head": {"kernel": kernel}},
        "constants": {"expansion": dict(constants)},
    }


def _expand(predictors, low, high, is_categorical, classes, knots):
    tables = (predictors, low, high)
    xp = np if all(isinstance(x, np.ndarray) for x in tables) else jnp
    span = xp.where(high > low, high - low, 1)[None, :]
    z = xp.clip((predictors - low[None, :]) / span, 0, 1)[:, ~is_categorical]
    parts = []
    if "linear" in classes:
        parts.append(z)
    if "quadratic" in classes:
        parts.append(z**2)
    if "product" in classes:
        first, second = np.triu_indices(z.shape[1], 1)
        parts.append(z[:, first] * z[:, second])
    if "hinge" in classes:
        knot = np.linspace(0, 1, knots, dtype=z.dtype)
        parts += [xp.maximum((z - t) / (1 - t), 0) for t in knot[:-1]]
        parts += [xp.maximum((t - z) / t, 0) for t in knot[1:]]
    parts.append(predictors[:, is_categorical])
    return xp.concatenate(parts, axis=1)
