"""Tests for jaxsdm.training.running: steps with patches from every tier."""

import jax
import numpy as np
import pytest

from jaxsdm import parallel
from jaxsdm.training import make_problem
from jaxsdm.training.network_stage import Stage
from jaxsdm.training.running import open_steps


@pytest.fixture(scope="module")
def train(tasks_with_rasters, new_patch_config):
    """Runs the first steps of the stage; gives the parameters and the losses."""

    def train(calls=(4, 5), mesh=(1, 1), tier="device", state=None, first=0, **fields):
        config = new_patch_config()
        config.patches.around.tier = tier
        for name, value in fields.items():
            config[name] = value
        problem = make_problem(tasks_with_rasters[0], config)
        stage = Stage(problem, config, "main", parallel.make_mesh(*mesh))
        if state is None:
            state = stage.program.init(stage.hyper, problem.features.shape[1])
        allowed = [{}] * len(config.seeds)
        losses = []
        arguments = (stage, problem, config, parallel.make_mesh(*mesh), state, allowed)
        with open_steps(*arguments, first) as run:
            for number in calls:
                ran = run(state, first, number)
                state, first = ran.state, first + number
                losses.append(ran.losses)
                assert ran.waited >= 0
        return jax.tree.map(np.asarray, state), np.concatenate(losses)

    return train


@pytest.fixture(scope="module")
def alone(train):
    return train()


def same(one, other, **tolerance):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), one, other)


@pytest.mark.parametrize("tier", ["memory", "stream"])
def test_every_tier_trains_to_the_same(train, alone, tier):
    state, losses = train(tier=tier)
    np.testing.assert_allclose(losses, alone[1], rtol=1e-5)
    same(state.params, alone[0].params, atol=1e-5)


@pytest.mark.parametrize("mesh", [(4, 2), (8, 1)])
@pytest.mark.parametrize("tier", ["device", "memory"])
def test_every_mesh_trains_to_the_same(train, alone, mesh, tier):
    _, losses = train(mesh=mesh, tier=tier)
    np.testing.assert_allclose(losses, alone[1], rtol=1e-4)


@pytest.mark.parametrize("tier", ["device", "memory"])
def test_resumed_in_the_middle_of_an_epoch_to_the_same_bits(train, tier):
    whole = train(calls=(9,), tier=tier)
    state, losses = train(calls=(4,), tier=tier)
    rest, more = train(calls=(2, 3), tier=tier, state=state, first=4)
    np.testing.assert_array_equal(np.concatenate([losses, more]), whole[1])
    jax.tree.map(np.testing.assert_array_equal, rest, whole[0])


def test_a_member_trains_as_it_would_alone(train, alone):
    _, losses = train(seeds=(2,))
    np.testing.assert_allclose(losses[:, 0], alone[1][:, 1], rtol=1e-4)


def test_augmentation_changes_the_patches(train, alone):
    straight = train(augmentation={"flips": False, "turns": False, "jitter": 0})[1]
    assert not np.allclose(straight, alone[1], rtol=1e-4)


def test_steps_out_of_turn_are_refused(tasks_with_rasters, patch_config):
    problem = make_problem(tasks_with_rasters[0], patch_config)
    mesh = parallel.make_mesh(1, 1)
    stage = Stage(problem, patch_config, "main", mesh)
    state = stage.program.init(stage.hyper, problem.features.shape[1])
    with (
        open_steps(stage, problem, patch_config, mesh, state, [{}, {}]) as run,
        pytest.raises(ValueError, match="step 3 does not"),
    ):
        run(state, 3, 1)
