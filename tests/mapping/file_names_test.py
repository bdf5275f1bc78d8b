"""Tests for jaxsdm.mapping.file_names."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.mapping import file_names

NASTY = {
    "Abies alba": "Abies_alba.tif",
    "../../etc/passwd": "etc_passwd.tif",
    "C:\\x|y?*": "C_x_y.tif",
    ".hidden": "hidden.tif",
    "": "species.tif",
    "???": "species.tif",
    "Carex × ludibunda": "Carex_ludibunda.tif",
    "白桦": "白桦.tif",
    "NUL": "NUL_.tif",
    "com1.x": "com1.x_.tif",
    "species-01.b": "species-01.b.tif",
}


@pytest.mark.parametrize("name", NASTY)
def test_what_becomes_of_a_name(name):
    assert file_names([name]) == (NASTY[name],)


def test_names_that_would_meet_are_numbered():
    got = file_names(["a b", "A_B", "a/b", "a b_2", "extrapolation"], taken=["A_b_2"])
    assert got == (
        "a_b.tif",
        "A_B_3.tif",
        "a_b_4.tif",
        "a_b_2_2.tif",
        "extrapolation.tif",
    )
    assert file_names(["Extrapolation"], taken=["extrapolation"]) == (
        "Extrapolation_2.tif",
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=300), unique=True, max_size=8))
def test_any_names_give_files_of_one_folder(names):
    got = file_names(names)
    assert len({name.casefold() for name in got}) == len(names)
    for name in got:
        assert os.path.basename(name) == name
        assert name.endswith(".tif")
        assert not name.startswith(".")
        assert len(name.encode()) < 255
    assert file_names(names) == got
