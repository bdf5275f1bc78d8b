"""Tests for what a refused preparation leaves: nothing, or what can be gone on with."""

import numpy as np
import pytest
from interrupting import Stopped, digest, stop_after

from jaxsdm.data.prepared import open_prepared, prepare, writing
from jaxsdm.data.rasters import open_stack

pytest.importorskip("rasterio")
pytest.importorskip("tensorstore")


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_cannot_be_finished_goes(there, stack, tmp_path):
    out = tmp_path / "out"
    if there:
        out.mkdir()
    with pytest.raises(
        ValueError, match=r"int16 does not hold; use dtype float32 \(--"
    ):
        prepare(stack, out, dtype="int16")
    assert out.exists() == there
    assert not there or not list(out.iterdir())
    prepare(stack, out)
    assert digest(out)


def test_it_goes_after_some_stripes_too(stack, tmp_path, monkeypatch):
    """A value that does not fit comes late: with this dtype nobody can go on."""
    write, calls = writing._write, []

    def later(stack, files, top, rows, head, cells):
        calls.append(top)
        head = head | {"dtype": "float32" if len(calls) < 3 else head["dtype"]}
        return write(stack, files, top, rows, head, cells)

    monkeypatch.setattr(writing, "_write", later)
    with pytest.raises(ValueError, match="does not hold"):
        prepare(stack, tmp_path / "out", dtype="int32")
    assert len(calls) == 3
    assert not (tmp_path / "out").exists()


def test_an_unknown_level_that_comes_late_leaves_nothing(files, tmp_path):
    """Told to name the level, one does, and that is another stack."""
    rasterio = pytest.importorskip("rasterio")
    with rasterio.open(files[1], "r+") as raster:
        codes = raster.read(1)
        codes[50, 3] = 77
        raster.write(codes, 1)
    out = tmp_path / "out"
    levels = list(range(5))
    with (
        open_stack(files, categorical={"soil": levels}) as stack,
        pytest.raises(ValueError, match="unknown level 77"),
    ):
        prepare(stack, out)
    with open_stack(files, categorical={"soil": [*levels, 77]}) as stack:
        prepare(stack, out)


@pytest.mark.parametrize("layout", ["memmap", "zarr"])
def test_a_first_stripe_that_cannot_be_read_leaves_nothing(
    layout, stack, tmp_path, monkeypatch
):
    def fail(*_):
        raise OSError("heat.tif cannot be read")

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_write", fail)
        with pytest.raises(OSError, match="cannot be read"):
            prepare(stack, tmp_path / "out", layout=layout, chunk=16)
    assert not (tmp_path / "out").exists()


def test_work_that_can_be_gone_on_with_stays(stack, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    prepare(stack, whole)
    with pytest.raises(Stopped):
        prepare(stack, out, progress=stop_after(1))
    with pytest.raises(ValueError, match="other options"):
        prepare(stack, out, layout="zarr")
    with pytest.raises(ValueError, match="is not finished"):
        open_prepared(out)
    prepare(stack, out)
    assert digest(whole) == digest(out)
    with pytest.raises(ValueError, match="other options"):
        prepare(stack, out, dtype="int16")
    assert digest(whole) == digest(out)


def test_an_interruption_deletes_nothing(stack, tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing, "_write", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(stack, tmp_path / "out")
    assert (tmp_path / "out" / "journal.jsonl").exists()


def test_what_lies_in_a_folder_of_others_stays(stack, tmp_path):
    (tmp_path / "values.npy").write_text("mine")
    with pytest.raises(ValueError, match="holds something else"):
        prepare(stack, tmp_path)
    assert (tmp_path / "values.npy").read_text() == "mine"


def test_without_a_command_the_call_is_told(stack, files, tmp_path):
    out = tmp_path / "out"
    cells = np.ones((53, 41), bool)
    with pytest.raises(Stopped):
        prepare(stack, out, dtype="float32", cells=cells, progress=stop_after(1))
    with pytest.raises(ValueError, match="is not finished") as told:
        open_prepared(out)
    for part in (*files, "layout='memmap'", "dtype='float32'", "the same training cel"):
        assert part in str(told.value)
    journal = out / "journal.jsonl"
    journal.write_text(journal.read_text()[:20])
    with pytest.raises(ValueError, match="The same command goes on where it stopped"):
        open_prepared(out)
