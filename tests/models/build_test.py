"""Tests for jaxsdm.models: what a config may name."""

import jax
import jax.numpy as jnp
import pytest

from jaxsdm import models


@pytest.mark.parametrize("name", sorted(models.BY_NAME))
def test_every_model_gives_outputs_and_a_head_without_bias(name):
    options = {"patches": ("climate",), "widths": (8,)}
    options = options if name == "residual_cnn" else {}
    module = models.build(name, species=3, features=4, **options)
    inputs = {"predictors": jnp.ones((2, 4)), "climate": jnp.ones((2, 8, 8, 2))}
    variables = jax.jit(module.init)(jax.random.key(0), inputs)
    outputs = jax.jit(module.apply)(variables, inputs)
    assert outputs.logits.shape == (2, 3)
    assert set(variables["params"]["head"]) == {"kernel"}
    width = outputs.features.shape[1]
    assert variables["params"]["head"]["kernel"].shape == (width, 3)


def test_options_reach_the_model():
    assert models.build("residual_mlp", species=3, features=4, hidden=7).hidden == 7


def test_unknown_names_list_the_known():
    with pytest.raises(ValueError, match="unknown model 'mlp'; known: linear, maxent"):
        models.build("mlp", species=3, features=4)
    with pytest.raises(
        ValueError, match=r"\['hiden'\]; it takes \['blocks', .*'hidden'"
    ):
        models.build("residual_mlp", species=3, features=4, hiden=7)


def test_patches_for_models_that_read_them_and_no_other():
    with pytest.raises(ValueError, match=r"'residual_cnn' reads patches .* has none"):
        models.build("residual_cnn", species=3, features=4)
    with pytest.raises(ValueError, match=r"'linear' reads no patches .* has soil"):
        models.build("linear", species=3, features=4, patches=("soil",))


def test_lists_of_json_become_tuples():
    module = models.build(
        "residual_cnn", species=3, features=4, patches=["a"], widths=[8, 16]
    )
    assert (module.patches, module.widths) == (("a",), (8, 16))
