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
        ("--nodata=none", "error: --nodata: none of which band?"),
        ("--scale=soil=much", "error: --scale: BAND=NUMBER is wanted, got 'soil=much'"),
        ("--offset=1,2", "error: --offset: each band once, got 1,2"),
        ("--scale=soil=none", "error: --scale: numbers are wanted"),
    ):
        refused = run(*flags, flag)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert refused.stderr.startswith(message)


def test_the_advice_of_a_refusal_works(files, tmp_path):
    flags = (f"--rasters={','.join(files)}", f"--output={tmp_path / 'new' / 'out'}")
    refused = run(*flags, "--categorical=soil", "--dtype=int16")
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: prepare: band heat has the value")
    assert "--dtype=float32" in refused.stderr
    assert not (tmp_path / "new" / "out").exists()
    done = run(*flags, "--categorical=soil", "--dtype=float32")
    assert done.returncode == 0, done.stderr
    refused = run(*flags)
    assert "the bands (--rasters, --names, --categorical" in refused.stderr
    np.save(tmp_path / "cells.npy", np.ones((53, 41), bool))
    cells = f"--training-cells={tmp_path / 'cells.npy'}"
    refused = run(*flags, "--categorical=soil", cells)
    assert "other options (the training cells (--training-cells))" in refused.stderr
    np.save(tmp_path / "cells.npy", np.ones((5, 41), bool))
    refused = run(*flags, "--categorical=soil", cells)
    assert "the training cells (cells=, --training-cells) are bool" in refused.stderr


def test_one_nodata_for_all(files, tmp_path):
    flags = (f"--rasters={files[0]}", f"--output={tmp_path / 'out'}")
    done = run(*flags, "--nodata=-9999", "--verify")
    assert done.returncode == 0, done.stderr
    assert open_prepared(tmp_path / "out").bands[0].nodata == -9999


INTERRUPTED = """
import os, runpy, sys
from jaxsdm.data.prepared import writing

sys.argv = sys.argv[1:]
writing._STRIPE_VALUES, writing._MOST_VALUES = 41 * 2 * 8, 0
append = writing.append
lines = []

def appended(folder, record):
    append(folder, record)
    lines.append(record)
    if len(lines) == 3:
        os._exit(9)

writing.append = appended
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_half_written_folder_tells_the_command_that_finishes_it(files, tmp_path):
    out, folder = tmp_path / "of climate", pathlib.Path(files[0]).parent
    program = ROOT / "scripts" / "prepare.py"
    np.save(folder / "cells.npy", np.ones((53, 41), bool))
    flags = ["--rasters=heat.tif,soil.tif", f"--output={out}", "--layout=memmap"]
    flags += ["--categorical=soil", "--training-cells=cells.npy", "--scale=heat=2"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    stopped = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, program, *flags],
        cwd=folder,
        env=environment,
        timeout=300,
    )
    assert stopped.returncode == 9
    with pytest.raises(ValueError, match="is not finished") as told:
        open_prepared(out)
    _, found, command = str(told.value).partition("goes on where it stopped: ")
    assert found
    assert all(flag in command.replace("'", "") for flag in flags)
    python = f"{sys.executable} "
    done = subprocess.run(
        command.replace("&& python ", f"&& {python}"),
        shell=True,
        cwd=tmp_path,  # another folder
        env=environment,
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert open_prepared(out, verify=True).bands[0].scale == 2
    assert "command" not in open_prepared(out).manifest


def test_the_help_shows_the_line_to_type():
    told = run("--help").stdout
    assert "soil.tif \\\n        --output=prepared/climate" in told
