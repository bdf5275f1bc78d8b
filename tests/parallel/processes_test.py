"""Tests for jaxsdm.parallel.processes; two real ones: training/distributed_test.py."""

import types

import jax
import numpy as np
import pytest

from jaxsdm import parallel
from jaxsdm.parallel import processes


def test_one_process_agrees_with_itself():
    assert parallel.is_first()
    parallel.wait("nobody to wait for")
    got = parallel.gather([3, 0, 7])
    np.testing.assert_array_equal(got, [[3, 0, 7]])


def test_several_processes_meet_and_gather(monkeypatch):
    met = []
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    monkeypatch.setattr(processes.multihost_utils, "sync_global_devices", met.append)
    monkeypatch.setattr(
        processes.multihost_utils,
        "process_allgather",
        lambda own: np.stack([own + 1, own]),
    )
    assert not parallel.is_first()
    parallel.wait("here")
    assert met == ["here"]
    np.testing.assert_array_equal(parallel.gather([1, 2]), [[2, 3], [1, 2]])


def mesh_of(owners):
    """Something with the devices of a mesh, each of the process given."""
    devices = np.empty(np.shape(owners), object)
    for place in np.ndindex(devices.shape):
        devices[place] = types.SimpleNamespace(process_index=owners[place[0]][place[1]])
    return types.SimpleNamespace(devices=devices)


@pytest.mark.parametrize(
    ("owners", "want"),
    [
        ([[0], [0], [1], [1]], {0: (0, 2), 1: (1, 2)}),
        ([[0, 1], [2, 3]], {0: (0, 2), 1: (0, 2), 2: (1, 2), 3: (1, 2)}),
        ([[0, 0, 1, 1]], {0: (0, 1), 1: (0, 1)}),
    ],
)
def test_the_part_of_the_batch_that_a_process_brings(monkeypatch, owners, want):
    for process, part in want.items():
        monkeypatch.setattr(jax, "process_index", lambda process=process: process)
        assert parallel.share_of_data(mesh_of(owners)) == part


@pytest.mark.parametrize("owners", [[[0], [1], [0], [1]], [[0], [1], [1], [0]]])
def test_uneven_parts_are_refused(monkeypatch, owners):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    with pytest.raises(ValueError, match=r"process 1 has the rows .* of 4"):
        parallel.share_of_data(mesh_of(owners))
