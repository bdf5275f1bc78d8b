"""Tests for scripts/prepare.py."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from jaxsdm.data.prepared import open_prepared

pytest.importorskip("rasterio")
pytest.importorskip("tensorstore")

ROOT = pathlib.Path(__file__).parents[3]


def run(*flags):
    """The program with some flags."""
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "prepare.py", *flags],
        capture_output=True,
        text=True,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        timeout=300,
    )


def test_the_program(files, stack, tmp_path):
    out = tmp_path / "out"
    flags = (
        f"--rasters={','.join(files)}",
        f"--output={out}",
        "--layout=zarr",
        "--categorical=soil",
    )
    done = run(*flags)
    assert done.returncode == 0, done.stderr
    assert "band heat: mean " in done.stdout
    assert "prepared: " in done.stdout
    assert "53 of 53 rows" in done.stderr
    assert open_prepared(out, verify=True).bands == stack.bands
    refused = run(*flags[:2], "--layout=memmap")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: prepare: ")
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_the_program_is_told_how_layers_are_packed(files, stack, tmp_path):
    out = tmp_path / "out"
    flags = (f"--rasters={','.join(files)}", f"--output={out}", "--categorical=soil")
    done = run(*flags, "--nodata=soil=none", "--scale=0.5", "--offset=heat=3")
    assert done.returncode == 0, done.stderr
    prepared = open_prepared(out)
    assert [band.nodata for band in prepared.bands] == [-9999, None]
    assert [band.scale for band in prepared.bands] == [0.5, 1]
    values, valid = stack.load()
    got = np.load(out / "values.npy")
    np.testing.assert_allclose(got[..., 0], values[..., 0] * 0.5 + 3, rtol=1e-6)
    codes = np.where(valid[..., 1], values[..., 1], 0)
    np.testing.assert_array_equal(got[..., 1], codes)
    for flag, message in (
        ("--nodata=3", "error: --nodata: of which band?"),
        ("--scale=soil=much", "error: --scale: BAND=NUMBER is wanted, got 'soil=much'"),
        ("--offset=1,2", "error: --offset: each band once, got 1,2"),
        ("--scale=soil=none", "error: --scale: numbers are wanted"),
    ):
        refused = run(*flags, flag)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert refused.stderr.startswith(message)
