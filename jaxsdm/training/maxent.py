"""Fitting classic Maxent, all species of a task at once, into a checkpoint."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from flax import linen as nn
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxsdm import models
from jaxsdm.training.checkpoints import open_checkpoints
from jaxsdm.training.context import Context, Predictor
from jaxsdm.training.problem import Problem
from jaxsdm.training.proximal import fit_maxent


def check(problem: Problem, config: ConfigDict, mesh: Mesh) -> None:
    """Refuses a model that is not Maxent's.

    Raises:
      ValueError: another model, or an unknown option; lists the known ones.
    """
    del mesh
    _module(problem, config)


def fit(problem: Problem, config: ConfigDict, context: Context) -> None:
    """Solves the convex problem of every species, unless that was done before.

    The sites are the target-group cells, and with `config.background.mass` above 0
    the random background beside them, weighing that much relative to the cells.
    """
    task = problem.task.name
    module = _module(problem, config)
    about = problem.about(config)
    with open_checkpoints(context.checkpoints(task)) as checkpoints:
        if checkpoints.latest_step() is not None:
            checkpoints.restore(_shapes(problem, module), about)
            context.progress.say(f"{task}: fitted already")
            return
        sites, counts, weights = partition_sites(problem, float(config.background.mass))
        constants = models.expansion_constants(sites)
        expand = models.MaxentFeatures(module.categorical, module.classes, module.knots)
        features = np.asarray(expand.apply({"constants": constants}, sites))
        classes = models.expanded_classes(
            module.categorical, classes=module.classes, knots=module.knots
        )
        penalties = models.maxent_penalties(
            features, counts, classes, multiplier=config.solver.regularization
        )
        solved = fit_maxent(
            features,
            counts,
            penalties,
            site_weights=weights,
            tolerance=config.solver.tolerance,
            max_iterations=config.solver.max_iterations,
        )
        variables = models.maxent_variables(solved.kernel.astype(np.float32), constants)
        state = {
            "variables": jax.tree.map(np.asarray, variables),
            "log_normalizer": solved.log_normalizer.astype(np.float32),
            "entropy": solved.entropy.astype(np.float32),
        }
        checkpoints.save(solved.iterations, state, about)
    used = solved.records > 0
    context.log.append(
        task=task,
        stage="maxent",
        step=solved.iterations,
        loss=float(np.mean(solved.objective[used])),
        violation=float(np.max(solved.violation[used])),
        gap=float(np.max(solved.gap[used])),
    )
    context.progress.say(
        f"{task}: {int(used.sum())} species in {solved.iterations} iterations, "
        f"objective {np.mean(solved.objective[used]):.4f} nats a record, largest "
        f"duality gap {np.max(solved.gap[used]):.1e}"
    )


def load(problem: Problem, config: ConfigDict, context: Context) -> Predictor:
    """The fitted model: log of Maxent's raw output, normalised over its sites.

    Raises:
      FileNotFoundError: not fitted. ValueError: the checkpoint is another model's.
    """
    module = _module(problem, config)
    folder = context.checkpoints(problem.task.name)
    with open_checkpoints(folder, create=False) as checkpoints:
        state = checkpoints.restore(_shapes(problem, module), problem.about(config))
    normalizer = np.asarray(state["log_normalizer"])

    def log_suitability(inputs: Mapping[str, Any]) -> np.ndarray:
        outputs: Any = module.apply(state["variables"], inputs)
        return np.asarray(outputs.logits) - normalizer

    return log_suitability


def _module(problem: Problem, config: ConfigDict) -> nn.Module:
    options = config.model.to_dict()
    return models.build(
        options.pop("name"),
        species=problem.counts.shape[1],
        features=problem.features.shape[1],
        categorical=tuple(bool(flag) for flag in problem.encoder.is_categorical),
        **options,
    )


def partition_sites(problem: Problem, mass: float):
    """The sites a model is fitted over: record sites, and background above mass 0.

    Returns:
      `(features [sites, features], counts [sites, species], weights [sites])`; the
      weights are None without background, else 1 for a record site and such that the
      background together weighs `mass` times the record sites.
    """
    if not mass:
        return problem.features, problem.counts, None
    number, extra = len(problem.features), len(problem.background)
    counts = np.zeros((number + extra, problem.counts.shape[1]), np.float32)
    counts[:number] = problem.counts
    weights = np.concatenate([np.ones(number), np.full(extra, mass * number / extra)])
    return np.concatenate([problem.features, problem.background]), counts, weights


def _shapes(problem: Problem, module: nn.Module):
    example = {"predictors": np.zeros((1, problem.features.shape[1]), np.float32)}
    variables = jax.eval_shape(lambda: module.init(jax.random.key(0), example))
    species = jax.ShapeDtypeStruct((problem.counts.shape[1],), np.float32)
    return {"variables": variables, "log_normalizer": species, "entropy": species}
