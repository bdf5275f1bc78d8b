"""The real programs, run as a user runs them, on a small virtual world."""

import os
import pathlib
import subprocess
import sys
import types

import pytest

ROOT = pathlib.Path(__file__).parents[2]
VIRTUAL = ROOT / "configs" / "deepmaxent" / "virtual.py"
SMALL = (
    f"--config={VIRTUAL}",
    "--config.dataset.size=32",
    "--config.dataset.species=5",
    "--config.dataset.surveys=80",
    "--config.seeds=1,2",
    "--config.model.hidden=8",
    "--config.stage.main.batch_size=32",
    "--config.stage.main.epochs=150",
)
"""A small network: trained in seconds, and slow enough to be interrupted."""

STEPS = 1950


def start(script, *arguments, **options):
    """Starts a program of scripts/ and gives the process."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("JAXSDM_DATA", "XLA_FLAGS")
    }
    environment |= {
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(ROOT / ".jax_cache"),
    }
    return subprocess.Popen(
        [sys.executable, ROOT / "scripts" / f"{script}.py", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def run(script, *arguments, **options):
    """Runs a program of scripts/ to its end."""
    process = start(script, *arguments, **options)
    try:
        out, err = process.communicate(timeout=400)
    except BaseException:
        process.kill()
        raise
    return subprocess.CompletedProcess(script, process.returncode, out, err)


@pytest.fixture(scope="session")
def programs():
    """`run`, `start`, the command line of a small run and how many steps it has."""
    return types.SimpleNamespace(run=run, start=start, small=SMALL, steps=STEPS)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run folder, trained and evaluated in one go, and what was printed."""
    folder = tmp_path_factory.mktemp("scripts") / "run"
    done = run(
        "train", *SMALL, f"--workdir={folder}", "--on-missing=drop", "--evaluate"
    )
    assert done.returncode == 0, done.stderr
    return folder, done
