"""Tests for jaxsdm.registry."""

import pytest

from jaxsdm.registry import check_options, choose


def test_choose():
    registry = {"b": 1, "a": 2}
    assert choose(registry, "a", "thing") == 2
    with pytest.raises(ValueError, match=r"^unknown thing 'c'; known: a, b\.$"):
        choose(registry, "c", "thing")


def test_check_options():
    def load(path, seed=0, *, secret=None):
        return path, seed, secret

    check_options(load, ["path", "seed"], "dataset 'x'")
    with pytest.raises(
        ValueError,
        match=r"^dataset 'x' has no option size, years; known: path, seed\.$",
    ):
        check_options(load, ["years", "path", "size"], "dataset 'x'", hidden=["secret"])
    with pytest.raises(ValueError, match="has no option secret"):
        check_options(load, ["secret"], "dataset 'x'", hidden=["secret"])
