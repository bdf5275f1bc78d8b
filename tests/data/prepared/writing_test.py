"""Tests for jaxsdm.data.prepared: values, statistics, interruptions, damage."""

import json
import os
import pathlib

import numpy as np
import pytest
from interrupting import Stopped, digest, stop_after

from jaxsdm.data.patches import MemoryPatches, Window
from jaxsdm.data.prepared import open_prepared, prepare, writing

pytest.importorskip("rasterio")
pytest.importorskip("tensorstore")

LAYOUTS = ("memmap", "zarr")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_values_are_those_of_the_stack(layout, stack, tmp_path):
    told = []
    done = prepare(
        stack,
        tmp_path / "out",
        layout=layout,
        chunk=16,
        progress=lambda *rows: told.append(rows),
    )
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == (53, 53)
    assert done == open_prepared(tmp_path / "out", verify=True)
    assert (done.grid, done.bands) == (stack.grid, stack.bands)
    assert done.shape == (53, 41, 2)
    values, valid = stack.load()
    source = done.patches()
    assert source.shape == (53, 41)
    assert source.names == ("heat", "soil")
    rng = np.random.default_rng(1)
    rows, columns = rng.integers(-9, 62, 100), rng.integers(-9, 50, 100)
    memory = MemoryPatches.from_stack(stack)
    for window in (Window(6), Window((5, 9), (2, 3)), Window(80), Window(1)):
        got = source.take(rows, columns, window)
        want = memory.take(rows, columns, window)
        np.testing.assert_array_equal(got.valid, want.valid)
        assert got.values.tobytes() == want.values.tobytes()
    whole = source.take([26], [20], Window((53, 41)))
    np.testing.assert_array_equal(whole.valid[0], valid)
    np.testing.assert_array_equal(whole.values[0], np.where(valid, values, 0))
    source.close()


def test_the_memory_map_is_two_plain_arrays(stack, tmp_path):
    out = tmp_path / "out"
    prepare(stack, out)
    values, valid = stack.load()
    np.testing.assert_array_equal(np.load(out / "values.npy"), values)
    np.testing.assert_array_equal(np.load(out / "valid.npy"), valid)
    assert set(os.listdir(out)) == {"manifest.json", "valid.npy", "values.npy"}


@pytest.mark.parametrize("cells", [None, "half", "none"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_statistics_are_those_of_numpy(layout, cells, stack, tmp_path):
    values, valid = stack.load()
    mask = None
    if cells:
        mask = np.random.default_rng(2).random(values.shape[:2]) < 0.5
        mask &= cells == "half"
    done = prepare(stack, tmp_path / "out", layout=layout, chunk=8, cells=mask)
    assert done.statistics_of == ("training cells" if cells else "all cells")
    looked_at = np.ones(values.shape[:2], bool) if mask is None else mask
    for band, got in enumerate(done.statistics):
        counted = valid[..., band] & looked_at
        numbers = values[..., band][counted].astype(float)
        assert got.count == len(numbers)
        assert got.valid_share == len(numbers) / max(looked_at.sum(), 1)
        if cells == "none":
            assert got.mean is got.sd is got.min is got.max is None
            continue
        np.testing.assert_allclose(
            [got.mean, got.sd, got.min, got.max],
            [numbers.mean(), numbers.std(), numbers.min(), numbers.max()],
            rtol=1e-12,
        )


@pytest.mark.parametrize("stripes", [1, 2, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_after_an_interruption_the_same_bytes(layout, stripes, stack, tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    prepare(stack, whole, layout=layout, chunk=16)
    with pytest.raises(Stopped):
        prepare(stack, halves, layout=layout, chunk=16, progress=stop_after(stripes))
    with pytest.raises(ValueError, match=r"is not finished.*goes on where it stopped"):
        open_prepared(halves)
    with open(halves / "journal.jsonl", "a") as journal:
        journal.write('{"row": 16, "ro')  # killed while it wrote a line
    rest = []
    prepare(
        stack,
        halves,
        layout=layout,
        chunk=16,
        progress=lambda done, rows: rest.append(done),
    )
    assert min(rest) > stripes * (8 if layout == "memmap" else 16)
    assert digest(whole) == digest(halves)
    before = os.stat(halves / "manifest.json").st_mtime_ns
    prepare(stack, halves, layout=layout, chunk=16)
    assert os.stat(halves / "manifest.json").st_mtime_ns == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_stopped_before_the_first_stripe(layout, stack, tmp_path, monkeypatch):
    def stop(*_):
        raise Stopped

    whole, other = tmp_path / "whole", tmp_path / "other"
    prepare(stack, whole, layout=layout, chunk=16)
    with monkeypatch.context() as patch:
        patch.setattr(writing, "_write", stop)
        with pytest.raises(Stopped):
            prepare(stack, other, layout=layout, chunk=16)
    prepare(stack, other, layout=layout, chunk=16)
    assert digest(whole) == digest(other)
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "journal.jsonl").write_text('{"jaxs')
    prepare(stack, tmp_path / "third", layout=layout, chunk=16)
    assert digest(whole) == digest(tmp_path / "third")


def test_stopped_again_and_again(stack, tmp_path):
    """Half a line of the journal is cut off before the next one is written."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    prepare(stack, whole)
    for _ in range(3):
        with pytest.raises(Stopped):
            prepare(stack, parts, progress=stop_after(2))
        with open(parts / "journal.jsonl", "a") as journal:
            journal.write('{"row": 16, "ro')
    prepare(stack, parts)
    assert digest(whole) == digest(parts)


def test_stopped_between_the_manifest_and_the_end(stack, tmp_path):
    whole, other = tmp_path / "whole", tmp_path / "other"
    prepare(stack, whole)
    prepare(stack, other)
    (other / "journal.jsonl").write_text("{}\n")
    assert prepare(stack, other) == open_prepared(other)
    assert digest(whole) == digest(other)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_flipped_byte_is_found(layout, stack, tmp_path):
    prepare(stack, tmp_path / "out", layout=layout, chunk=16)
    name = "values.npy" if layout == "memmap" else "values.zarr/c/1/1/0"
    path = tmp_path / "out" / name
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    open_prepared(tmp_path / "out")
    with pytest.raises(OSError, match=r"rows \d+ to \d+ are damaged.*checksum differs"):
        open_prepared(tmp_path / "out", verify=True)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damaged_files_are_refused(layout, stack, tmp_path):
    out = tmp_path / "out"
    prepare(stack, out, layout=layout, chunk=16)
    name = "values.npy" if layout == "memmap" else "values.zarr/zarr.json"
    raw = (out / name).read_bytes()
    (out / name).write_bytes(raw[: len(raw) // 2])
    with pytest.raises(OSError, match=r"is damaged.*prepare it\s+again"):
        open_prepared(out)
    (out / name).unlink()
    with pytest.raises(OSError, match="is damaged"):
        open_prepared(out)


def test_a_changed_source_is_refused(stack, files, tmp_path):
    with pytest.raises(Stopped):
        prepare(stack, tmp_path / "out", progress=stop_after(2))
    os.utime(files[0], (1, 1))
    with pytest.raises(ValueError, match=r"heat\.tif changed since .*out was begun"):
        prepare(stack, tmp_path / "out")


def test_a_half_written_folder_that_lost_files_is_refused(stack, tmp_path):
    for number, lost in enumerate(("values.npy", "valid.npy")):
        out = tmp_path / str(number)
        with pytest.raises(Stopped):
            prepare(stack, out, progress=stop_after(2))
        (out / lost).unlink()
        with pytest.raises(OSError, match=r"cannot go on: .*Delete the folder"):
            prepare(stack, out)
    (out / "journal.jsonl").write_text("{}]\n")
    with pytest.raises(ValueError, match=r"journal\.jsonl is damaged; delete"):
        prepare(stack, out)


def test_whole_blocks_of_the_sources_are_read_once(stack, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_MOST_VALUES", 2**28)
    rows, block = [], max(source.block[0] for source in stack.sources)
    prepare(stack, tmp_path / "out", progress=lambda done, _: rows.append(done))
    assert block > 8
    assert all(done % block == 0 for done in rows[:-1])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_truncated_raster_is_named_and_nothing_is_finished(layout, files, tmp_path):
    from jaxsdm.data.rasters import open_stack

    raw = pathlib.Path(files[0]).read_bytes()
    with open_stack(files) as stack:
        pathlib.Path(files[0]).write_bytes(raw[: len(raw) // 2])
        with pytest.raises((OSError, ValueError), match=r"heat\.tif"):
            prepare(stack, tmp_path / "out", layout=layout)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_source_that_changes_meanwhile_is_refused(stack, files, tmp_path):
    with pytest.raises(ValueError, match=r"soil\.tif changed since"):
        prepare(stack, tmp_path / "out", progress=lambda *_: os.utime(files[1], (1, 1)))
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_other_folders_are_refused(stack, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(ValueError, match="notes holds something else"):
        prepare(stack, tmp_path / "notes")
    with pytest.raises(ValueError, match=r"no prepared raster: it has no manifest"):
        open_prepared(tmp_path / "notes")
    (tmp_path / "notes" / "manifest.json").write_text('{"name": "web app"}')
    for function in (open_prepared, lambda folder: prepare(stack, folder)):
        with pytest.raises(ValueError, match="is no manifest of a prepared raster"):
            function(tmp_path / "notes")
    assert len(list((tmp_path / "notes").iterdir())) == 2
    with pytest.raises(ValueError, match=r"a\.txt is a file; name a new"):
        prepare(stack, tmp_path / "notes" / "a.txt")
    with pytest.raises(FileNotFoundError, match="no folder"):
        open_prepared(tmp_path / "nowhere")


@pytest.mark.parametrize("finished", [False, True])
def test_another_stack_or_options_are_refused(finished, stack, tmp_path):
    out = tmp_path / "out"
    if finished:
        prepare(stack, out)
    else:
        with pytest.raises(Stopped):
            prepare(stack, out, progress=stop_after(1))
    with pytest.raises(ValueError, match=r"other options \(layout memmap there, zarr"):
        prepare(stack, out, layout="zarr")
    with pytest.raises(ValueError, match=r"another stack .*\(the bands \(--rasters"):
        prepare(stack.select(["soil", "heat"]), out)


def test_another_version_is_refused(stack, tmp_path):
    path = tmp_path / "out" / "manifest.json"
    prepare(stack, path.parent)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"jaxsdm_prepared": 9}))
    with pytest.raises(ValueError, match="has version 9; this jaxsdm reads version 1"):
        open_prepared(path.parent)


def test_integers_where_all_values_are(stack, tmp_path):
    soil = stack.select(["soil"])
    done = prepare(soil, tmp_path / "out", dtype=np.uint8)
    want = MemoryPatches.from_stack(soil).take([5, -2, 52], [5, 40, 0], Window(9))
    got = done.patches().take([5, -2, 52], [5, 40, 0], Window(9))
    np.testing.assert_array_equal(got.values, want.values)
    np.testing.assert_array_equal(got.valid, want.valid)
    assert np.load(tmp_path / "out" / "values.npy").dtype == np.uint8
    with pytest.raises(ValueError, match=r"band heat has the value .* uint8 does not"):
        prepare(stack, tmp_path / "other", dtype=np.uint8)


def test_impossible_arguments(stack, tmp_path):
    for options, message in (
        ({"layout": "tiles"}, "unknown layout 'tiles'; known: memmap, zarr"),
        ({"chunk": 0}, "chunks of 1 cell at least"),
        ({"dtype": np.float64}, "float32 or integers, got float64"),
        ({"dtype": np.int16, "layout": "zarr"}, "float32, got int16"),
        (
            {"cells": np.ones((2, 2), bool)},
            r"\(cells=, --training-cells\) are bool of shape",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            prepare(stack, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
