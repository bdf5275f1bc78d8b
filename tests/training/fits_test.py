"""Tests for jaxsdm.training.fits: every kind of fit, and blends."""

import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxsdm.training import default_config, load_predictor, open_run, train
from jaxsdm.training.run import member_runs


def other(config, fit, model):
    changed = ConfigDict(config.to_dict())
    changed.fit = fit
    changed.model = ConfigDict(model)
    return changed


@pytest.fixture
def maxent(config):
    return other(
        config, "maxent", {"name": "maxent", "classes": ("linear", "hinge"), "knots": 4}
    )


@pytest.fixture
def forest(config):
    return other(
        config, "forest", {"name": "random_forest", "trees": 10, "min_leaf": 2}
    )


def scores(run, tasks):
    plots = next(iter(tasks[0].surveys))
    return load_predictor(run, tasks[0])(tasks[0].surveys[plots], plots)


@pytest.mark.parametrize("mass", [0.0, 0.5])
def test_maxent_through_a_run_folder(tasks, maxent, tmp_path, mass):
    maxent.background.mass = mass
    run = open_run(tmp_path / "run", maxent)
    train(run, tasks)
    first = scores(run, tasks)
    assert first.shape == (80, 5)
    train(run, tasks)  # solved before: restored
    np.testing.assert_array_equal(scores(run, tasks), first)
    raw = np.exp(
        load_predictor(run, tasks[0])(tasks[0].records, "records").astype(float)
    )
    total = raw.sum(0)
    if mass:
        area = np.exp(
            load_predictor(run, tasks[0])(tasks[0].background, "area").astype(float)
        )
        total = total + mass * len(raw) * area.mean(0)
    np.testing.assert_allclose(total, 1, rtol=1e-3)


def test_forest_through_a_run_folder(tasks, forest, tmp_path):
    run = open_run(tmp_path / "run", forest)
    train(run, tasks)
    first = scores(run, tasks)
    assert np.isfinite(first).all()
    train(run, tasks)
    np.testing.assert_array_equal(scores(run, tasks), first)
    run.config.model.trees = 20
    with pytest.raises(ValueError, match="belongs to another model"):
        load_predictor(run, tasks[0])


def test_a_blend_is_the_weighted_mean_of_its_members(
    tasks, config, maxent, forest, tmp_path
):
    blend = default_config()
    blend.dataset = config.dataset
    blend.members = {"network": config, "maxent": maxent, "forest": forest}
    name = tasks[0].name
    blend.weights = {name: {"network": 1.0, "maxent": 3.0}}
    run = open_run(tmp_path / "blend", blend)
    train(run, tasks)
    parts = member_runs(run)
    assert set(parts) == {"network", "maxent", "forest"}
    trained = [
        part for part, one in parts.items() if (one.folder / "checkpoints").exists()
    ]
    assert set(trained) == {"network", "maxent"}  # the forest has no weight
    want = 0.25 * scores(parts["network"], tasks) + 0.75 * scores(
        parts["maxent"], tasks
    )
    np.testing.assert_allclose(scores(run, tasks), want, rtol=1e-5, atol=1e-5)


def test_choices_of_a_task_are_laid_over_the_rest(tasks, maxent, tmp_path):
    plain = open_run(tmp_path / "plain", maxent)
    train(plain, tasks)
    maxent.tasks = {tasks[0].name: {"solver": {"regularization": 100.0}}}
    strong = open_run(tmp_path / "strong", maxent)
    train(strong, tasks)
    assert np.ptp(scores(strong, tasks)) < 0.5 * np.ptp(scores(plain, tasks))


def test_a_task_that_was_not_trained(tasks, config, tmp_path):
    run = open_run(tmp_path / "run", config)
    with pytest.raises(FileNotFoundError, match="no complete checkpoint"):
        load_predictor(run, tasks[0])


def test_an_unknown_kind_of_fit(tasks, config, tmp_path):
    config.fit = "boosting"
    with pytest.raises(ValueError, match="known: forest, maxent, network"):
        train(open_run(tmp_path / "run", config), tasks)
