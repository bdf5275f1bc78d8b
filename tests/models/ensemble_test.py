"""Tests for jaxsdm.models.ensemble."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from jaxsdm import models

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 5)).astype(np.float32)
MODULE = models.ResidualMLP(3, hidden=16, blocks=1)
KEYS = jax.random.split(jax.random.key(0), 3)
MEMBERS = jax.jit(lambda keys: models.init_members(MODULE, keys, {"predictors": X}))(
    KEYS
)
APPLY = jax.jit(lambda v, inputs: models.apply_members(MODULE, v, inputs))


def member(i):
    return jax.tree.map(lambda leaf: leaf[i], MEMBERS)


def test_members_equal_models_made_one_by_one():
    for i, key in enumerate(KEYS):
        alone = jax.jit(MODULE.init)(key, {"predictors": X})
        jax.tree.map(np.testing.assert_array_equal, member(i), alone)
    got = APPLY(MEMBERS, {"predictors": X})
    for i in range(3):
        want = jax.jit(MODULE.apply)(member(i), {"predictors": X})
        np.testing.assert_allclose(got.logits[i], want.logits, rtol=1e-5, atol=1e-6)


def test_inputs_per_member():
    tables = RNG.normal(size=(3, 4, 5)).astype(np.float32)
    got = jax.jit(
        lambda inputs: models.apply_members(
            MODULE, MEMBERS, inputs, inputs_per_member=True
        )
    )({"predictors": tables})
    for i in range(3):
        want = jax.jit(MODULE.apply)(member(i), {"predictors": tables[i]})
        np.testing.assert_allclose(got.features[i], want.features, rtol=1e-5, atol=1e-6)


def test_each_member_its_own_dropout_rate():
    rates = jnp.array([0.0, 0.2, 0.6])
    keys = jax.random.split(jax.random.key(1), 3)
    run = jax.jit(
        lambda rates: models.apply_members(
            MODULE, MEMBERS, {"predictors": X}, train=True, keys=keys, dropout=rates
        )
    )
    got = run(rates)
    for i, rate in enumerate([0.0, 0.2, 0.6]):
        module = models.ResidualMLP(3, hidden=16, blocks=1, dropout=rate)
        want = jax.jit(functools.partial(module.apply, train=True))(
            member(i), {"predictors": X}, rngs={"dropout": keys[i]}
        )
        np.testing.assert_allclose(got.logits[i], want.logits, rtol=1e-5, atol=1e-6)


def test_a_traced_rate_as_a_field_of_the_module():
    def one(rate, variables, key):
        module = models.ResidualMLP(3, hidden=16, blocks=1, dropout=rate)
        return module.apply(
            variables, {"predictors": X}, train=True, rngs={"dropout": key}
        ).logits

    rates = jnp.array([0.1, 0.2, 0.3])
    got = jax.jit(jax.vmap(one))(rates, MEMBERS, KEYS)
    want = jax.jit(
        lambda rates: (
            models.apply_members(
                MODULE, MEMBERS, {"predictors": X}, train=True, keys=KEYS, dropout=rates
            ).logits
        )
    )(rates)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_written_out_is_vmap():
    """The same members in both, with and without leaves that are shared."""
    kernels, biases = jnp.arange(24.0).reshape(3, 2, 4), jnp.arange(3.0)
    inputs = [{"x": jnp.full((5, 2), float(member))} for member in range(3)]

    def member(kernel, bias, inputs):
        return {"logits": inputs["x"] @ kernel + bias}

    got = models.unroll_members(member, (kernels, biases), inputs)
    stacked = {"x": jnp.stack([one["x"] for one in inputs])}
    want = jax.vmap(member)(kernels, biases, stacked)
    assert got["logits"].shape == (3, 5, 4)
    np.testing.assert_array_equal(got["logits"], want["logits"])
