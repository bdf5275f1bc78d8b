"""The examples of docs/study_design.md run as they are written, on a virtual world."""

import pathlib
import re

import pytest

from jaxsdm.datasets import files, virtual_files

ROOT = pathlib.Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "study_design.md").read_text()
CLEANING, SPLITTING = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)

pytest.importorskip("rasterio")


@pytest.fixture
def world(tmp_path, monkeypatch):
    virtual_files.write(tmp_path, size=32, species=4, surveys=0, seed=1)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_cleaning(world, capsys):
    exec(CLEANING, {})
    said = capsys.readouterr().out
    assert "| absences | " in said
    assert "| coordinates uncertain by more than 1000 m | 0 | " in said


def test_splitting(world, capsys):
    (task,) = files.load(world / "occurrences.txt", world / "rasters", split="none")
    exec(SPLITTING, {"task": task})
    said = capsys.readouterr().out
    assert "5 folds. Distances in m." in said


def test_every_function_that_is_named_is_there():
    from jaxsdm import data, losses
    from jaxsdm.data import occurrences, splits
    from jaxsdm.datasets import holding_out
    from jaxsdm.evaluation import design

    rooms = [data, data.filters, occurrences, splits, holding_out, losses]
    rooms.append(design)
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)[`(]", TEXT))
    kinds = set(occurrences.KINDS)
    missing = {n for n in named - kinds if not any(hasattr(r, n) for r in rooms)}
    assert not missing
    assert len(named) > 30
