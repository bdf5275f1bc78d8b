"""The fields of a training config, with their defaults and what they mean.

A file under `configs/` starts from `default_config()` and changes what it needs; the
command line changes single fields (`--config.seeds=1,2`). Field names are locked.
"""

from collections.abc import Mapping
from typing import Any

from ml_collections import ConfigDict

from jaxsdm.data.predictors import SCALINGS
from jaxsdm.registry import choose


def default_config() -> ConfigDict:
    """Every field of a run that fits one kind of model.

    Returns:
      A `ConfigDict`; the comment beside each field says what it means.
    """
    config = ConfigDict()
    # Which tables, with the options of that dataset's `load`.
    config.dataset = ConfigDict({"name": "virtual"})
    # Rows with a missing predictor: "error", or "drop" which reports them.
    config.on_missing = "error"
    # Of continuous predictors: "standard", or "quantile" for very skewed ones.
    config.scaling = "standard"
    # What fits the model: a name of training.fits.BY_NAME.
    config.fit = "network"

    # Random background cells in the partition of the loss, beside the target group.
    config.background = ConfigDict()
    config.background.mass = 0.0  # their weight relative to the record sites
    config.background.batch_size = 0  # how many a batch; 0: as many as record sites

    config.model = ConfigDict({"name": "residual_mlp"})
    config.model.hidden = 250
    config.model.blocks = 2
    config.model.dropout = 0.0
    config.objective = ConfigDict({"name": "normalized_poisson"})

    # Inputs that are patches of rasters around the sites, {name: patches(raster=...)},
    # for models that read them, and how patches are changed while training.
    config.patches = ConfigDict()
    config.augmentation = ConfigDict({"flips": True, "turns": True, "jitter": 0})

    config.seeds = (655,)  # one member of the ensemble each
    config.bootstrap = False  # each member sees a bootstrap sample of the sites
    config.keep = "last"  # parameters used later: last, best_epoch or average
    config.average_decay = 0.0  # of the moving average; needed for keep="average"

    # Of fit="maxent", a convex problem: Maxent's regularisation multiplier, and when
    # the solver stops.
    config.solver = ConfigDict()
    config.solver.regularization = 1.0
    config.solver.tolerance = 1e-4
    config.solver.max_iterations = 150

    # Choices by spatial cross-validation on the records alone (scripts/tune.py).
    config.tuning = ConfigDict()
    config.tuning.folds = 5
    config.tuning.blocks = (5, 8)  # rows and columns of blocks; one repeat each
    config.tuning.seeds = (0,)  # members of a fold
    config.tuning.rule = "best"  # or last_within_one_se, for an ordered list
    config.tuning.pooled = False  # one choice for all tasks, on all their species
    # Of a network: {hyper-parameter: values}, of learning_rate, weight_decay, dropout
    # and background_mass. Of a blend: candidate weights, a tuple of {member: weight}.
    config.tuning.grid = ConfigDict()
    config.tuning.candidates = ()

    config.stages = ("main",)  # trained one after the other
    config.stage = ConfigDict({"main": stage()})

    config.mesh = ConfigDict({"data": 1, "species": 1})  # devices; data=0: all
    config.checkpoint = ConfigDict({"every_seconds": 60.0, "every_steps": 0})

    # Choices that differ between tasks: {task: {field: value or sub-fields}}.
    config.tasks = ConfigDict()
    # A blend instead of one kind of model: {member: whole config}, and the weight of
    # each member's log scores, {task: {member: weight}}; equal where none is given.
    config.members = ConfigDict()
    config.weights = ConfigDict()
    return config


def stage(**changes: Any) -> ConfigDict:
    """The fields of one stage of gradient training.

    Args:
      changes: fields to set; those of `optimizer` as a dict.

    Raises:
      AttributeError: an unknown field.
    """
    fields = ConfigDict()
    fields.epochs = 100
    fields.batch_size = 250  # record sites a step; 0: all of them
    fields.remainder = "short"  # last batch of an epoch: short, or wrap
    fields.frozen = ()  # parts of the network that do not change
    fields.objective = ConfigDict()  # fields that differ from config.objective
    fields.optimizer = ConfigDict({"name": "adam"})
    fields.optimizer.learning_rate = 2e-4
    fields.optimizer.weight_decay = 0.0
    fields.optimizer.decay = "decoupled"
    fields.optimizer.schedule = "constant"
    fields.optimizer.warmup_steps = 0
    fields.optimizer.clip_norm = 0.0
    fields.lock()
    fields.update(changes)
    return fields


def patches(raster: str, size: int | tuple[int, int], **changes: Any) -> ConfigDict:
    """The fields of one input that is made of patches.

    Args:
      raster: a name of the task's rasters.
      size: rows and columns of a patch.
      changes: further fields to set.

    Raises:
      AttributeError: an unknown field.
    """
    fields = ConfigDict({"raster": raster, "size": size})
    fields.step = 1  # every step-th cell: a larger surrounding in as many cells
    fields.convention = "cell"  # what is centred: the place's cell, or the point
    fields.tier = "device"  # where the raster is: device, memory, or stream
    fields.lock()
    fields.update(changes)
    return fields


def for_task(config: ConfigDict, task: str) -> ConfigDict:
    """The config of one task: its entry of `config.tasks` laid over the rest.

    Raises:
      ValueError: the entry names a field that there is not.
    """
    resolved = ConfigDict(config.to_dict())
    changes = resolved.tasks.get(task)
    if changes is not None:
        _lay_over(resolved, changes, f"tasks.{task}")
    return resolved


def check_values(config: ConfigDict) -> None:
    """Refuses values that no training can make sense of.

    Raises:
      ValueError: names the field, what it is and what it may be.
    """
    numbers = {
        "background.mass": (config.background.mass, "0 or more", lambda v: v >= 0),
        "model.dropout": (
            config.model.get("dropout", 0.0),
            "0 or more, below 1",
            lambda v: 0 <= v < 1,
        ),
        "average_decay": (
            config.average_decay,
            "0 or more, below 1",
            lambda v: 0 <= v < 1,
        ),
        "checkpoint.every_steps": (
            config.checkpoint.every_steps,
            "0 or more",
            lambda v: v >= 0,
        ),
    }
    for name in config.stages:
        fields = choose(config.stage, name, "stage")
        path, optimizer = f"stage.{name}", fields.optimizer
        numbers |= {
            f"{path}.epochs": (fields.epochs, "1 or more", lambda v: v >= 1),
            f"{path}.batch_size": (fields.batch_size, "0 or more", lambda v: v >= 0),
            f"{path}.optimizer.learning_rate": (
                optimizer.learning_rate,
                "above 0",
                lambda v: v > 0,
            ),
            f"{path}.optimizer.weight_decay": (
                optimizer.weight_decay,
                "0 or more",
                lambda v: v >= 0,
            ),
        }
    for field, (value, wanted, allowed) in numbers.items():
        values = value if isinstance(value, tuple | list) else (value,)
        if not all(allowed(one) for one in values):
            raise ValueError(f"config.{field} is {value}; it must be {wanted}.")
    if config.scaling not in SCALINGS:
        known = " or ".join(SCALINGS)
        raise ValueError(f"config.scaling is {config.scaling}; it must be {known}.")
    seeds = list(config.seeds)
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError(
            f"config.seeds is {tuple(seeds)}; want one different number a member."
        )


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The dotted names of fields whose values differ between two configs."""
    flat_one, flat_other = flatten(one), flatten(other)
    missing = object()
    return sorted(
        name
        for name in {*flat_one, *flat_other}
        if flat_one.get(name, missing) != flat_other.get(name, missing)
    )


def flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Dotted name to value; tuples become lists, as they do in JSON."""
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping | ConfigDict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = list(value) if isinstance(value, tuple) else value
    return flat


def _lay_over(config: ConfigDict, changes: Mapping[str, Any], where: str) -> None:
    for name, value in changes.items():
        if name not in config:
            known = ", ".join(sorted(config))
            raise ValueError(f"config.{where}: no field {name!r}; known: {known}.")
        if isinstance(value, Mapping | ConfigDict) and len(config[name]):
            _lay_over(config[name], value, f"{where}.{name}")
        else:
            with config.ignore_type():
                config[name] = value
