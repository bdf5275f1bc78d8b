"""Tests for jaxsdm.mapping.outputs."""

import numpy as np
import pytest
import scipy.special

from jaxsdm.mapping.outputs import (
    OUTPUTS,
    SIGMOID,
    choose_output,
    fit_output,
    scale_of,
)
from jaxsdm.training import default_config
from jaxsdm.training.objectives import BY_NAME, OVER_SPECIES

RNG = np.random.default_rng(0)
BACKGROUND, SCORES = RNG.normal(size=(50, 3)) * 2, RNG.normal(size=(20, 3)) * 2


def raw(scores):
    return np.exp(scores) / np.exp(BACKGROUND).sum(0)


def entropy():
    q = raw(BACKGROUND)
    return -(q * np.log(q)).sum(0)


WANTED = {
    "cloglog": lambda z: 1 - np.exp(-np.exp(entropy()) * raw(z)),
    "logistic": lambda z: scipy.special.expit(np.log(raw(z)) + entropy()),
    "relative": lambda z: np.exp(z) / np.exp(BACKGROUND).mean(0),
    "probability": scipy.special.expit,
    "share": lambda z: scipy.special.softmax(z, axis=1),
}


@pytest.mark.parametrize("output", OUTPUTS)
def test_values_are_those_of_the_formula(output):
    got = fit_output(output, BACKGROUND)(SCORES)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, WANTED[output](SCORES), rtol=2e-5)


@pytest.mark.parametrize("output", ["cloglog", "logistic", "relative"])
def test_a_constant_of_a_species_changes_nothing(output):
    shift = np.array([0.0, 30.0, -30.0])
    got = fit_output(output, BACKGROUND + shift)(SCORES + shift)
    np.testing.assert_allclose(got, fit_output(output, BACKGROUND)(SCORES), rtol=1e-4)


@pytest.mark.parametrize("output", OUTPUTS)
def test_values_stay_finite_far_outside_of_the_background(output):
    got = fit_output(output, BACKGROUND)(np.array([[500.0, -500.0, 0.0]]))
    assert np.isfinite(got).all()
    if output != "relative":
        assert got.min() >= 0
        assert got.max() <= 1


def test_an_even_species_has_the_value_of_a_typical_place_everywhere():
    flat = np.zeros((50, 3))
    assert fit_output("cloglog", flat)(flat) == pytest.approx(1 - np.exp(-1), rel=1e-5)
    assert fit_output("logistic", flat)(flat) == pytest.approx(0.5, rel=1e-5)
    assert fit_output("relative", flat)(flat) == pytest.approx(1.0, rel=1e-5)


def test_each_objective_has_a_scale():
    config = default_config()
    found = {}
    for name in BY_NAME:
        config.objective = {"name": name}
        found[name] = scale_of(config, "any")
    assert {n for n in found if found[n] == "log_intensity"} == {
        "normalized_poisson",
        "poisson",
    }
    assert {n for n in found if found[n] == "presence_logit"} == SIGMOID
    assert SIGMOID < OVER_SPECIES
    assert found["softmax_cross_entropy"] == "species_logit"


def test_the_last_stage_and_the_task_decide():
    config = default_config()
    config.stage.main.objective = {"name": "binary_cross_entropy"}
    assert scale_of(config, "any") == "presence_logit"
    config.tasks = {"one": {"fit": "maxent"}}
    assert scale_of(config, "one") == "log_intensity"
    assert scale_of(config, "other") == "presence_logit"


def test_a_blend_has_the_scale_of_its_members_or_none():
    config, member = default_config(), default_config()
    member.fit = "forest"
    config.members = {"forest": member, "network": default_config()}
    assert scale_of(config, "any") == "log_intensity"
    config.members.network.objective = {"name": "hill"}
    with pytest.raises(
        ValueError, match=r"forest log_intensity, network presence_logit has no common"
    ):
        scale_of(config, "any")


@pytest.mark.parametrize(
    ("scale", "usual"),
    [
        ("log_intensity", "cloglog"),
        ("presence_logit", "probability"),
        ("species_logit", "share"),
    ],
)
def test_the_usual_output(scale, usual):
    assert choose_output(None, scale) == usual
    assert choose_output(usual, scale) == usual


def test_refused_outputs():
    with pytest.raises(ValueError, match=r"unknown output 'odds'; known: cloglog"):
        choose_output("odds", "log_intensity")
    with pytest.raises(
        ValueError,
        match=r"'probability' is for presence_logit; .* cloglog, logistic, relative\.",
    ):
        choose_output("probability", "log_intensity")
