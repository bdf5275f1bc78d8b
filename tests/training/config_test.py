"""Tests for jaxsdm.training.config."""

import pytest

from jaxsdm.training.config import (
    check_values,
    default_config,
    differences,
    for_task,
    stage,
)


def test_choices_reach_their_field_and_no_other():
    config = default_config()
    config.tasks = {"t": {"background": {"mass": 0.3}, "seeds": (1, 2)}}
    chosen = for_task(config, "t")
    assert differences(chosen, for_task(config, "other")) == [
        "background.mass",
        "seeds",
    ]
    assert chosen.background.mass == 0.3
    assert config.background.mass == 0.0


def test_a_choice_of_an_unknown_field():
    config = default_config()
    config.tasks = {"t": {"background": {"weight": 0.3}}}
    with pytest.raises(
        ValueError,
        match=r"config\.tasks\.t\.background: no field 'weight'; known: batch_size",
    ):
        for_task(config, "t")


def test_a_tuple_and_a_list_are_the_same_once_in_json():
    assert differences({"a": (1, 2)}, {"a": [1, 2]}) == []
    assert differences({"a": {"b": 1}}, {"a": {"b": 2}, "c": 3}) == ["a.b", "c"]


def test_a_stage_of_unknown_fields():
    with pytest.raises((AttributeError, KeyError)):
        stage(epoch=3)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("model.dropout", 1.0, "below 1"),
        ("model.dropout", (0.1, -0.1), "0 or more"),
        ("background.mass", -1.0, "0 or more"),
        ("average_decay", 1.5, "below 1"),
        ("checkpoint.every_steps", -1, "0 or more"),
        ("stage.main.epochs", 0, "1 or more"),
        ("stage.main.batch_size", -1, "0 or more"),
        ("stage.main.optimizer.learning_rate", 0.0, "above 0"),
        ("stage.main.optimizer.weight_decay", -1.0, "0 or more"),
        ("scaling", "quantiles", "it must be standard or quantile"),
        ("seeds", (), "one different number a member"),
        ("seeds", (1, 1), "one different number a member"),
    ],
)
def test_values_that_make_no_sense(field, value, wanted):
    config = default_config()
    check_values(config)
    place = config
    *path, name = field.split(".")
    for part in path:
        place = place[part]
    with config.ignore_type():
        place[name] = value
    with pytest.raises(ValueError, match=wanted) as caught:
        check_values(config)
    assert f"config.{field}" in str(caught.value)
