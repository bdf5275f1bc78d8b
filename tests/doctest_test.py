"""The examples in docstrings run and print what they say."""

import doctest
import importlib
import pathlib
import pkgutil

import pytest

import jaxsdm


def modules():
    found = pkgutil.walk_packages(jaxsdm.__path__, "jaxsdm.")
    return ["jaxsdm", *sorted(one.name for one in found)]


def with_examples():
    names = []
    folder = pathlib.Path(jaxsdm.__file__).parent
    for name in modules():
        parts = name.split(".")[1:]
        path = folder.joinpath(*parts)
        file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if ">>> " in file.read_text():
            names.append(name)
    return names


def test_there_are_examples():
    assert "jaxsdm" in set(with_examples())


@pytest.mark.parametrize("name", with_examples())
def test_examples(name):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed
