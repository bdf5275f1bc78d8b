"""Tests for jaxsdm.models.residual_cnn, beside PyTorch's definitions by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate

from jaxsdm.models import ResidualCNN, partition_specs

RNG = np.random.default_rng(0)
PATCHES = RNG.normal(size=(3, 6, 5, 2)).astype(np.float32)
VALID = RNG.random(PATCHES.shape) < 0.8
INPUTS = {"soil": PATCHES, "soil_valid": VALID}


def fitted(module, inputs, seed=0):
    """Variables with no value left at its initial constant."""
    variables = jax.jit(module.init)(jax.random.key(seed), inputs)
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda x: x + rng.normal(0, 0.1, x.shape).astype(np.float32), variables
    )


def convolved(x, kernel, stride):
    """Correlation with as much zero padding as keeps ceil(size / stride) cells."""
    size = kernel.shape[0]
    pads = []
    for length in x.shape[1:3]:
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        pads.append((total // 2, total - total // 2))
    padded = np.pad(x, ((0, 0), *pads, (0, 0)))
    out = [
        sum(
            correlate(one[..., i], kernel[..., i, o], "valid")[::stride, ::stride]
            for i in range(x.shape[-1])
        )
        for one in padded
        for o in range(kernel.shape[-1])
    ]
    rows, columns = out[0].shape
    shaped = np.stack(out).reshape(len(x), kernel.shape[-1], rows, columns)
    return shaped.transpose(0, 2, 3, 1)


def normalised(x, norm, groups):
    """Each sample's groups of channels to mean 0 and variance 1, then scaled."""
    batch, rows, columns, width = x.shape
    grouped = x.reshape(batch, rows, columns, groups, width // groups)
    mean = grouped.mean(axis=(1, 2, 4), keepdims=True)
    variance = grouped.var(axis=(1, 2, 4), keepdims=True)
    out = ((grouped - mean) / np.sqrt(variance + 1e-6)).reshape(x.shape)
    return out * norm["scale"] + norm["bias"]


def test_the_forward_pass_is_that_of_its_formulas():
    module = ResidualCNN(species=4, patches=("soil",), widths=(4, 8), groups=2)
    variables = fitted(module, INPUTS)
    outputs = jax.jit(module.apply)(variables, INPUTS)
    p = jax.tree.map(lambda x: np.asarray(x, np.float64), variables["params"])

    def layer(name, x, stride=1):
        x = convolved(x, p[name]["kernel"], stride)
        return normalised(x, p[f"{name}_norm"], 2)

    x = np.where(VALID, PATCHES, 0)
    x = np.concatenate([x, VALID.mean(-1, keepdims=True)], -1).astype(np.float64)
    x = np.maximum(layer("soil_stem", x, 2), 0)
    y = np.maximum(layer("soil_stage_0_0_first", x), 0)
    x = np.maximum(x + layer("soil_stage_0_0_second", y), 0)
    y = np.maximum(layer("soil_stage_1_0_first", x, 2), 0)
    y = layer("soil_stage_1_0_second", y)
    x = np.maximum(layer("soil_stage_1_0_shortcut", x, 2) + y, 0)
    features = x.mean((1, 2))
    np.testing.assert_allclose(outputs.features, features, rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(
        outputs.logits, features @ p["head"]["kernel"], rtol=2e-4, atol=2e-5
    )


def test_what_is_not_valid_counts_for_nothing():
    module = ResidualCNN(species=4, patches=("soil",), widths=(4,), groups=2)
    variables = fitted(module, INPUTS)
    apply = jax.jit(module.apply)
    other = INPUTS | {"soil": np.where(VALID, PATCHES, 1e6).astype(np.float32)}
    np.testing.assert_array_equal(
        apply(variables, INPUTS).logits, apply(variables, other).logits
    )
    everything = INPUTS | {"soil_valid": np.ones_like(VALID)}
    assert not np.allclose(
        apply(variables, INPUTS).logits, apply(variables, everything).logits
    )


def test_several_inputs_of_their_own_sizes_and_bands():
    inputs = {"near": PATCHES, "far": PATCHES[:, :4, :4, :1]}
    module = ResidualCNN(species=4, patches=("near", "far"), widths=(4,), groups=2)
    variables = fitted(module, inputs)
    outputs = jax.jit(module.apply)(variables, inputs)
    assert outputs.features.shape == (3, 8)
    alone = ResidualCNN(species=4, patches=("near",), widths=(4,), groups=2)
    params = {k: v for k, v in variables["params"].items() if not k.startswith("far")}
    params["head"] = {"kernel": variables["params"]["head"]["kernel"][:4]}
    np.testing.assert_allclose(
        jax.jit(alone.apply)({"params": params}, inputs).features,
        outputs.features[:, :4],
        rtol=1e-6,
    )


def test_a_table_beside_the_patches():
    table = RNG.normal(size=(3, 7)).astype(np.float32)
    inputs = INPUTS | {"predictors": table}
    module = ResidualCNN(
        species=4, patches=("soil",), widths=(4,), groups=2, predictors=7, table_width=5
    )
    variables = fitted(module, inputs)
    features = jax.jit(module.apply)(variables, inputs).features
    dense = jax.tree.map(np.asarray, variables["params"]["table"])
    want = np.maximum(table @ dense["kernel"] + dense["bias"], 0)
    assert features.shape == (3, 9)
    np.testing.assert_allclose(features[:, 4:], want, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="has 6 columns, the model was built for 7"):
        jax.eval_shape(module.apply, variables, inputs | {"predictors": table[:, 1:]})


def test_samples_do_not_see_each_other():
    module = ResidualCNN(species=4, patches=("soil",), widths=(4,), groups=2)
    variables = fitted(module, INPUTS)
    both = jax.jit(module.apply)(variables, INPUTS).logits
    alone = jax.jit(module.apply)(variables, {k: v[1:2] for k, v in INPUTS.items()})
    np.testing.assert_allclose(both[1:2], alone.logits, rtol=1e-5, atol=1e-6)


def test_dropout_is_on_the_features_and_only_in_training():
    module = ResidualCNN(species=4, patches=("soil",), widths=(8,), dropout=0.5)
    variables = fitted(module, INPUTS)
    still = module.apply(variables, INPUTS)
    key = {"dropout": jax.random.key(1)}
    moved = module.apply(variables, INPUTS, train=True, rngs=key)
    dropped = np.asarray(moved.features) == 0
    assert 0 < dropped.mean() < 1
    np.testing.assert_allclose(
        moved.features[~dropped], 2 * still.features[~dropped], rtol=1e-6
    )
    given = module.apply(variables, INPUTS, train=True, rngs=key, dropout=0.0)
    np.testing.assert_array_equal(given.logits, still.logits)


def test_heads_and_their_sharding():
    module = ResidualCNN(
        species=4,
        patches=("soil",),
        widths=(4,),
        groups=2,
        head="cosine",
        set_head=True,
    )
    variables = fitted(module, INPUTS)
    outputs = module.apply(variables, INPUTS)
    assert np.abs(outputs.logits).max() <= 1
    assert outputs.auxiliary["set_logits"].shape == (3, 4)
    specs = partition_specs(variables["params"])
    assert specs["set_head"]["kernel"][-1] == "species"
    assert specs["soil_stem"]["kernel"] == jax.sharding.PartitionSpec()


@pytest.mark.parametrize(
    ("inputs", "options", "text"),
    [
        ({"rock": PATCHES}, {}, r"no 'soil', only \['rock'\]"),
        ({"soil": PATCHES[0]}, {}, r"as \[batch, y, x, band\], got shape \(6, 5, 2\)"),
        (
            {"soil": PATCHES, "soil_valid": VALID[..., :1]},
            {},
            r"soil_valid'\] has shape \(3, 6, 5, 1\), the patches have",
        ),
        ({"soil": PATCHES}, {"widths": (4, 6)}, "multiples of groups=4, got"),
        ({"soil": PATCHES}, {"patches": ()}, "at least one input"),
    ],
)
def test_refused(inputs, options, text):
    fields = {"patches": ("soil",), "widths": (4,), "groups": 4} | options
    module = ResidualCNN(species=4, **fields)
    inputs = {name: jnp.asarray(value) for name, value in inputs.items()}
    with pytest.raises(ValueError, match=text):
        jax.eval_shape(module.init, jax.random.key(0), inputs)
