"""Tests for jaxsdm.models.outputs."""

import jax.numpy as jnp
import pytest

from jaxsdm.models.outputs import read_predictors


def test_reads_the_table():
    table = jnp.ones((4, 3))
    assert read_predictors({"predictors": table}, 3, "m") is table
    assert read_predictors({"predictors": table}, None, "m") is table


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"patch": jnp.ones((4, 3))}, r"no 'predictors', only \['patch'\]"),
        (
            {"predictors": jnp.ones(3)},
            r"want .*\[sites, predictors\], got shape \(3,\)",
        ),
        ({"predictors": jnp.ones((4, 3))}, "has 3 columns, the model was built for 5"),
    ],
)
def test_says_what_is_wrong(inputs, text):
    with pytest.raises(ValueError, match=text):
        read_predictors(inputs, 5, "m")
