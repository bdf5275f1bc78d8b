"""Tests for jaxsdm.data.prepared.lock: one preparation at a time in a folder."""

import errno
import os
import signal
import subprocess
import sys
import threading

import pytest
from interrupting import Stopped, digest, stop_after

from jaxsdm.data.prepared import lock, open_prepared, prepare

pytest.importorskip("rasterio")
pytest.importorskip("fcntl")

PROGRAM = """
import sys, time
from jaxsdm.data.prepared import prepare, writing
from jaxsdm.data.rasters import open_stack

writing._STRIPE_VALUES, writing._MOST_VALUES = 41 * 2 * 8, 0
_, out, *files = sys.argv

def stay(done, rows):
    print(done, flush=True)
    time.sleep(600)

prepare(open_stack(files, categorical=["soil"]), out, progress=stay)
"""


@pytest.fixture
def other(files, tmp_path):
    """Another process that has written the first stripe, and stays there."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "out"), *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "8\n"
        yield process
        process.kill()


def test_another_process_is_named_and_once_it_is_dead_all_goes_on(
    other, stack, tmp_path
):
    out, whole = tmp_path / "out", tmp_path / "whole"
    before = digest(out)
    message = rf"process {other.pid} on .* is writing into .*out\. Wait .* or stop it"
    with pytest.raises(OSError, match=message):
        prepare(stack, out)
    assert digest(out) == before
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert (out / lock.LOCK).exists()
    done = []
    prepare(stack, out, progress=lambda rows, _: done.append(rows))
    assert min(done) == 16  # the first stripe is still there
    prepare(stack, whole)
    assert digest(out) == digest(whole)


def test_another_thread_is_kept_out_too(stack, tmp_path):
    refused = []

    def again(*_):
        with pytest.raises(OSError, match=f"process {os.getpid()} on"):
            prepare(stack, tmp_path / "out")
        refused.append(threading.current_thread())

    prepare(stack, tmp_path / "out", progress=again)
    assert len(refused) == 7
    assert open_prepared(tmp_path / "out", verify=True)


def test_the_lock_goes_with_an_error(stack, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Stopped):
        prepare(stack, out, progress=stop_after(1))
    assert not (out / lock.LOCK).exists()


def test_a_file_left_behind_blocks_nobody(stack, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / lock.LOCK).write_text("process 1 on a computer that is no more")
    prepare(stack, out)
    assert not (out / lock.LOCK).exists()


def test_a_file_deleted_by_its_last_holder_is_no_lock(tmp_path, monkeypatch):
    """Opened before the holder was done, locked after: another may have a new one."""
    import fcntl

    path, calls, real = tmp_path / lock.LOCK, [], fcntl.flock

    def slow(file, how):
        calls.append(file)
        if len(calls) == 1:
            path.unlink()
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    with lock.alone_in(tmp_path):
        assert len(calls) == 2
        monkeypatch.undo()
        with pytest.raises(OSError, match="is writing into"), lock.alone_in(tmp_path):
            pass
    assert not path.exists()


@pytest.mark.parametrize("has", ["no fcntl", "no locks"])
def test_without_locks_it_works_unlocked(has, stack, tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, "no locks here")

    if has == "no fcntl":
        monkeypatch.setattr(lock, "fcntl", None)
    else:
        monkeypatch.setattr("fcntl.flock", none)
    prepare(stack, tmp_path / "out")
    assert set(os.listdir(tmp_path / "out")) == {
        "manifest.json",
        "valid.npy",
        "values.npy",
    }
