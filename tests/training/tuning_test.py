"""Tests for jaxsdm.training.tuning."""

import dataclasses

import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxsdm.training import default_config, open_run
from jaxsdm.training.config import for_task
from jaxsdm.training.tuning import best, candidates_of, last_within_one_se, tune


def test_best_is_the_highest_mean_the_first_among_equals():
    auc = np.array([[0.5, 0.7], [0.6, np.nan], [0.8, 0.4], [0.7, 0.9], [0.9, 0.7]])
    assert best(auc) == 3


def test_last_within_one_standard_error():
    rng = np.random.default_rng(0)
    top = rng.uniform(0.6, 0.9, 20)
    noise = rng.normal(0, 0.01, 20)
    noise -= noise.mean()
    error = noise.std(ddof=1) / np.sqrt(20)
    auc = np.stack(
        [
            top - 0.1,  # before the best: never chosen
            top,
            top + noise - 0.9 * error,  # worse, but within chance
            top + noise - 1.1 * error,  # worse by more
        ]
    )
    assert last_within_one_se(auc) == 2
    assert last_within_one_se(auc[[1, 3]]) == 0
    auc[:, 3] = np.nan  # a species that is not scored takes no part
    assert last_within_one_se(auc[:2]) == 1


def test_a_grid_is_tuned_and_its_choice_fits_the_config(tasks, config, tmp_path):
    config.tuning.folds = 2
    config.tuning.blocks = (4,)
    config.tuning.grid = {"learning_rate": (1e-2, 1e-9), "dropout": (0.0,)}
    config.stage.main.epochs = 20
    table, choices = tune(open_run(tmp_path / "run", config), tasks)
    name = tasks[0].name
    assert choices[name] == {
        "stage": {"main": {"optimizer": {"learning_rate": 1e-2}}},
        "model": {"dropout": 0.0},
    }
    assert set(table.criterion) == {"target_group", "background"}
    assert len(table) == 2 * 2 * 5
    assert table[table.chosen].candidate.unique() == [0]
    config.tasks = choices
    assert for_task(config, name).model.dropout == 0.0


def test_weights_of_a_blend_are_tuned(tasks, config, tmp_path):
    blend = default_config()
    blend.dataset = config.dataset
    config.stage.main.epochs = 10
    nothing = ConfigDict(config.to_dict())
    nothing.stage.main.optimizer.learning_rate = 1e-9
    forest = ConfigDict(config.to_dict())
    forest.fit = "forest"
    forest.model = ConfigDict({"name": "random_forest", "trees": 5})
    inner = ConfigDict(blend.to_dict())  # a blend may be a member of a blend
    inner.members = {"network": config, "nothing": nothing}
    inner.weights = {tasks[0].name: {"network": 1.0}}
    blend.members = {"network": inner, "nothing": nothing, "forest": forest}
    blend.tuning.folds = 2
    blend.tuning.blocks = (4,)
    blend.tuning.candidates = ({"nothing": 1.0}, {"network": 2.0, "forest": 2.0})
    blend.tuning.pooled = True
    _, choices = tune(open_run(tmp_path / "run", blend), tasks)
    assert choices == {tasks[0].name: {"network": 2.0, "forest": 2.0}}


def test_a_pooled_choice_is_one_for_all_tasks(tasks, config, tmp_path, monkeypatch):
    auc = {"a": [[0.6, 0.6], [0.7, 0.7]], "b": [[0.9, 0.9], [0.5, 0.5]]}
    monkeypatch.setattr(
        "jaxsdm.training.tuning._candidate_auc",
        lambda run, task, *_: {"target_group": np.asarray(auc[task.name])},
    )
    config.tuning.grid = {"dropout": (0.1, 0.2)}
    both = [
        dataclasses.replace(
            tasks[0],
            name=name,
            records=tasks[0].records.select_species(tasks[0].records.species[:2]),
        )
        for name in ("a", "b")
    ]
    _, apart = tune(open_run(tmp_path / "apart", config), both)
    assert [choice["model"]["dropout"] for choice in apart.values()] == [0.2, 0.1]
    config.tuning.pooled = True
    _, pooled = tune(open_run(tmp_path / "pooled", config), both)
    assert [choice["model"]["dropout"] for choice in pooled.values()] == [0.1, 0.1]


def test_nothing_to_choose_between(config):
    with pytest.raises(ValueError, match=r"config\.tuning\.grid"):
        candidates_of(config)
    config.members = {"a": {}}
    config.tuning.candidates = ({"b": 1.0}, {"a": 1.0})
    with pytest.raises(ValueError, match="b are not members; there are a"):
        candidates_of(config)
