"""Tests for the names of jaxsdm.datasets."""

import subprocess
import sys

import pytest

from jaxsdm import datasets


def test_load_passes_the_options_on():
    (task,) = datasets.load("virtual", size=24, species=2, surveys=10)
    assert task.grid.shape == (24, 24)


def test_importing_brings_no_raster_library():
    program = (
        "import sys, jaxsdm.datasets\n"
        "print({'rasterio', 'pyproj', 'xarray'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_an_unknown_option_lists_the_known():
    with pytest.raises(ValueError, match="dataset 'files' has no option raster; known"):
        datasets.load("files", occurrences="a.txt", raster="b.tif")


def test_an_unknown_name_lists_the_known():
    with pytest.raises(
        ValueError, match="no dataset 'geoplant'; there are belgium, files, nceas,"
    ):
        datasets.load("geoplant")
