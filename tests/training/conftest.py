"""A small virtual world and a config that trains on it in a second."""

import pytest

from jaxsdm import datasets
from jaxsdm.training import default_config


@pytest.fixture(scope="session")
def tasks():
    return datasets.load("virtual", size=32, species=5, surveys=80, seed=1)


@pytest.fixture
def config():
    config = default_config()
    config.dataset = {"name": "virtual", "size": 32, "species": 5, "surveys": 80}
    config.dataset.seed = 1
    config.seeds = (1, 2)
    config.model.hidden = 8
    config.model.dropout = 0.2
    config.stage.main.epochs = 6
    config.stage.main.batch_size = 32
    config.stage.main.optimizer.learning_rate = 1e-2
    config.checkpoint.every_steps = 5
    return config
