"""The examples of docs/data.md run as they are written, on small files."""

import pathlib
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "data.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
TRANSFORM = (0.05, 0, 3, 0, -0.05, 52)

rasterio = pytest.importorskip("rasterio")
pytest.importorskip("grain")
pytest.importorskip("ml_collections")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with what the examples name."""
    folder = tmp_path_factory.mktemp("docs")
    rng = np.random.default_rng(0)
    for name in ("folder_of_geotiffs", "rasters"):
        (folder / name).mkdir()
        for band in ("bio1", "land_cover"):
            with rasterio.open(
                folder / name / f"{band}.tif",
                "w",
                driver="GTiff",
                count=1,
                height=100,
                width=100,
                dtype="int16",
                crs="EPSG:4326",
                transform=rasterio.Affine(*TRANSFORM),
                nodata=-9999,
            ) as raster:
                raster.write(rng.integers(0, 5, (100, 100)).astype(np.int16), 1)
    lines = [
        f"{x:.3f},{y:.3f},{name}"
        for x, y, name in zip(
            rng.uniform(3.1, 7.9, 60),
            rng.uniform(47.1, 51.9, 60),
            ["oak", "elm", "ash"] * 20,
            strict=True,
        )
    ]
    head = "decimalLongitude,decimalLatitude,species"
    (folder / "occurrences.txt").write_text("\n".join([head, *lines]))
    surveys = [f"{line},{'present' if i % 2 else 'absent'}"
               for i, line in enumerate(lines)]  # fmt: skip
    (folder / "surveys.txt").write_text(
        "\n".join([f"{head},occurrenceStatus", *surveys])
    )
    return folder


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    return place


@pytest.fixture(scope="module")
def prepared(place):
    """Both commands of the section on preparing, one after the other."""
    (commands,) = [one for one in SHELL if "scripts/prepare.py" in one]
    for line in commands.splitlines():
        program, *flags = shlex.split(line, comments=True)[1:]
        ran = subprocess.run(
            [sys.executable, ROOT / program, *flags],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stderr


def example(part):
    """The only example with a certain text in it."""
    (block,) = [one for one in BLOCKS if part in one]
    return block


def test_every_example_is_run_here():
    assert len(BLOCKS) == 6


def test_a_raster_stack(here):
    names = {}
    exec(example("stack.sample"), names)
    assert names["values"].shape == (64, 64, 2)


def test_patches_around_places(here, capsys):
    rng = np.random.default_rng(1)
    names = {
        "longitude": rng.uniform(2.9, 7, 300),
        "latitude": rng.uniform(48, 52, 300),
        "species": np.arange(300) % 7,
    }
    block = example("patches.pipeline")
    assert "                ...\n" in block
    seen = []
    names["seen"] = seen.append
    block = block.replace("                ...\n", "                seen(batch)\n")
    block = block.replace("seed=1)", "seed=1, epochs=1)")
    exec(block, names)
    assert "places outside" in capsys.readouterr().out
    assert len(seen) == 2
    assert seen[0]["inputs"]["climate"].shape == (256, 64, 64, 2)
    assert seen[0]["targets"]["species"].shape == (256,)


@pytest.mark.filterwarnings("ignore:.*left out:UserWarning")
def test_files_as_a_dataset(here):
    names = {}
    exec(example("surveys.txt"), names)
    assert names["task"].records.counts.shape[1] == 3


def test_the_virtual_world_as_files(here):
    names = {}
    exec(example("virtual_files"), names)
    assert names["task"].grid.truth is not None


def test_a_config_of_patches(here):
    names = {}
    exec(example("def get_config"), names)
    config = names["get_config"]()
    assert (config.patches.far.size, config.patches.far.step) == (64, 8)


def test_a_prepared_store(here, prepared):
    names = {}
    exec(example("open_prepared"), names)
    assert names["source"].shape == (100, 100)
    from jaxsdm.data.prepared import open_prepared

    assert open_prepared("prepared_zarr").layout == "zarr"
