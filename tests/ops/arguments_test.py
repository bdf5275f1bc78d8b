"""Tests for jaxsdm.ops.arguments: whole numbers, and what uses them."""

import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm.ops.arguments import whole_number


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), jnp.asarray(3)])
def test_whole_numbers_of_any_kind(value):
    found = whole_number("f", "k", value)
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize("value", [3.0, True, np.True_, "3", None, 2.5, [3]])
def test_anything_else_is_refused(value):
    with pytest.raises(ValueError, match="f: want a whole number k, known outside"):
        whole_number("f", "k", value)


PROGRAM = """
import jax, jax.numpy as jnp, numpy as np
from jaxsdm import losses, ops

F = jnp.asarray(np.random.default_rng(0).normal(size=(4, 9)), jnp.float32)
Y, KEY = jnp.arange(4), jax.random.key(0)
CALLS = {
    "top_k": lambda k: ops.top_k(F, k)[0],
    "kth_largest": lambda k: ops.kth_largest(F, k),
    "largest_mask": lambda k: ops.largest_mask(F, k),
    "expected_kth_largest": lambda k: ops.expected_kth_largest(F, k, epsilon=1.0),
    "stochastic_top_k_hinge": lambda k: losses.stochastic_top_k_hinge(F, Y, KEY, k=k),
    "expected_top_k_hinge": lambda k: losses.expected_top_k_hinge(F, Y, k=k),
    "smooth_top_k_svm": lambda k: losses.smooth_top_k_svm(F, Y, k=k),
    "two_head_average_k": lambda k: losses.two_head_average_k(F, F, Y, k=k),
    "average_k_pseudo_labels": lambda k: losses.average_k_pseudo_labels(F, Y, k=k),
    "average_k_threshold": lambda k: losses.average_k_threshold(F, k),
}


def refused(call, text):
    try:
        call()
    except ValueError as error:
        assert text in str(error), error
    else:
        raise AssertionError(text)


for name, call in CALLS.items():
    for wrong in (3.0, True, "3", None):
        refused(lambda: call(wrong), f"{name}: want a whole number k")
    np.testing.assert_array_equal(call(np.int64(3)), call(3))
refused(lambda: jax.jit(CALLS["smooth_top_k_svm"])(3), "known outside jit")
hinge = losses.stochastic_top_k_hinge
refused(lambda: hinge(F, Y, KEY, k=2, num_samples=2.5), "whole number num_samples")
refused(lambda: hinge(F, Y, 0, k=2), "want a key of jax.random.key, got 0")
refused(lambda: hinge(F, Y, KEY, k=2, epsilon="x"), "want a number epsilon, got 'x'")
"""


def test_a_wrong_k_is_told_and_spoils_no_later_call():
    """As users meet it: without the run-time type checks of these tests."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
