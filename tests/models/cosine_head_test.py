"""Tests for jaxsdm.models.cosine_head."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

from jaxsdm import models
from jaxsdm.losses.top_k_hinge import stochastic_top_k_hinge, top_k_margins
from jaxsdm.models.cosine_head import CosineHead

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 7)).astype(np.float32)
KERNEL = RNG.normal(size=(7, 6)).astype(np.float32)


def cosines(x, kernel):
    return CosineHead(kernel.shape[1]).apply({"params": {"kernel": kernel}}, x)


def test_cosines():
    want = X @ KERNEL / np.linalg.norm(X, axis=1)[:, None]
    want = want / np.linalg.norm(KERNEL, axis=0)[None]
    np.testing.assert_allclose(cosines(X, KERNEL), want, atol=1e-6)
    # Neither length matters.
    np.testing.assert_allclose(cosines(100 * X, 0.01 * KERNEL), want, atol=1e-6)


def test_the_kernel_starts_with_columns_of_length_one():
    variables = CosineHead(300).init(jax.random.key(0), jnp.asarray(X))
    kernel = variables["params"]["kernel"]
    assert kernel.shape == (7, 300)
    assert kernel.dtype == jnp.float32
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1, rtol=1e-5)
    assert abs(kernel.mean()) < 0.05
    assert models.partition_specs({"head": variables["params"]}) == {
        "head": {"kernel": P(None, "species")}
    }


@pytest.mark.parametrize("size", [0.0, 1e-15])
def test_a_vector_without_length(size):
    x = jnp.full((2, 7), size)
    value, gradient = jax.value_and_grad(lambda x: cosines(x, KERNEL).sum())(x)
    assert abs(value) < 1
    assert np.isfinite(gradient).all()


def test_golden_head_and_loss(shared):
    """A whole head with the imbalanced loss, to the gradients of x and kernel."""
    file = np.load(shared / "golden" / "losses" / "imbal_loss.npz")
    golden = {k.split("__", 1)[1]: file[k] for k in file.files if "normed" in k}
    with jax.enable_x64():
        margin = top_k_margins(golden["cls_num_list"].astype(float), 0.2)

        def batch_loss(x, kernel):
            logits = cosines(x, kernel)
            values = stochastic_top_k_hinge(
                logits,
                golden["y"],
                k=5,
                epsilon=0.01,
                margin=margin,
                scale=60.0,
                noise=np.moveaxis(golden["Z"], -1, 0),
            )
            return values.mean(), logits

        (value, logits), gradients = jax.value_and_grad(
            batch_loss, argnums=(0, 1), has_aux=True
        )(golden["x"], golden["W"])
        logits, value, gradients = jax.tree.map(np.asarray, (logits, value, gradients))
    np.testing.assert_allclose(logits, golden["logits"], atol=1e-12)
    wanted = golden["k5__eps0.01__m0.2__scale60__loss"]
    np.testing.assert_allclose(value, wanted, rtol=1e-7)
    np.testing.assert_allclose(gradients[0], golden["grad_x"], atol=2e-6)
    np.testing.assert_allclose(gradients[1], golden["grad_W"], atol=2e-6)
