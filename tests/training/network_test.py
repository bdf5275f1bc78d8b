"""Tests for jaxsdm.training.network: stages, resume, refusals."""

import dataclasses
import json
import signal

import numpy as np
import pytest

from jaxsdm.training import (
    Run,
    load_members,
    load_predictor,
    network_stage,
    open_run,
    stage,
    train,
)
from jaxsdm.training.checkpoints import open_checkpoints
from jaxsdm.training.interruption import Interrupted
from jaxsdm.training.log import TrainLog


@pytest.fixture(scope="module")
def plots(tasks):
    return next(iter(tasks[0].surveys))


def predict(run, tasks, plots):
    return load_predictor(run, tasks[0])(tasks[0].surveys[plots], plots)


def told(folder):
    return [
        json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()
    ]


def test_a_stopped_run_ends_with_the_same_bits(
    tasks, config, plots, tmp_path, monkeypatch, stop_after
):
    whole = open_run(tmp_path / "whole", config)
    train(whole, tasks)
    stopped = open_run(tmp_path / "stopped", config)
    for _ in range(3):  # stopped again and again
        with monkeypatch.context() as patch:
            patch.setattr(
                "jaxsdm.training.interruption.Interruption", lambda: stop_after(1)
            )
            with pytest.raises(Interrupted) as caught:
                train(stopped, tasks)
        assert caught.value.code == 128 + signal.SIGTERM
        assert "is saved" in str(caught.value)
    train(open_run(tmp_path / "stopped", config), tasks)
    np.testing.assert_array_equal(
        predict(stopped, tasks, plots), predict(whole, tasks, plots)
    )
    lines = [told(run.folder) for run in (whole, stopped)]
    steps = [[line["step"] for line in part] for part in lines]
    assert steps[1] == sorted(set(steps[1]))  # nothing is told twice
    assert steps[0][-1] == steps[1][-1]


def test_a_kill_between_checkpoints_loses_only_steps(tasks, config, plots, tmp_path):
    """The state of an older step, as a kill leaves it, trains on to the same bits."""
    whole = open_run(tmp_path / "whole", config)
    train(whole, tasks)
    name = tasks[0].name
    killed = open_run(tmp_path / "killed", config)
    train(killed, tasks)
    folder = killed.folder / "checkpoints" / name
    with open_checkpoints(folder) as checkpoints:
        last = checkpoints.latest_step()
    for path in list(folder.glob(f"{last}")):
        path.rename(folder / f"{last}.orbax-checkpoint-tmp")  # never finished
    with open_checkpoints(folder) as checkpoints:
        assert checkpoints.latest_step() < last
    train(killed, tasks)
    np.testing.assert_array_equal(
        predict(killed, tasks, plots), predict(whole, tasks, plots)
    )


def test_a_finished_run_is_not_trained_again(tasks, config, tmp_path):
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    before = (run.folder / "train.jsonl").read_text()
    train(run, tasks)
    assert (run.folder / "train.jsonl").read_text() == before


def test_scores_are_normalised_over_the_training_sites(tasks, config, tmp_path):
    config.seeds = (1,)
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    scores = load_predictor(run, tasks[0])(tasks[0].records, "records")
    np.testing.assert_allclose(np.exp(scores.astype(float)).sum(0), 1, rtol=1e-4)


def test_members_say_what_is_recorded_at_a_place(tasks, config, plots, tmp_path):
    """Relative suitability times records; the mean over members is the predictor."""
    run = open_run(tmp_path, config)
    train(run, tasks)
    members = load_members(run, tasks[0])(tasks[0].surveys[plots], plots)
    assert members.set_logits is None
    assert len(members.logits) == len(config.seeds)
    records = np.maximum(tasks[0].records.counts.sum(0), 1)
    want = predict(run, tasks, plots) + np.log(records)
    np.testing.assert_allclose(members.logits.mean(0), want, rtol=1e-4, atol=1e-4)


def test_members_with_a_second_head(tasks, config, plots, tmp_path):
    config = config.copy_and_resolve_references()
    config.objective = {"name": "two_head_average_k", "k": 2}
    config.model.set_head = True
    run = open_run(tmp_path, config)
    train(run, tasks)
    members = load_members(run, tasks[0])(tasks[0].surveys[plots], plots)
    assert members.set_logits.shape == members.logits.shape
    assert not np.allclose(members.set_logits, members.logits)
    want = predict(run, tasks, plots)
    np.testing.assert_allclose(members.logits.mean(0), want, rtol=1e-4, atol=1e-4)


def test_training_beats_chance(tasks, config, plots, tmp_path):
    from sklearn.metrics import roc_auc_score

    config.stage.main.epochs = 40
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    present = tasks[0].surveys[plots].counts
    scores = predict(run, tasks, plots)
    both = (present.min(0) == 0) & (present.max(0) == 1)
    assert roc_auc_score(present[:, both], scores[:, both], average="macro") > 0.6


def test_stages_follow_each_other_and_freeze(tasks, config, tmp_path):
    config.stages = ("main", "head")
    config.stage.head = stage(epochs=2, frozen=("input", "block_0", "block_1"))
    config.stage.head.batch_size = 32
    config.seeds = (1,)
    run = open_run(tmp_path / "two", config)
    train(run, tasks)
    alone = config.copy_and_resolve_references()
    alone.stages = ("main",)
    one = open_run(tmp_path / "one", alone)
    train(one, tasks)
    two, one = (_params(run, tasks), _params(one, tasks))
    np.testing.assert_array_equal(two["input"]["kernel"], one["input"]["kernel"])
    assert not np.allclose(two["head"]["kernel"], one["head"]["kernel"])
    stages = [line["stage"] for line in told(run.folder)]
    assert stages == sorted(stages, key=("main", "head").index)
    assert set(stages) == {"main", "head"}


def _params(run, tasks):
    from jaxsdm.training.config import for_task
    from jaxsdm.training.fits import make_mesh
    from jaxsdm.training.problem import make_problem

    problem = make_problem(tasks[0], for_task(run.config, tasks[0].name))
    name = list(run.config.stages)[-1]
    part = network_stage.Stage(problem, run.config, name, make_mesh(run.config))
    shapes = part.program.shapes(len(run.config.seeds), problem.features.shape[1])
    with open_checkpoints(run.folder / "checkpoints" / tasks[0].name) as checkpoints:
        return checkpoints.restore(shapes, problem.about(run.config)).params


def test_what_is_kept_is_what_predicts(tasks, config, plots, tmp_path):
    last = open_run(tmp_path / "last", config)
    train(last, tasks)
    config.keep = "average"
    config.average_decay = 0.95
    average = open_run(tmp_path / "average", config)
    train(average, tasks)
    assert not np.allclose(predict(average, tasks, plots), predict(last, tasks, plots))
    with pytest.raises(ValueError, match="keep: saved 'last', wanted 'average'"):
        load_predictor(Run(last.folder, average.config), tasks[0])


def test_a_loss_that_is_not_finite_names_the_step(tasks, config, tmp_path):
    config.stage.main.optimizer.learning_rate = 1e30
    with pytest.raises(FloatingPointError, match=r"member 0 is (nan|inf) at step \d"):
        train(open_run(tmp_path / "run", config), tasks)


def test_another_architecture_is_refused(tasks, config, tmp_path):
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    run.config.model.hidden = 16
    with pytest.raises(ValueError, match=r"model: saved .*'hidden': 8.*'hidden': 16"):
        load_predictor(run, tasks[0])


def test_the_checkpoint_loads_on_another_mesh(tasks, config, plots, tmp_path):
    config.mesh.species = 5
    config.mesh.data = 1
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    want = predict(run, tasks, plots)
    run.config.mesh.species = 1
    np.testing.assert_allclose(predict(run, tasks, plots), want, atol=1e-4)


def test_padded_species_load_on_fewer_devices(tasks, config, plots, tmp_path):
    """Five species over two shards: the checkpoint holds six columns."""
    config.stage.main.epochs = 2
    config.checkpoint.every_steps = 0
    config.mesh.species = 2
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    want = predict(run, tasks, plots)
    run.config.mesh.species = 64
    np.testing.assert_allclose(predict(run, tasks, plots), want, atol=1e-4)
    config.mesh.species = 1
    config.stage.main.epochs = 7
    with pytest.raises(ValueError, match="columns: saved 6, wanted None"):
        train(Run(run.folder, config), tasks)


def test_tables_that_shrank_under_a_checkpoint(tasks, config, plots, tmp_path):
    config.stage.main.epochs = 2
    config.checkpoint.every_steps = 0
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    fewer = dataclasses.replace(tasks[0], records=tasks[0].records.take(np.arange(100)))
    with pytest.raises(ValueError, match=r"is of step 22, .* ends at step 8"):
        train(run, [fewer])


def test_no_rows_to_predict(tasks, config, tmp_path):
    config.stage.main.epochs = 2
    config.checkpoint.every_steps = 0
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    none = tasks[0].records.take(np.arange(0))
    assert load_predictor(run, tasks[0])(none, "none").shape == (0, 5)


def test_unknown_keep(tasks, config, tmp_path):
    config.keep = "first"
    with pytest.raises(ValueError, match="known: last, best_epoch, average"):
        train(open_run(tmp_path / "run", config), tasks)
    config.keep = "average"
    with pytest.raises(ValueError, match="average_decay > 0"):
        train(open_run(tmp_path / "other", config), tasks)


def test_log_survives_half_a_line(tmp_path):
    log = TrainLog(tmp_path)
    log.append(task="a", step=5, loss=1.0)
    log.append(task="b", step=5, loss=1.0)
    log.append(task="a", step=10, loss=1.0)
    with (tmp_path / "train.jsonl").open("a") as stream:
        stream.write('{"task": "a", "st')
    log.rewind("a", 5)
    lines = told(tmp_path)
    assert [(line["task"], line["step"]) for line in lines] == [("a", 5), ("b", 5)]


def test_batch_dimension_of_predictions_does_not_matter(tasks, config, plots, tmp_path):
    run = open_run(tmp_path / "run", config)
    train(run, tasks)
    survey = tasks[0].surveys[plots]
    predictor = load_predictor(run, tasks[0])
    whole = predictor(survey, "all")
    part = predictor(survey.take(np.arange(7)), "seven")
    np.testing.assert_allclose(part, whole[:7], atol=1e-5)
