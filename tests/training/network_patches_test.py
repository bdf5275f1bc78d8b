"""Networks that see patches, through the run folder: stop, resume, predict."""

import dataclasses
import json

import numpy as np
import pytest

from jaxsdm.training import check, load_members, load_predictor, open_run, train
from jaxsdm.training.cross_validation import make_folds, network_scores
from jaxsdm.training.fits import make_mesh
from jaxsdm.training.interruption import Interrupted
from jaxsdm.training.problem import make_problem


@pytest.fixture(scope="module")
def trained(tasks_with_rasters, new_patch_config, tmp_path_factory):
    run = open_run(tmp_path_factory.mktemp("patches") / "run", new_patch_config())
    train(run, tasks_with_rasters)
    return run


def predict(run, tasks):
    return load_predictor(run, tasks[0])(tasks[0].surveys["plots"], "plots")


def test_a_stopped_run_ends_with_the_same_bits(
    trained, tasks_with_rasters, patch_config, tmp_path, monkeypatch, stop_after
):
    patch_config.checkpoint.every_steps = 5
    stopped = open_run(tmp_path / "stopped", patch_config)
    with monkeypatch.context() as patch:
        patch.setattr(
            "jaxsdm.training.interruption.Interruption", lambda: stop_after(1)
        )
        with pytest.raises(Interrupted):
            train(stopped, tasks_with_rasters)
    train(open_run(tmp_path / "stopped", patch_config), tasks_with_rasters)
    np.testing.assert_array_equal(
        predict(stopped, tasks_with_rasters), predict(trained, tasks_with_rasters)
    )


def test_the_time_spent_waiting_is_logged(trained):
    text = (trained.folder / "train.jsonl").read_text()
    for line in map(json.loads, text.splitlines()):
        assert 0 <= line["seconds_waited"] <= line["seconds"]


def test_members_and_their_mean(trained, tasks_with_rasters):
    (task,) = tasks_with_rasters
    plots = task.surveys["plots"]
    members = load_members(trained, task)(plots, "plots").logits
    assert members.shape == (2, len(plots), 5)
    assert not np.allclose(members[0], members[1])
    records = np.maximum(task.records.counts.sum(0), 1)
    want = predict(trained, tasks_with_rasters) + np.log(records)
    np.testing.assert_allclose(members.mean(0), want, rtol=1e-4, atol=1e-4)


def test_a_place_is_seen_with_its_surroundings(trained, tasks_with_rasters):
    """Another neighbourhood, the same values at the place: another prediction."""
    (task,) = tasks_with_rasters
    predictor = load_predictor(trained, task)
    plots = task.surveys["plots"]
    other = dataclasses.replace(plots, x=np.roll(plots.x, 1), y=np.roll(plots.y, 1))
    assert not np.allclose(predictor(plots, "plots"), predictor(other, "other"))
    same = dataclasses.replace(
        plots, predictors=plots.predictors.iloc[::-1].reset_index(drop=True)
    )
    np.testing.assert_array_equal(predictor(plots, "plots"), predictor(same, "same"))


def test_predictions_are_the_same_from_every_tier(trained, tasks_with_rasters):
    (task,) = tasks_with_rasters
    want = predict(trained, tasks_with_rasters)
    for tier in ("memory", "stream"):
        trained.config.patches.around.tier = tier
        np.testing.assert_allclose(predict(trained, [task]), want, rtol=1e-5, atol=1e-5)
    trained.config.patches.around.tier = "device"


def test_bands_are_found_by_name_and_missing_ones_told(trained, tasks_with_rasters):
    (task,) = tasks_with_rasters
    names = [*sorted(task.continuous, reverse=True), "land_cover"]

    def with_bands(chosen):
        def opener():
            return task.rasters["landscape"]().select(chosen)

        return [dataclasses.replace(task, rasters={"landscape": opener})]

    np.testing.assert_array_equal(
        predict(trained, with_bands(names)), predict(trained, tasks_with_rasters)
    )
    with pytest.raises(
        ValueError,
        match=rf"around: band {names[0]} of the model is not in the rasters: raster "
        rf"'landscape' has .*{names[1]}",
    ):
        predict(trained, with_bands(names[1:]))
    with pytest.raises(ValueError, match=rf"bands {names[2]}, {names[1]} of the model"):
        train(trained, with_bands([names[0], *names[3:]]))


def test_further_bands_are_told(tasks_with_rasters, trained):
    problem = make_problem(tasks_with_rasters[0], trained.config)
    (one,) = problem.patches.inputs
    saved = one.about()
    problem.check_bands({"patches": {"around": saved}})
    saved["categorical"] = {}
    with pytest.raises(ValueError, match="band land_cover of the rasters is not of"):
        problem.check_bands({"patches": {"around": saved}})


def test_out_of_fold_scores_of_a_network_that_sees_patches(
    tasks_with_rasters, patch_config
):
    patch_config.stage.main.epochs = 1
    problem = make_problem(tasks_with_rasters[0], patch_config)
    folds = make_folds(problem, 2, 3)
    grid = [{"learning_rate": 1e-3}, {"learning_rate": 1e-2}]
    mesh = make_mesh(patch_config)
    scores = network_scores(problem, patch_config, [folds], grid, mesh)
    assert scores.shape == (2, 1, len(folds.records) + len(folds.background), 5)
    assert np.isfinite(scores).all()
    assert (scores != 0).any(axis=-1).all()  # every row by the models of its fold
    assert not np.allclose(scores[0], scores[1])


@pytest.mark.parametrize("fit", ["maxent", "forest"])
def test_fits_of_tables_refuse_patches(tasks_with_rasters, patch_config, fit):
    patch_config.fit = fit
    with pytest.raises(ValueError, match=rf"fit '{fit}' reads tables alone"):
        check(patch_config, tasks_with_rasters)


def test_models_of_tables_refuse_patches(tasks_with_rasters, config, patch_config):
    config.patches = patch_config.patches
    with pytest.raises(ValueError, match=r"'residual_mlp' reads no patches .* around"):
        check(config, tasks_with_rasters)
