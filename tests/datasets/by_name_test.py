"""Tests for the names of jaxsdm.datasets."""

import pytest

from jaxsdm import datasets


def test_load_passes_the_options_on():
    (task,) = datasets.load("virtual", size=24, species=2, surveys=10)
    assert task.grid.shape == (24, 24)


def test_an_unknown_name_lists_the_known():
    with pytest.raises(
        ValueError, match="no dataset 'geoplant'; there are belgium, nceas, virt"
    ):
        datasets.load("geoplant")
