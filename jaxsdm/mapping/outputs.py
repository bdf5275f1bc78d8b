"""What the number in a cell of a map means, and how a model's scores become it.

Models say different things. One fitted to presence-only records as points gives the
logarithm of an intensity, which compares places and is known up to a constant per
species: it has no probability of presence in it, and `cloglog` is the usual way to show
it between 0 and 1. One fitted with a sigmoid loss gives the logit of what it was
trained to call present. One fitted with a softmax over species compares the species of
a place, not places.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32
from ml_collections import ConfigDict

from jaxsdm import models
from jaxsdm.registry import choose
from jaxsdm.training.config import for_task
from jaxsdm.training.objectives import OVER_SPECIES

SCALES = ("log_intensity", "presence_logit", "species_logit")
"""What a predictor's scores can be."""

SIGMOID = frozenset(
    {
        "assume_negative",
        "asymmetric",
        "binary_cross_entropy",
        "expected_positive_regularization",
        "full_weighted",
        "hill",
        "sigmoid_f1",
    }
)
"""Objectives that take the sigmoid of a logit for the probability of presence; those of
the others of `OVER_SPECIES` compare the species of a place."""

_LARGEST_LOG = 88.0  # e to that is still a float32


class Output(NamedTuple):
    """A meaning of a map's values.

    Attributes:
      scale: the one of `SCALES` that it is made from.
      meaning: in words, for whoever opens the map.
    """

    scale: str
    meaning: str


OUTPUTS = {
    "cloglog": Output(
        "log_intensity",
        "relative suitability from 0 to 1, 1 - exp(-exp(entropy) q), with q the "
        "intensity over its sum on the background (Phillips et al. 2017); a typical "
        "place of the species has 0.63; not a probability of presence",
    ),
    "logistic": Output(
        "log_intensity",
        "relative suitability from 0 to 1, Maxent's logistic output (Phillips & Dudik "
        "2008); a typical place of the species has 0.5; not a probability of presence",
    ),
    "relative": Output(
        "log_intensity",
        "intensity over its mean on the background: 1 is an average place, 10 ten "
        "times as many records expected; no upper limit",
    ),
    "probability": Output(
        "presence_logit",
        "sigmoid of the model's logit from 0 to 1: the probability of what the model "
        "was trained to call present; only as well calibrated as its training data",
    ),
    "share": Output(
        "species_logit",
        "softmax over the species of the place, which sum to 1: which of the species a "
        "record here would be; compares species, not places",
    ),
}
"""By name; the first of a scale is what is mapped if nobody asks for another."""


def scale_of(config: ConfigDict, task: str) -> str:
    """Which of `SCALES` the scores of a run's predictor have.

    Args:
      config: of the run.
      task: name of the task.

    Raises:
      ValueError: the members of a blend differ in it.
    """
    if len(config.members):
        found = {name: scale_of(one, task) for name, one in config.members.items()}
        if len(set(found.values())) > 1:
            said = ", ".join(f"{name} {scale}" for name, scale in found.items())
            raise ValueError(
                f"a blend of {said} has no common meaning on a map; map its members, "
                "each a run folder in members/."
            )
        return next(iter(found.values()))
    config = for_task(config, task)
    last = config.stage[config.stages[-1]]
    objective = (config.objective.to_dict() | last.objective.to_dict())["name"]
    if config.fit != "network" or objective not in OVER_SPECIES:
        return "log_intensity"
    return "presence_logit" if objective in SIGMOID else "species_logit"


def choose_output(output: str | None, scale: str) -> str:
    """The name of an output that scores of this scale can be shown as.

    Args:
      output: a key of `OUTPUTS`, or None for the usual one.
      scale: one of `SCALES`.

    Raises:
      ValueError: there is no such output, or not of this scale; lists those there are.
    """
    possible = [name for name, one in OUTPUTS.items() if one.scale == scale]
    if output is None:
        return possible[0]
    if choose(OUTPUTS, output, "output").scale != scale:
        raise ValueError(
            f"output {output!r} is for {OUTPUTS[output].scale}; this model gives "
            f"{scale}, which can be shown as {', '.join(possible)}."
        )
    return output


def fit_output(
    output: str, background: Float[np.ndarray, "cells species"]
) -> Callable[
    [Float[np.ndarray, "sites species"]], Float32[np.ndarray, "sites species"]
]:
    """The function from scores to the values of a map.

    Args:
      output: a key of `OUTPUTS`.
      background: scores of cells at random, which stand for the area: it is over them
        that intensities are normalised.

    References:
      Phillips, Anderson, Dudík, Schapire & Blair (2017), Opening the black box,
      doi:10.1111/ecog.03049 (cloglog); Phillips & Dudík (2008),
      doi:10.1111/j.0906-7590.2008.5203.x (logistic).
    """
    constants: tuple[Array, ...] = ()
    if OUTPUTS[output].scale == "log_intensity":
        scores = jnp.asarray(background, jnp.float32)
        constants = models.background_normalizer(scores)
    mean = jnp.log(jnp.float32(len(background)))
    shown = jax.jit(lambda scores: _shown(output, scores, constants, mean))
    return lambda scores: np.asarray(shown(jnp.asarray(scores, jnp.float32)))


def _shown(output: str, scores: Array, constants: Any, log_cells: Array) -> Array:
    if output == "probability":
        return jax.nn.sigmoid(scores)
    if output == "share":
        return jax.nn.softmax(scores, axis=1)
    log_normalizer, entropy = constants
    if output == "relative":
        log_mean = log_normalizer - log_cells
        return jnp.exp(jnp.minimum(scores - log_mean[None], _LARGEST_LOG))
    return models.maxent_output(
        scores, output, log_normalizer=log_normalizer, entropy=entropy
    )
