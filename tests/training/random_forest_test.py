"""Tests for jaxsdm.training.random_forest: what a forest is grown on."""

import numpy as np
import pytest
from ml_collections import ConfigDict

from jaxsdm.training import load_predictor, make_problem, open_run, random_forest, train
from jaxsdm.training.forest import fit_forest, predict_forest


@pytest.fixture
def forest(config):
    config.fit = "forest"
    config.model = ConfigDict({"name": "random_forest", "trees": 5, "min_leaf": 3})
    return config


@pytest.mark.parametrize("mass", [0.0, 0.5])
def test_sites_options_and_seed(tasks, forest, tmp_path, mass):
    forest.background.mass = mass
    run = open_run(tmp_path / "run", forest)
    train(run, tasks)
    problem = make_problem(tasks[0], forest)
    features, counts, weights = problem.features, problem.counts, None
    if mass:
        sites, cells = len(features), len(problem.background)
        features = np.concatenate([features, problem.background])
        counts = np.concatenate([counts, np.zeros((cells, 5), np.float32)])
        weights = np.repeat([1.0, mass * sites / cells], [sites, cells])
    want = fit_forest(
        features, counts, seed=1, trees=5, min_leaf=3, site_weights=weights
    )
    plots = tasks[0].surveys["plots"]
    np.testing.assert_array_equal(
        load_predictor(run, tasks[0])(plots, "plots"),
        predict_forest(
            want, problem.encode(plots, "plots")["predictors"], form="log_odds"
        ),
    )


def test_what_is_grown_is_not_grown_again(tasks, forest, tmp_path, monkeypatch):
    run = open_run(tmp_path / "run", forest)
    train(run, tasks)
    monkeypatch.setattr(random_forest, "fit_forest", None)
    train(run, tasks)
    with pytest.raises(FileNotFoundError, match="no complete checkpoint"):
        load_predictor(open_run(tmp_path / "other", forest), tasks[0])
    assert not (tmp_path / "other" / "checkpoints").exists()
