"""Tests for jaxsdm.training.check: what is refused before a run folder is made."""

import dataclasses

import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxsdm.training import check, default_config


def put(config, **fields):
    """Sets dotted fields, written with two underscores for a dot."""
    for name, value in fields.items():
        *path, last = name.split("__")
        part = config
        for step in path:
            part = part[step]
        with part.unlocked(), part.ignore_type():
            part[last] = ConfigDict(value) if isinstance(value, dict) else value
    return config


FOREST = {"name": "random_forest"}
MAXENT = {"name": "maxent"}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"epochs": 3}, r"unknown fields \['epochs'\]; known: augmentation"),
        ({"fit": "boosting"}, "unknown fit 'boosting'; known: forest, maxent, network"),
        ({"model__name": "resnet"}, "unknown model 'resnet'; known: linear, maxent"),
        ({"model__width": 3}, r"no options \['width'\]; it takes .*'hidden'"),
        ({"objective__name": "cubic"}, "unknown objective 'cubic'; known: assume_neg"),
        ({"objective__alpha": 1.0}, "no option alpha; known: count_power"),
        ({"stages": ("tail",)}, "unknown stage 'tail'; known: main"),
        ({"keep": "first"}, "known: last, best_epoch, average"),
        ({"keep": "average"}, "needs config.average_decay > 0"),
        ({"stage__main__optimizer__name": "lion"}, "'lion'; known: adam, sgd"),
        ({"stage__main__frozen": ("tail",)}, "no parameter under 'tail'"),
        ({"stage__main__remainder": "cut"}, "known: short, wrap"),
        ({"model__dropout": (0.1,)}, "2 seeds but 1 values of dropout"),
        ({"mesh__species": 9}, "needs 9 devices, and there are 8"),
        ({"on_missing": "fill"}, "fill"),
        ({"fit": "forest", "model": FOREST | {"leaves": 3}}, "no option leaves; known"),
        ({"fit": "forest"}, "unknown model of a forest 'residual_mlp'; known: random"),
        ({"fit": "maxent", "model": MAXENT | {"kinks": 3}}, r"no options \['kinks'\]"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_refused(tasks, config, fields, text):
    with pytest.raises(ValueError, match=text):
        check(put(config, **fields), tasks)


@pytest.mark.parametrize(
    "fields",
    [{}, {"fit": "forest", "model": FOREST}, {"fit": "maxent", "model": MAXENT}],
)
def test_passes(tasks, config, fields):
    check(put(config, **fields), tasks)


def test_choices_of_a_task(tasks, config):
    config.tasks = {tasks[0].name: {"keep": "first"}}
    with pytest.raises(ValueError, match=r"unknown config\.keep 'first'"):
        check(config, tasks)


def test_every_member_of_a_blend(tasks, config):
    blend = default_config()
    blend.dataset = config.dataset
    blend.members = {"good": config, "bad": put(default_config(), keep="first")}
    with pytest.raises(ValueError, match=r"unknown config\.keep 'first'"):
        check(blend, tasks)
    blend.members = {"good": config}
    check(blend, tasks)
    blend.weights = {tasks[0].name: {"other": 1.0}}
    with pytest.raises(ValueError, match="of the members good"):
        check(blend, tasks)


def test_species_that_were_not_looked_for(tasks, config):
    (task,) = tasks
    counts = task.records.counts.copy()
    counts[0, 0] = np.nan
    records = dataclasses.replace(task.records, counts=counts)
    surveyed = [dataclasses.replace(task, records=records)]
    said = "1 of .* not looked for .* objective normalized_poisson has no use .* asym"
    with pytest.raises(ValueError, match=said):
        check(config, surveyed)
    with pytest.raises(ValueError, match="fit 'maxent' has no use"):
        check(put(config, fit="maxent", model={"name": "maxent"}), surveyed)
    fields = {"fit": "network", "model": {"name": "linear"}}
    check(put(config, objective={"name": "hill"}, **fields), surveyed)
