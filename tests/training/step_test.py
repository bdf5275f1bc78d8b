"""Tests for jaxsdm.training.step: one program, whatever the devices and members."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsdm import models, parallel
from jaxsdm.training import objectives, optimizers
from jaxsdm.training.batches import Plan, batch_rows
from jaxsdm.training.step import Program, make_hyper
from jaxsdm.training.step_table import make_table

SITES, BACKGROUND, FEATURES, SPECIES = 40, 12, 5, 6
RNG = np.random.default_rng(0)
X = RNG.normal(size=(SITES, FEATURES)).astype(np.float32)
Y = RNG.poisson(0.4, (SITES, SPECIES)).astype(np.float32)
EXTRA = RNG.normal(size=(BACKGROUND, FEATURES)).astype(np.float32)


def train(
    mesh_shape=(1, 1),
    seeds=(3, 4),
    calls=(20,),
    loss="normalized_poisson",
    learning_rate=1e-2,
    dropout=0.2,
    background_mass=0.5,
    batch_size=16,
    keep_best=True,
    average_decay=0.9,
    extra=EXTRA,
):
    """The state after some calls, and the losses of every step."""
    mesh = parallel.make_mesh(*mesh_shape)
    species = parallel.round_up(SPECIES, mesh_shape[1])
    plan = Plan(
        SITES,
        len(extra),
        batch_size=batch_size,
        background_batch_size=8,
        multiple=mesh_shape[0],
    )
    program = Program(
        module=models.build(
            "residual_mlp", species=species, features=FEATURES, hidden=8
        ),
        objective=objectives.build(loss, species=SPECIES, mesh=mesh),
        optimizer=lambda rate, decay: optimizers.build(
            total_steps=20, learning_rate=rate, weight_decay=decay, clip_norm=1.0
        ),
        mesh=mesh,
        steps_per_epoch=plan.steps_per_epoch,
        dropout=bool(np.any(dropout)),
        keep_best=keep_best,
        average_decay=average_decay,
    )
    hyper = make_hyper(
        seeds,
        learning_rate=learning_rate,
        weight_decay=1e-3,
        dropout=dropout,
        background_mass=background_mass,
    )
    table = make_table(X, Y, extra, mesh)
    state = program.init(hyper, FEATURES)
    run, start, losses = program.compile(len(seeds), FEATURES), 0, []
    for count in calls:
        rows = np.stack([batch_rows(plan, s, start, start + 20) for s in seeds])
        ends = plan.epoch_ends(start, start + 20)
        state, part = run(state, table, hyper, rows, ends, jnp.int32(count))
        losses.append(np.asarray(part)[:count])
        start += count
    return jax.tree.map(np.asarray, state), np.concatenate(losses)


@pytest.fixture(scope="module")
def alone():
    return train()


def assert_same(one, other, **tolerance):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **tolerance), one, other)


@pytest.mark.parametrize("mesh", [(4, 2), (1, 8), (8, 1)])
def test_same_losses_and_state_after_20_steps_on_any_mesh(alone, mesh):
    state, losses = train(mesh)
    np.testing.assert_allclose(losses, alone[1], rtol=2e-5)

    def cut(padded, plain):  # columns that only pad the species axis
        return padded[..., : plain.shape[-1]]

    got = jax.tree.map(cut, state.params, alone[0].params)
    assert_same(got, alone[0].params, atol=2e-5)


def test_sharded_where_it_should_be():
    mesh = parallel.make_mesh(4, 2)
    program = Program(
        models.build("residual_mlp", species=SPECIES, features=FEATURES, hidden=8),
        objectives.build("normalized_poisson", species=SPECIES, mesh=mesh),
        lambda rate, decay: optax.adam(rate),
        mesh,
        steps_per_epoch=1,
    )
    shardings = program.shardings(2, FEATURES)
    moment = shardings.opt_state[0].mu["head"]["kernel"].spec
    assert moment == shardings.params["head"]["kernel"].spec
    assert moment[-1] == "species"
    assert shardings.params["input"]["kernel"].spec == jax.sharding.PartitionSpec()


def test_however_the_steps_are_grouped_into_calls(alone):
    state, losses = train(calls=(1, 7, 12))
    jax.tree.map(np.testing.assert_array_equal, (state, losses), alone)


def test_a_member_trains_as_it_would_alone(alone):
    state, losses = train(seeds=(4,))
    np.testing.assert_allclose(losses[:, 0], alone[1][:, 1], rtol=1e-4)
    member = jax.tree.map(lambda x: x[1], alone[0].params)
    assert_same(jax.tree.map(lambda x: x[0], state.params), member, atol=1e-4)


def test_members_may_differ_in_every_hyper_parameter(alone):
    _, losses = train(
        seeds=(3, 3, 3, 3),
        learning_rate=[1e-2, 1e-4, 1e-2, 1e-2],
        dropout=[0.2, 0.2, 0.0, 0.2],
        background_mass=[0.5, 0.5, 0.5, 0.0],
    )
    np.testing.assert_allclose(losses[:, 0], alone[1][:, 0], rtol=1e-4)
    for member in (1, 2, 3):
        assert not np.allclose(losses[-1, member], losses[-1, 0], rtol=1e-3)


def test_background_without_mass_is_no_background():
    with_rows = train(background_mass=0.0, dropout=0.0)[1]
    without = train(background_mass=0.0, dropout=0.0, extra=EXTRA[:0])[1]
    np.testing.assert_allclose(with_rows, without, rtol=1e-4)


def test_best_epoch_and_moving_average_follow_the_steps():
    """Replayed step by step in Python from the parameters after every step."""
    steps_per_epoch, states, losses = 3, [], []
    for count in range(1, 10):
        state, losses = train(seeds=(3,), calls=(count,))
        states.append(state)
    epochs = losses[:, 0].reshape(3, 3).mean(1)
    best = int(np.argmin(epochs))
    want = states[(best + 1) * steps_per_epoch - 1].params
    jax.tree.map(np.testing.assert_array_equal, states[-1].best, want)
    np.testing.assert_allclose(states[-1].best_loss, epochs[best], rtol=1e-5)
    average = train(seeds=(3,), calls=(0,))[0].params
    for step, state in enumerate(states):
        decay = min(0.9, (1 + step) / (10 + step))
        average = jax.tree.map(
            lambda a, p, d=decay: d * a + (1 - d) * p, average, state.params
        )
    assert_same(states[-1].average, average, atol=1e-6)


@pytest.mark.parametrize(
    "loss", ["poisson", "softmax_cross_entropy", "binary_cross_entropy"]
)
def test_other_objectives_do_not_see_the_padded_species(loss):
    """Six species on a species axis of four: two columns are padding."""
    options = {"dropout": 0.0, "loss": loss, "calls": (1,)}
    padded = train((2, 4), **options)[1]
    np.testing.assert_allclose(padded, train((8, 1), **options)[1], rtol=1e-3)


def test_a_list_of_another_length_than_the_seeds():
    with pytest.raises(ValueError, match="2 seeds but 3 values of dropout"):
        make_hyper((1, 2), learning_rate=1.0, dropout=[0, 0, 0])
