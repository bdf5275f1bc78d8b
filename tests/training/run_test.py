"""Tests for jaxsdm.training.run."""

import json

import pytest

from jaxsdm.training import load_run, open_run, select_tasks
from jaxsdm.training.config import differences
from jaxsdm.training.run import blend_weights


def test_a_run_is_reopened_by_the_same_config_only(config, tmp_path):
    open_run(tmp_path / "run", config)
    content = json.loads((tmp_path / "run" / "config.json").read_text())
    assert content["versions"]["jaxsdm"]
    assert differences(load_run(tmp_path / "run").config, config) == []
    open_run(tmp_path / "run", config)
    config.mesh.data = 2  # another machine may go on with it
    config.checkpoint.every_seconds = 1.0
    open_run(tmp_path / "run", config)
    config.model.hidden = 9
    with pytest.raises(FileExistsError, match=r"differ in model\.hidden"):
        open_run(tmp_path / "run", config)
    assert load_run(tmp_path / "run").config.model.hidden == 8


def test_of_several_processes_the_first_one_writes(config, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr("jaxsdm.parallel.wait", waited.append)
    with monkeypatch.context() as patch:
        patch.setattr("jax.process_index", lambda: 1)
        open_run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()
    open_run(tmp_path / "run", config)
    assert (tmp_path / "run" / "config.json").exists()
    assert len(waited) == 4  # before and after, each
    assert len(set(waited)) == 2


def test_a_folder_of_something_else_is_left_alone(config, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(FileExistsError, match="holds no run"):
        open_run(tmp_path, config)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_missing_run(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config\.json is missing"):
        load_run(tmp_path / "none")


def test_fields_too_many_and_too_few(config, tmp_path):
    config.epochs = 3
    with pytest.raises(
        ValueError, match=r"unknown fields \['epochs'\]; known: augmentation"
    ):
        open_run(tmp_path / "run", config)
    assert not (tmp_path / "run").exists()


def test_weights_of_a_blend(config):
    config.members = {"a": {}, "b": {}}
    assert blend_weights(config, "t") == {"a": 0.5, "b": 0.5}
    config.weights = {"t": {"b": 3.0}}
    assert blend_weights(config, "t") == {"a": 0.0, "b": 1.0}
    for bad in ({"c": 1.0}, {"a": -1.0, "b": 2.0}, {"a": 0.0}):
        config.weights = {"t": bad}
        with pytest.raises(ValueError, match="of the members a, b"):
            blend_weights(config, "t")


def test_choices_for_tasks_that_there_are_not(tasks, config):
    config.tasks = {"mars": {"keep": "last"}}
    with pytest.raises(ValueError, match="name mars; the dataset has virtual"):
        select_tasks(tasks, config)
