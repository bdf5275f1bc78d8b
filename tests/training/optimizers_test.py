"""Tests for jaxsdm.training.optimizers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jaxsdm.training import optimizers

PARAMS = {
    "input": {"kernel": jnp.asarray([[1.0, -2.0]]), "bias": jnp.asarray([0.5, 3.0])},
    "head": {"kernel": jnp.asarray([[0.3], [0.7]])},
}
GRADIENT = jax.tree.map(lambda x: 0.1 * x + 0.2, PARAMS)


def run(optimizer, steps=3):
    params, state = PARAMS, optimizer.init(PARAMS)
    for _ in range(steps):
        updates, state = optimizer.update(GRADIENT, state, params)
        params = optax.apply_updates(params, updates)
    return params


def close(one, other):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=5e-6), one, other
    )


def test_adam_with_l2_as_torch():
    """torch.optim.Adam(weight_decay=...) by its published update, in NumPy."""
    got = run(
        optimizers.build(total_steps=3, learning_rate=0.1, weight_decay=0.3, decay="l2")
    )

    def adam(p, g):
        p, g = np.asarray(p, float), np.asarray(g, float)
        m = v = 0.0
        for t in range(1, 4):
            d = g + 0.3 * p
            m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d**2
            p = p - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        return p

    close(got, jax.tree.map(adam, PARAMS, GRADIENT))


def test_decoupled_decay_is_adamw_on_kernels():
    got = run(optimizers.build(total_steps=3, learning_rate=0.1, weight_decay=0.3))
    mask = {"input": {"kernel": True, "bias": False}, "head": {"kernel": True}}
    close(got, run(optax.adamw(0.1, weight_decay=0.3, mask=mask)))


def test_sgd_with_momentum():
    got = run(optimizers.build("sgd", total_steps=3, learning_rate=0.1, momentum=0.5))
    close(got, run(optax.sgd(0.1, momentum=0.5)))


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear"])
def test_schedules_warm_up_and_end(schedule):
    optimizer = optimizers.build(
        "sgd",
        total_steps=10,
        learning_rate=1.0,
        momentum=0.0,
        schedule=schedule,
        warmup_steps=4,
    )
    state, sizes = optimizer.init(PARAMS), []
    for _ in range(11):
        updates, state = optimizer.update(GRADIENT, state, PARAMS)
        sizes.append(float(-updates["input"]["bias"][0] / GRADIENT["input"]["bias"][0]))
    np.testing.assert_allclose(sizes[:4], [0.25, 0.5, 0.75, 1.0], rtol=1e-5)
    part = np.clip((np.arange(4, 11) - 4) / 6, 0, 1)
    want = {
        "constant": np.ones(7),
        "cosine": 0.5 * (1 + np.cos(np.pi * part)),
        "linear": 1 - part,
    }[schedule]
    np.testing.assert_allclose(sizes[4:], want, atol=1e-6)


def test_clipping_bounds_the_global_norm():
    optimizer = optimizers.build(
        "sgd", total_steps=1, learning_rate=1.0, momentum=0.0, clip_norm=0.01
    )
    updates, _ = optimizer.update(GRADIENT, optimizer.init(PARAMS), PARAMS)
    np.testing.assert_allclose(optax.tree.norm(updates), 0.01, rtol=1e-5)


def test_frozen_parts_do_not_move():
    got = run(
        optimizers.build(
            total_steps=3,
            learning_rate=0.1,
            weight_decay=0.1,
            frozen=("head", "input/bias"),
        )
    )
    np.testing.assert_array_equal(got["head"]["kernel"], PARAMS["head"]["kernel"])
    np.testing.assert_array_equal(got["input"]["bias"], PARAMS["input"]["bias"])
    assert np.all(got["input"]["kernel"] != PARAMS["input"]["kernel"])


def test_learning_rate_and_decay_may_be_traced():
    def trained(rate, decay):
        return run(
            optimizers.build(total_steps=3, learning_rate=rate, weight_decay=decay)
        )

    rates, decays = jnp.asarray([0.1, 0.01]), jnp.asarray([0.0, 0.5])
    got = jax.jit(jax.vmap(trained))(rates, decays)
    for member in range(2):
        close(
            jax.tree.map(lambda x, m=member: x[m], got),
            trained(float(rates[member]), float(decays[member])),
        )


def test_unknown_names_list_the_known_ones():
    for options, known in (
        ({"name": "adagrad"}, "adam, sgd"),
        ({"decay": "both"}, "decoupled, l2"),
        ({"schedule": "step"}, "constant, cosine, linear"),
    ):
        with pytest.raises(ValueError, match=known):
            optimizers.build(total_steps=1, learning_rate=1.0, **options)
    frozen = optimizers.build(total_steps=1, learning_rate=1.0, frozen=("tail",))
    with pytest.raises(
        ValueError, match="no parameter under 'tail'; there are head/kernel"
    ):
        frozen.init(PARAMS)
