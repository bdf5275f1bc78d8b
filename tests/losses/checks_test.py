"""Tests for what all losses refuse, or show, of labels, targets and options."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import losses

RNG = np.random.default_rng(0)
F = jnp.asarray(RNG.normal(size=(6, 10)), jnp.float32)
G = jnp.asarray(RNG.normal(size=(6, 10)), jnp.float32)
KEY = jax.random.key(0)
PRIORS, X, KERNEL = np.ones(10), F[:, :3], G[:3]
BAD = np.array([0, 1, 2, 3, -1, 10])
ONE_LABEL = {
    "softmax_cross_entropy": losses.softmax_cross_entropy,
    "focal": losses.focal,
    "ldam": functools.partial(losses.ldam, margins=PRIORS),
    "logit_adjusted": functools.partial(losses.logit_adjusted, class_priors=PRIORS),
    "stochastic_top_k_hinge": lambda f, y, where=None: losses.stochastic_top_k_hinge(
        f, y, KEY, k=3, margin=99.0, where=where
    ),
    "expected_top_k_hinge": functools.partial(
        losses.expected_top_k_hinge, k=3, margin=99.0
    ),
    "smooth_top_k_svm": functools.partial(losses.smooth_top_k_svm, k=3),
    "two_head_average_k": lambda f, y, where=None: losses.two_head_average_k(
        f, G, y, k=3, where=where
    ),
    "slds": functools.partial(losses.assume_negative, form="slds", key=KEY),
    "ssdl": functools.partial(losses.assume_negative, form="ssdl", background_logits=G),
    "full": functools.partial(losses.assume_negative, form="full", background_logits=G),
    "slds_from_features": lambda f, y, where=None: (
        losses.assume_negative_slds_from_features(
            f[:, :3], KERNEL, y, key=KEY, where=where
        )
    ),
    "ssdl_from_features": lambda f, y, where=None: (
        losses.assume_negative_ssdl_from_features(f[:, :3], X, KERNEL, y, where=where)
    ),
}


@pytest.mark.parametrize("name", ONE_LABEL)
def test_a_label_that_is_no_species_gives_nan_inside_jit(name):
    loss = ONE_LABEL[name]
    inside = jax.jit(loss)(F, BAD)
    assert np.isfinite(inside[:4]).all()
    assert np.isnan(inside[4:]).all()
    where = np.arange(6) < 4
    masked = jax.jit(loss)(F, BAD, where=where)
    np.testing.assert_array_equal(masked[4:], 0)
    with pytest.raises(ValueError, match=r"labels\[4\] is -1, .* 10 species"):
        loss(F, BAD)


OF_TARGETS = {
    "binary_cross_entropy": (losses.binary_cross_entropy, "from 0 to 1"),
    "asymmetric": (losses.asymmetric, "from 0 to 1"),
    "hill": (losses.hill, "from 0 to 1"),
    "sigmoid_f1": (losses.sigmoid_f1, "from 0 to 1"),
    "normalized_poisson": (losses.normalized_poisson, ">= 0"),
    "poisson": (losses.poisson, ">= 0"),
    "softmax_cross_entropy": (losses.softmax_cross_entropy, ">= 0"),
    "presence_only_cross_entropy": (losses.presence_only_cross_entropy, ">= 0"),
}


@pytest.mark.parametrize("name", OF_TARGETS)
def test_targets_out_of_range_are_refused_where_they_count(name):
    loss, wanted = OF_TARGETS[name]
    for bad in [-1.0, np.nan] + ([7.0] if "1" in wanted else []):
        y = np.zeros((6, 10), np.float32)
        y[2, 5] = bad
        with pytest.raises(
            ValueError,
            match=rf"{name}: want targets {wanted}, got {bad:g} in row 2, sp",
        ):
            loss(F, y)
        assert np.isfinite(loss(F, y, where=np.arange(6) != 2)).all()
    assert np.isfinite(loss(F, np.ones((6, 10)))).all()


def test_another_species_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"other_labels\[0\] is 10, .* 10 species"):
        losses.assume_negative(
            F, np.zeros(6, int), other_labels=np.full(6, 10), form="slds"
        )


def test_a_nan_reaches_the_gradient_of_the_hinge():
    f = F.at[1, 1].set(jnp.nan)  # the label's
    gradient = jax.grad(
        lambda f: losses.stochastic_top_k_hinge(f, jnp.arange(6), KEY, k=3).sum()
    )(f)
    assert np.isnan(gradient[1]).any()
    assert np.isfinite(gradient[jnp.asarray([0, 2, 3, 4, 5])]).all()


def test_noise_and_a_key_are_one_too_many():
    noise = np.zeros((2, 6, 10), np.float32)
    with pytest.raises(ValueError, match="want a key or noise, got both"):
        losses.stochastic_top_k_hinge(F, np.zeros(6, int), KEY, k=3, noise=noise)


def test_options_that_are_not_finite():
    with pytest.raises(ValueError, match="focal: want a finite gamma, got inf"):
        losses.focal(F, np.zeros(6, int), gamma=np.inf)
    with pytest.raises(ValueError, match="want a finite epsilon, got inf"):
        losses.stochastic_top_k_hinge(F, np.zeros(6, int), KEY, k=3, epsilon=np.inf)
