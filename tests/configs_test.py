"""Every shipped config trains, shrunken, on a small virtual world."""

import ast
import pathlib
import runpy

import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxsdm import datasets
from jaxsdm.training import load_predictor, open_run, train

ROOT = pathlib.Path(__file__).parents[1]
FILES = sorted((ROOT / "configs").rglob("*.py"))


def shrink(config, task):
    """The same config with one small member of each kind and few steps."""
    config = ConfigDict(config.to_dict())
    config.tasks = ConfigDict()
    if len(config.members):
        config.members = ConfigDict(
            {name: shrink(member, task) for name, member in config.members.items()}
        )
        if config.weights:  # those of the first task, for the virtual one
            config.weights = {task: next(iter(config.weights.values()))}
        return config
    config.seeds = config.seeds[:1]
    for name, value in {"hidden": 8, "trees": 3}.items():
        if name in config.model:
            config.model[name] = value
    if config.model.name == "residual_cnn":
        config.model.widths = (8,)
    for one in config.patches.values():
        one.raster, one.size = "raster", 6
    config.solver.max_iterations = 5
    if "k" in config.objective:
        config.objective.k = 1
    for name in config.stages:
        config.stage[name].epochs = 1
    return config


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_config_trains(path, tmp_path, folder):
    config = runpy.run_path(str(path))["get_config"]()
    dataset = {"name": "virtual_files", "folder": folder, "size": 24, "species": 3}
    dataset |= {"surveys": 20, "seed": 1}
    tasks = datasets.load(**dataset)
    small = shrink(config, tasks[0].name)
    small.dataset = dataset
    run = open_run(tmp_path / "run", small)
    train(run, tasks, quiet=True)
    scores = load_predictor(run, tasks[0])(tasks[0].records, "records")
    assert np.isfinite(scores).all()
    assert (scores.std(0) > 0).all()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_shipped_config_says_what_it_reproduces(path):
    text = ast.get_docstring(ast.parse(path.read_text()))
    assert f"--config={path.relative_to(ROOT)}" in text
    assert "AUC" in text
    assert "time" in text.lower()
