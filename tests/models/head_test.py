"""Tests for jaxsdm.models.head."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from jaxsdm import models

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 5)).astype(np.float32)


def test_head_is_a_product_and_a_bias_only_when_asked():
    head = models.SpeciesHead(4)
    params = head.init(jax.random.key(0), X)["params"]
    assert set(params) == {"kernel"}
    got = head.apply({"params": params}, X)
    np.testing.assert_allclose(got, X @ np.asarray(params["kernel"]), rtol=1e-5)

    biased = models.SpeciesHead(4, use_bias=True)
    params = biased.init(jax.random.key(0), X)["params"]
    want = X @ np.asarray(params["kernel"]) + np.asarray(params["bias"])
    np.testing.assert_allclose(biased.apply({"params": params}, X), want, rtol=1e-5)


def test_partition_specs_shard_what_lies_under_head():
    module = models.ResidualMLP(4, hidden=6, blocks=1, head_bias=True)

    def make():
        return module.init(jax.random.key(0), {"predictors": X})["params"]

    specs = models.partition_specs(jax.eval_shape(make))
    assert specs["head"] == {"kernel": P(None, "species"), "bias": P("species")}
    assert specs["input"] == {"kernel": P(), "bias": P()}

    keys = jax.random.split(jax.random.key(0), 3)
    members = jax.eval_shape(
        lambda: models.init_members(module, keys, {"predictors": X})
    )
    specs = models.partition_specs(members["params"], species_axis="model")
    assert specs["head"]["kernel"] == P(None, None, "model")


def test_same_value_and_gradient_on_a_data_by_species_mesh():
    module = models.ResidualMLP(6, hidden=8, blocks=1)
    variables = jax.jit(module.init)(jax.random.key(0), {"predictors": X})
    params = jax.tree.map(np.asarray, variables["params"])

    def loss(params, x):
        return jnp.sum(module.apply({"params": params}, {"predictors": x}).logits ** 2)

    want = jax.jit(jax.value_and_grad(loss))(params, X)
    mesh = jax.make_mesh((4, 2), ("data", "species"), axis_types=(AxisType.Auto,) * 2)

    def place(spec):
        return NamedSharding(mesh, spec)

    sharded = jax.device_put(
        params, jax.tree.map(place, models.partition_specs(params))
    )
    got = jax.jit(jax.value_and_grad(loss))(
        sharded, jax.device_put(X, place(P("data")))
    )
    assert got[1]["head"]["kernel"].sharding.spec == P(None, "species")
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4), got, want)
