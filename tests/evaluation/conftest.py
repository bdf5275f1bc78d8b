"""Two regions, three surveys, one of each reason not to score a species."""

import matplotlib.image
import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import Grid, SiteTable, Task
from jaxsdm.evaluation import canvas


def _table(rng, sites, species, counts, crs="EPSG:4326"):
    return SiteTable(
        x=rng.uniform(150, 153, sites),
        y=rng.uniform(-33, -28, sites),
        predictors=pd.DataFrame({"rain": rng.normal(size=sites)}),
        counts=np.asarray(counts, np.float32),
        species=tuple(species),
        crs=crs,
    )


def _task(rng, region, group, species, surveys, grid=None):
    return Task(
        name=f"{region}-{group}",
        region=region,
        group=group,
        records=_table(rng, 40, species, rng.random((40, len(species))) < 0.3),
        background=_table(rng, 200, species, np.zeros((200, len(species)))),
        surveys=surveys,
        continuous=("rain",),
        categorical=(),
        grid=grid,
    )


@pytest.fixture
def tasks() -> list[Task]:
    """North birds on two surveys (not all species looked for), south trees on one."""
    rng = np.random.default_rng(7)
    birds, trees = ("owl", "jay", "tit", "kea"), ("oak", "elm", "ash", "yew", "fir")
    dawn = (rng.random((60, 3)) < 0.4).astype(np.float32)
    dawn[5:20, 1] = np.nan
    dusk = (rng.random((30, 1)) < 0.4).astype(np.float32)
    plots = (rng.random((50, 5)) < 0.3).astype(np.float32)
    plots[:, 1], plots[:, 2], plots[:, 4] = 0, 1, np.nan
    north = _task(
        rng,
        "north",
        "bird",
        birds,
        {
            "dawn": _table(rng, 60, birds[:3], dawn),
            "dusk": _table(rng, 30, birds[3:], dusk),
        },
    )
    south = _task(rng, "south", "tree", trees, {"plots": _table(rng, 50, trees, plots)})
    south.records.counts[:, 3] = 0
    south.records.counts[:, [1, 2, 4]] = 1
    return [north, south]


@pytest.fixture
def scores(tasks) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(8)
    return {
        task.name: {
            name: rng.normal(size=survey.counts.shape).round(2)
            + np.nan_to_num(survey.counts)
            for name, survey in task.surveys.items()
        }
        for task in tasks
    }


@pytest.fixture
def world() -> Task:
    """A task on a grid of 6 x 8 cells of 500 m, one without data, whose truth is known.

    The model that matches it is `np.log(-np.log1p(-task.grid.truth))`.
    """
    rng = np.random.default_rng(9)
    row, column = (index.ravel()[1:] for index in np.indices((6, 8)))
    species = ("fern", "moss")
    sites = SiteTable(
        x=1000 + 500.0 * column,
        y=9000 - 500.0 * row,
        predictors=pd.DataFrame({"rain": rng.normal(size=47)}),
        counts=np.zeros((47, 2), np.float32),
        species=species,
    )
    truth = rng.uniform(0.02, 0.9, (47, 2)).astype(np.float32)
    task = _task(
        rng, "isle", "plant", species, {}, Grid(sites, row, column, (6, 8), truth)
    )
    at = rng.choice(47, 400)
    plots = SiteTable(
        x=sites.x[at] + rng.uniform(-240, 240, 400),
        y=sites.y[at] + rng.uniform(-240, 240, 400),
        predictors=pd.DataFrame({"rain": np.zeros(400)}),
        counts=(rng.random((400, 2)) < truth[at]).astype(np.float32)[:, ::-1],
        species=species[::-1],
    )
    task.surveys["plots"] = plots
    return task


@pytest.fixture
def drawn(monkeypatch):
    """Figures in the order in which they were saved."""
    figures = []
    save = canvas.save

    def keep(figure, path):
        figures.append(figure)
        save(figure, path)

    monkeypatch.setattr(canvas, "save", keep)
    return figures


@pytest.fixture
def is_a_picture():
    """Whether a file holds an image of some size in more than one colour."""

    def check(path):
        image = matplotlib.image.imread(path)
        return min(image.shape[:2]) > 200 and np.ptp(image[..., :3]) > 0.5

    return check
