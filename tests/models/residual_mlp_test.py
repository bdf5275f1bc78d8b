"""Tests for jaxsdm.models.residual_mlp."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import models

RNG = np.random.default_rng(0)
X = RNG.normal(size=(9, 5)).astype(np.float32)
INPUTS = {"predictors": X}


def numpy_forward(params, x):
    params = jax.tree.map(lambda a: np.asarray(a, np.float64), params)

    def layer(name, x):
        return np.maximum(x @ params[name]["kernel"] + params[name]["bias"], 0)

    x = layer("input", x.astype(np.float64))
    block = 0
    while f"block_{block}" in params:
        x = x + layer(f"block_{block}", x)
        block += 1
    return x, x @ params["head"]["kernel"]


@pytest.mark.parametrize("blocks", [0, 1, 2])
def test_equals_numpy(blocks):
    module = models.ResidualMLP(3, hidden=7, blocks=blocks)
    variables = jax.jit(module.init)(jax.random.key(0), INPUTS)
    outputs = jax.jit(module.apply)(variables, INPUTS)
    features, logits = numpy_forward(variables["params"], X)
    np.testing.assert_allclose(outputs.features, features, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs.logits, logits, rtol=1e-5, atol=1e-6)
    assert outputs.auxiliary == {}


def test_published_size_and_distribution():
    module = models.build("residual_mlp", species=20, features=13)
    params = jax.jit(module.init)(jax.random.key(0), {"predictors": jnp.ones((1, 13))})[
        "params"
    ]
    # 13*250+250 + 2*(250*250+250) + 250*20: methods of arXiv:2412.19217, less the
    # head's bias, to which the loss is blind.
    assert sum(x.size for x in jax.tree.leaves(params)) == 134_000
    for name, fan_in in {"input": 13, "block_0": 250, "head": 250}.items():
        for leaf in params[name].values():
            assert 0.9 / np.sqrt(fan_in) < np.abs(leaf).max() <= 1 / np.sqrt(fan_in)


def test_dropout_acts_while_training_only():
    module = models.ResidualMLP(3, hidden=50, dropout=0.5)
    variables = jax.jit(module.init)(jax.random.key(0), INPUTS)
    quiet = jax.jit(module.apply)(variables, INPUTS).features

    @jax.jit
    def train(key):
        return module.apply(variables, INPUTS, train=True, rngs={"dropout": key})

    noisy = train(jax.random.key(1)).features
    again = train(jax.random.key(1)).features
    other = train(jax.random.key(2)).features
    assert np.mean(np.isclose(noisy, other)) < 0.5
    assert np.mean(np.isclose(quiet, noisy)) < 0.5
    np.testing.assert_array_equal(noisy, again)


def test_rate_of_zero_needs_no_key():
    module = models.ResidualMLP(3, hidden=8)
    variables = jax.jit(module.init)(jax.random.key(0), INPUTS)
    got = jax.jit(lambda v: module.apply(v, INPUTS, train=True).logits)(variables)
    want = jax.jit(lambda v: module.apply(v, INPUTS).logits)(variables)
    np.testing.assert_array_equal(got, want)


def test_dropout_keeps_the_expectation_of_the_first_layer():
    module = models.ResidualMLP(3, hidden=8, blocks=0, dropout=0.4)
    variables = jax.jit(module.init)(jax.random.key(0), INPUTS)
    keys = jax.random.split(jax.random.key(1), 4000)

    def draw(key):
        return module.apply(
            variables, INPUTS, train=True, rngs={"dropout": key}
        ).features

    mean = jax.jit(lambda keys: jax.vmap(draw)(keys).mean(0))(keys)
    want = jax.jit(module.apply)(variables, INPUTS).features
    np.testing.assert_allclose(mean, want, atol=0.06)


def test_initialization_by_name():
    module = models.ResidualMLP(3, hidden=8, initialization="lecun_normal")
    params = jax.jit(module.init)(jax.random.key(0), INPUTS)["params"]
    assert not np.asarray(params["input"]["bias"]).any()


def test_wrong_number_of_columns():
    module = models.ResidualMLP(3, predictors=4)
    with pytest.raises(ValueError, match=r"ResidualMLP: .* 5 columns, .* for 4"):
        module.init(jax.random.key(0), INPUTS)


def test_a_cosine_head_reads_the_same_features():
    module = models.ResidualMLP(3, hidden=7, blocks=1, head="cosine")
    variables = jax.jit(module.init)(jax.random.key(0), INPUTS)
    outputs = jax.jit(module.apply)(variables, INPUTS)
    kernel = np.asarray(variables["params"]["head"]["kernel"], np.float64)
    features, _ = numpy_forward(variables["params"], X)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    want = features @ (kernel / np.linalg.norm(kernel, axis=0))
    np.testing.assert_allclose(outputs.logits, want, rtol=1e-4, atol=1e-5)


def test_a_second_head_of_sets():
    module = models.ResidualMLP(3, hidden=7, blocks=1, set_head=True)
    variables = jax.jit(module.init)(jax.random.key(0), INPUTS)
    outputs = jax.jit(module.apply)(variables, INPUTS)
    head = variables["params"]["set_head"]
    features, logits = numpy_forward(variables["params"], X)
    np.testing.assert_allclose(outputs.logits, logits, rtol=1e-4, atol=1e-5)
    want = features @ np.asarray(head["kernel"]) + np.asarray(head["bias"])
    got = outputs.auxiliary["set_logits"]
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)
    specs = models.partition_specs(variables["params"])
    assert specs["set_head"]["kernel"] == specs["head"]["kernel"] != specs["input"]


def test_an_unknown_head():
    module = models.ResidualMLP(3, head="polar")
    with pytest.raises(ValueError, match="unknown head 'polar'; known: cosine, linear"):
        module.init(jax.random.key(0), INPUTS)
