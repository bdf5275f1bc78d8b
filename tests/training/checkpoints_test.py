"""Tests for jaxsdm.training.checkpoints."""

import contextlib
import resource
import shutil

import jax
import numpy as np
import pytest
from orbax.checkpoint.checkpoint_manager import CheckpointManager

from jaxsdm.training.checkpoints import Checkpoints, open_checkpoints

ABOUT = {"task": "a", "species": ["x", "y"], "model": {"hidden": 8}}


def state_of(step):
    values = np.random.default_rng(step).normal(size=(3, 4)).astype(np.float32)
    return {"params": {"kernel": values}, "step": np.int32(step)}


SHAPES = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), state_of(0))


def assert_holds(checkpoints, step):
    restored = checkpoints.restore(SHAPES, ABOUT, step)
    jax.tree.map(np.testing.assert_array_equal, restored, state_of(step))


def test_what_is_saved_is_restored_to_the_bit(tmp_path):
    with open_checkpoints(tmp_path / "a" / "b") as checkpoints:
        assert checkpoints.latest_step() is None
        checkpoints.save(5, state_of(5), ABOUT)
        checkpoints.save(9, state_of(9), ABOUT | {"task": "b"})
    with open_checkpoints(tmp_path / "a" / "b", create=False) as checkpoints:
        assert checkpoints.latest_step() == 9
        assert checkpoints.about() == ABOUT | {"task": "b"}
        assert checkpoints.about(5) == ABOUT
        assert_holds(checkpoints, 5)


def test_the_latest_are_kept_and_one_step_is_written_once(tmp_path):
    with open_checkpoints(tmp_path, keep=2) as checkpoints:
        for step in (1, 2, 3):
            checkpoints.save(step, state_of(step), ABOUT)
        checkpoints.save(3, state_of(4), ABOUT)  # there already
        assert_holds(checkpoints, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2", "3"]


def test_a_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with open_checkpoints("runs/one") as checkpoints:
        checkpoints.save(1, state_of(1), ABOUT)
    assert (tmp_path / "runs" / "one" / "1").is_dir()


def test_a_tuple_is_a_list_once_saved(tmp_path):
    with open_checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state_of(1), ABOUT | {"species": ("x", "y")})
        checkpoints.restore(SHAPES, ABOUT | {"species": ("x", "y")})


def test_another_architecture_is_refused_by_name(tmp_path):
    other = ABOUT | {"model": {"hidden": 16}, "members": 2}
    with open_checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state_of(1), ABOUT)
        with pytest.raises(ValueError, match="belongs to another model") as caught:
            checkpoints.restore(SHAPES, other)
    text = str(caught.value)
    assert f"{tmp_path}/1" in text
    assert "members: saved None, wanted 2; " in text
    assert "model: saved {'hidden': 8}, wanted {'hidden': 16}." in text
    assert "task" not in text


def test_a_long_difference_is_cut(tmp_path):
    with open_checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state_of(1), ABOUT)
        with pytest.raises(ValueError, match="…") as caught:
            checkpoints.restore(SHAPES, ABOUT | {"species": ["x" * 9] * 999})
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("what", ["arrays", "state"])
def test_a_damaged_checkpoint_says_what_to_delete(tmp_path, what):
    # One array: beside a read that fails, TensorStore's other reads would end after
    # Orbax has closed its event loop, which Python reports as an ignored exception.
    states = {step: {"kernel": state_of(step)["params"]["kernel"]} for step in (5, 9)}
    shapes = {"kernel": SHAPES["params"]["kernel"]}
    with open_checkpoints(tmp_path) as checkpoints:
        for step, state in states.items():
            checkpoints.save(step, state, ABOUT)
    if what == "state":
        shutil.rmtree(tmp_path / "9" / "state")
    else:
        for path in (tmp_path / "9" / "state").rglob("d/*"):
            path.write_bytes(path.read_bytes()[:20])
    with open_checkpoints(tmp_path) as checkpoints:
        with pytest.raises(
            OSError, match=r"/9 cannot be read .* from step 5\."
        ) as caught:
            checkpoints.restore(shapes, ABOUT)
        assert len(str(caught.value)) < 600
    shutil.rmtree(tmp_path / "9")
    with open_checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest_step() == 5
        restored = checkpoints.restore(shapes, ABOUT)
        np.testing.assert_array_equal(restored["kernel"], states[5]["kernel"])


def test_nothing_saved(tmp_path):
    with (
        open_checkpoints(tmp_path) as checkpoints,
        pytest.raises(FileNotFoundError, match=r"train it first \(scripts/train\.py\)"),
    ):
        checkpoints.restore(SHAPES, ABOUT)
    with (
        open_checkpoints(tmp_path) as checkpoints,
        pytest.raises(FileNotFoundError, match="no complete checkpoint"),
    ):
        checkpoints.about()


def test_reading_makes_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no complete checkpoint in .*/none"):
        Checkpoints(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_half_a_checkpoint_is_passed_over(tmp_path):
    """What a kill in the middle of a write leaves: a folder not yet renamed."""
    with open_checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state_of(1), ABOUT)
        checkpoints.save(2, state_of(2), ABOUT)
    (tmp_path / "2").rename(tmp_path / "2.orbax-checkpoint-tmp")
    with open_checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest_step() == 1
        assert_holds(checkpoints, 1)
        checkpoints.save(2, state_of(2), ABOUT)
        assert_holds(checkpoints, 2)


@pytest.mark.parametrize("earlier", [True, False])
def test_a_full_disk_loses_nothing(tmp_path, monkeypatch, earlier):
    """The disk fills between the arrays and the rename that completes them."""

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with open_checkpoints(tmp_path) as checkpoints:
        if earlier:
            checkpoints.save(1, state_of(1), ABOUT)
        with monkeypatch.context() as patch:
            patch.setattr("os.rename", full)
            patch.setattr("os.replace", full)
            patch.setattr("pathlib.Path.rename", full)
            with pytest.raises(OSError, match="step 2 could not be written") as caught:
                checkpoints.save(2, state_of(2), ABOUT)
    text = str(caught.value)
    assert str(tmp_path) in text
    assert "No space left on device" in text
    assert ("step 1 still loads" if earlier else "none was there") in text
    with open_checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest_step() == (1 if earlier else None)
        if earlier:
            assert_holds(checkpoints, 1)
        checkpoints.save(2, state_of(2), ABOUT)  # there is room again
        assert_holds(checkpoints, 2)


@contextlib.contextmanager
def no_file_above(size):
    """Writes beyond `size` bytes of a file fail, as they do on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_stops_in_the_middle_of_the_arrays(tmp_path):
    large = {"kernel": np.random.default_rng(0).normal(size=100_000)}
    with open_checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, state_of(1), ABOUT)
        with (
            no_file_above(100_000),
            pytest.raises(OSError, match="step 1 still loads"),
        ):
            checkpoints.save(2, large, ABOUT)
    with open_checkpoints(tmp_path) as checkpoints:
        assert checkpoints.latest_step() == 1
        assert_holds(checkpoints, 1)


def test_the_threads_are_released(tmp_path, monkeypatch):
    closed = []
    monkeypatch.setattr(CheckpointManager, "close", lambda self: closed.append(self))
    with pytest.raises(KeyboardInterrupt), open_checkpoints(tmp_path):
        raise KeyboardInterrupt
    assert len(closed) == 1
