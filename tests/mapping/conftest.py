"""A small virtual world as files, and a model of it that needs no training."""

import numpy as np
import pytest

from jaxsdm import datasets

pytest.importorskip("rasterio")

SIZE = 24


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The task of 24 x 24 cells, some of them sea, and 3 species."""
    (task,) = datasets.load(
        "virtual_files",
        folder=str(tmp_path_factory.mktemp("mapping") / "world"),
        size=SIZE,
        species=3,
        surveys=20,
        seed=1,
    )
    assert len(task.grid.sites) < SIZE**2
    return task


@pytest.fixture(scope="session")
def predict(world):
    """Scores that are linear in the standardised predictors."""
    names = list(world.continuous)
    frame = world.background.predictors[names]
    slopes = np.random.default_rng(0).normal(size=(len(names), 3))

    def scores(table, name):
        assert name
        scaled = (table.predictors[names] - frame.mean()) / frame.std()
        return scaled.to_numpy(np.float64) @ slopes

    return scores
