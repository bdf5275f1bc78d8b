"""A small virtual world and a config that trains on it in a second."""

import dataclasses
import functools
import signal

import numpy as np
import pytest
import xarray

from jaxsdm import datasets
from jaxsdm.data import open_stack
from jaxsdm.training import default_config, patches
from jaxsdm.training.interruption import Interruption


@pytest.fixture(scope="session")
def tasks():
    return datasets.load("virtual", size=32, species=5, surveys=80, seed=1)


def new_config():
    """A config that trains on the world in a second."""
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


@pytest.fixture
def config():
    return new_config()


@pytest.fixture(scope="session")
def tasks_with_rasters(tasks):
    """The same world with its continuous predictors and land cover as a raster."""
    return [dataclasses.replace(tasks[0], rasters={"landscape": opener(tasks[0])})]


def opener(task, bands=None):
    """Opens the rasters of a task's grid, in the order given."""
    grid = task.grid
    frame = grid.sites.predictors
    frame = frame.assign(land_cover=frame["land_cover"].astype("category").cat.codes)
    rows, columns = grid.shape
    size = 1000.0
    layers = {
        name: (("y", "x"), grid.raster(frame[name].to_numpy(np.float32)))
        for name in bands or frame.columns
    }
    dataset = xarray.Dataset(
        layers,
        coords={
            "y": (rows - np.arange(rows) - 0.5) * size,
            "x": (np.arange(columns) + 0.5) * size,
        },
    )
    return functools.partial(
        open_stack, dataset, crs="EPSG:32631", categorical=("land_cover",)
    )


@pytest.fixture(scope="session")
def new_patch_config():
    """Makes configs of a tiny convolutional network on patches of 6 x 6 cells."""

    def make():
        config = new_config()
        config.model = {"name": "residual_cnn", "widths": (8,), "groups": 4}
        config.model.dropout = 0.2
        config.patches.around = patches("landscape", 6)
        config.stage.main.epochs = 3
        return config

    return make


@pytest.fixture
def patch_config(new_patch_config):
    return new_patch_config()


class StopAfter(Interruption):
    """Asks to stop when the training loop has looked that many times."""

    def __init__(self, looks):
        self.looks = looks

    @property
    def number(self):
        self.looks -= 1
        return signal.SIGTERM if self.looks < 0 else None


@pytest.fixture
def stop_after():
    """`Interruption`s of a number of looks."""
    return StopAfter
