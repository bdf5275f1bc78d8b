"""Tests for jaxsdm.mapping.runs."""

import numpy as np
import pytest
import rasterio
import scipy.special
from ml_collections import ConfigDict

from jaxsdm import mapping, models
from jaxsdm.training import (
    default_config,
    load_predictor,
    open_run,
    patches,
    train,
)


def config_of(fit="network", **objective):
    """Trains in a second."""
    config = default_config()
    config.fit = fit
    config.seeds = (1,)
    config.model.hidden = 8
    config.stage.main.epochs = 2
    if objective:
        config.objective = objective
    if fit == "maxent":
        config.model = {"name": "maxent"}
        config.solver.max_iterations = 20
    return config


def trained(folder, config, task):
    run = open_run(folder, config)
    train(run, [task], quiet=True)
    return run


def read(path):
    with rasterio.open(path) as raster:
        return raster.read(1), raster.tags()


def background_mass(config):
    config.background.mass = 1.0
    return config


CONFIGS = {
    "intensity": config_of,
    "maxent": lambda: background_mass(config_of("maxent")),
    "presence": lambda: config_of(name="binary_cross_entropy"),
}


@pytest.fixture(scope="module", params=CONFIGS)
def mapped(request, world, tmp_path_factory):
    """A run, its predictor on the grid of the task, and the folder of the maps."""
    folder = tmp_path_factory.mktemp(request.param)
    run = trained(folder / "run", CONFIGS[request.param](), world)
    done = mapping.map_run(run, world, folder / "maps")
    predict = load_predictor(run, world)
    return request.param, run, predict, folder / "maps", done


def test_the_maps_are_what_the_run_predicts(world, mapped):
    name, run, predict, folder, done = mapped
    scores = predict(world.grid.sites, "grid")
    if name == "presence":
        want = scipy.special.expit(scores)
    else:
        constants = models.background_normalizer(predict(world.background, "area"))
        want = models.maxent_output(
            scores, log_normalizer=constants[0], entropy=constants[1]
        )
    want = np.asarray(want)
    for number, file in enumerate(done.table["file"]):
        values, tags = read(folder / file)
        np.testing.assert_allclose(
            values, world.grid.raster(want[:, number]), rtol=1e-4, atol=1e-6
        )
        assert tags["OUTPUT"] == ("probability" if name == "presence" else "cloglog")
        assert tags["RUN"] == "run"
        assert f"fit {run.config.fit}" in tags["MODEL"]
        assert tags["TIFFTAG_SOFTWARE"].startswith("jaxsdm ")
        assert tags["CLAMPED"] == "no"


def test_novel_is_what_the_model_has_not_seen(world, mapped):
    name, *_, done = mapped
    # Background of all cells: nothing is outside, if a model has seen it.
    assert (done.novel_share > 0) == (name != "maxent")


def test_a_blend_is_mapped_like_its_members(world, tmp_path):
    config = default_config()
    config.members = ConfigDict({"a": config_of(), "b": config_of("maxent")})
    run = trained(tmp_path / "run", config, world)
    done = mapping.map_run(
        run, world, tmp_path / "maps", output="relative", extrapolation=False
    )
    values, tags = read(tmp_path / "maps" / done.table["file"][0])
    found = load_predictor(run, world)
    area, scores = found(world.background, "area"), found(world.grid.sites, "grid")
    want = np.exp(scores[:, 0]) / np.exp(area[:, 0]).mean()
    np.testing.assert_allclose(values, world.grid.raster(want), rtol=1e-4)
    assert tags["MODEL"] == "blend of a, b"


def test_a_model_that_reads_patches(world, tmp_path):
    config = config_of()
    config.model = {"name": "residual_cnn", "widths": (8,), "groups": 4}
    config.patches.around = patches("raster", 6)
    config.stage.main.epochs = 1
    run = trained(tmp_path / "run", config, world)
    with pytest.raises(ValueError, match=r"clamp: the model reads patches"):
        mapping.map_run(run, world, tmp_path / "maps", clamp=True)
    assert not (tmp_path / "maps").exists()
    done = mapping.map_run(run, world, tmp_path / "maps", output="relative")
    values, _ = read(tmp_path / "maps" / done.table["file"][0])
    found = load_predictor(run, world)
    area, scores = found(world.background, "area"), found(world.grid.sites, "grid")
    want = np.exp(scores[:, 0]) / np.exp(area[:, 0]).mean()
    np.testing.assert_allclose(values, world.grid.raster(want), rtol=1e-4)


def test_what_was_not_trained(world, tmp_path):
    run = open_run(tmp_path / "run", config_of())
    with pytest.raises(FileNotFoundError, match="train it first"):
        mapping.map_run(run, world, tmp_path / "maps")
    assert not (tmp_path / "maps").exists()
