"""Fitting down-sampled random forests, one a species, into a checkpoint."""

from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh
from ml_collections import ConfigDict

from jaxsdm.registry import check_options, choose
from jaxsdm.training.checkpoints import Checkpoints, open_checkpoints
from jaxsdm.training.context import Context, Predictor
from jaxsdm.training.forest import Forest, fit_forest, predict_forest
from jaxsdm.training.maxent import partition_sites
from jaxsdm.training.problem import Problem

BY_NAME = {"random_forest": fit_forest}


def check(problem: Problem, config: ConfigDict, mesh: Mesh) -> None:
    """Refuses what a forest does not take.

    Raises:
      ValueError: an unknown model or option; lists the known ones.
    """
    del problem, mesh
    _options(config)


def fit(problem: Problem, config: ConfigDict, context: Context) -> None:
    """Grows the forest of every species, unless that was done before.

    The background of a species are the target-group cells, and with
    `config.background.mass` above 0 random cells beside them, drawn that many times as
    often.
    """
    task = problem.task.name
    about = problem.about(config)
    with open_checkpoints(context.checkpoints(task)) as checkpoints:
        if checkpoints.latest_step() is not None:
            _restore(checkpoints, about)
            context.progress.say(f"{task}: grown already")
            return
        context.progress.say(f"{task}: growing {problem.counts.shape[1]} forests")
        features, counts, weights = partition_sites(
            problem, float(config.background.mass)
        )
        forest = fit_forest(
            features,
            counts,
            seed=config.seeds[0],
            site_weights=weights,
            **_options(config),
        )
        size = _size(forest)
        checkpoints.save(1, forest._asdict(), about | size)
    context.log.append(task=task, stage="forest", step=1, nodes=size["nodes"])


def load(problem: Problem, config: ConfigDict, context: Context) -> Predictor:
    """The fitted forests: the log odds of presence against background.

    Raises:
      FileNotFoundError: not grown. ValueError: the checkpoint is another model's.
    """
    folder = context.checkpoints(problem.task.name)
    with open_checkpoints(folder, create=False) as checkpoints:
        forest = _restore(checkpoints, problem.about(config))
    return lambda inputs: predict_forest(forest, inputs["predictors"], form="log_odds")


def _options(config: ConfigDict) -> dict[str, Any]:
    options = config.model.to_dict()
    choose(BY_NAME, options.pop("name"), "model of a forest")
    hidden = ("features", "counts", "seed", "site_weights")
    check_options(fit_forest, options, "random_forest", hidden=hidden)
    return options


def _size(forest: Forest) -> dict[str, Any]:
    """What a reader must know before it can restore the arrays."""
    return {"nodes": len(forest.feature), "distance": forest.right.dtype.name}


def _restore(checkpoints: Checkpoints, about: dict[str, Any]) -> Forest:
    saved = checkpoints.about()
    size = {name: saved.get(name) for name in ("nodes", "distance")}
    nodes = (size["nodes"] or 0,)
    trees = (len(about["species"]), about["model"].get("trees", 0))
    shapes = {
        "feature": jax.ShapeDtypeStruct(nodes, np.int16),
        "value": jax.ShapeDtypeStruct(nodes, np.float32),
        "right": jax.ShapeDtypeStruct(nodes, np.dtype(size["distance"] or "int32")),
        "root": jax.ShapeDtypeStruct(trees, np.int32),
        "depth": jax.ShapeDtypeStruct(trees, np.int16),
    }
    state = checkpoints.restore(shapes, about | size)
    return Forest(**{name: np.asarray(value) for name, value in state.items()})
