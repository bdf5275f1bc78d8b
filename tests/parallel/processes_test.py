"""Tests for jaxsdm.parallel.processes; two real ones: training/distributed_test.py."""

import jax
import numpy as np

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
