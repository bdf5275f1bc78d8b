"""scripts/map.py and train.py --maps from the command line to GeoTIFFs."""

import pathlib
import shutil

import numpy as np
import pandas as pd
import pytest

rasterio = pytest.importorskip("rasterio")

CONFIG = """
from ml_collections import ConfigDict
from jaxsdm.training import default_config

def get_config():
    config = default_config()
    config.dataset = ConfigDict(
        {"name": "virtual_files", "folder": "world", "size": 24, "species": 3}
    )
    config.dataset.update({"surveys": 20, "seed": 1})
    config.seeds = (1,)
    config.model.hidden = 8
    config.stage.main.epochs = 2
    return config
"""


@pytest.fixture(scope="module")
def mapped(programs, tmp_path_factory):
    """A folder with a run that was trained and mapped in one go."""
    place = tmp_path_factory.mktemp("map")
    (place / "config.py").write_text(CONFIG)
    done = programs.run(
        "train", "--config=config.py", "--workdir=run", "--maps", cwd=place
    )
    assert done.returncode == 0, done.stderr
    return place, done


def read(path):
    with rasterio.open(path) as raster:
        return raster.read(1)


def test_training_with_maps_leaves_a_geotiff_of_each_species(mapped):
    place, done = mapped
    maps = place / "run" / "maps"
    table = pd.read_csv(maps / "maps.csv")
    assert {file.name for file in maps.iterdir()} == {
        *table["file"], "maps.csv", "extrapolation.tif",
    }  # fmt: skip
    assert "virtual: 3 maps of cloglog" in done.stdout
    assert "of the area is outside the range of the places of training" in done.stdout
    assert f"maps: {pathlib.Path('run/maps')}/" in done.stdout
    for file in table["file"]:
        values = read(maps / file)
        assert values.shape == (24, 24)
        assert 0 <= np.nanmin(values) < np.nanmax(values) <= 1


def test_options_reach_the_maps(programs, mapped):
    place, _ = mapped
    done = programs.run(
        "map", "--workdir=run", "--maps=other", "--species=species_02",
        "--output=relative", "--clamp", "--noextrapolation", cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert {file.name for file in (place / "other").iterdir()} == {
        "species_02.tif", "maps.csv",
    }  # fmt: skip
    with rasterio.open(place / "other" / "species_02.tif") as raster:
        assert raster.tags()["OUTPUT"] == "relative"
        assert raster.tags()["CLAMPED"] == "yes"


def test_refusals_are_one_line_and_leave_nothing(programs, mapped, trained):
    place, _ = mapped
    cases = {
        "--species=oak": "--species: no species oak; there are species_01, species_02",
        "--output=probability": "output 'probability' is for presence_logit",
    }
    for flag, said in cases.items():
        done = programs.run("map", "--workdir=run", "--maps=none", flag, cwd=place)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert said in line
        assert not (place / "none").exists()
    folder, _ = trained
    done = programs.run("map", f"--workdir={folder}")
    (line,) = done.stderr.splitlines()
    assert "virtual-plants: a map is made from the rasters of the task" in line
    assert not (folder / "maps").exists()


def test_maps_that_cannot_follow_are_refused_before_training(programs, tmp_path):
    done = programs.run(
        "train", *programs.small, f"--workdir={tmp_path / 'run'}", "--maps"
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "its dataset has none" in line
    assert not (tmp_path / "run").exists()
    done = programs.run(
        "train", *programs.small, "--workdir=run", "--maps", "--processes=2"
    )
    assert "--maps is for one process: run scripts/map.py" in done.stderr


def test_a_moved_run_is_mapped_again(programs, mapped):
    place, _ = mapped
    shutil.copytree(place / "run", place / "moved")
    shutil.rmtree(place / "moved" / "maps")
    done = programs.run("map", "--workdir=moved", cwd=place)
    assert done.returncode == 0, done.stderr
    for file in ("species_01.tif", "extrapolation.tif"):
        np.testing.assert_array_equal(
            read(place / "moved" / "maps" / file), read(place / "run" / "maps" / file)
        )
