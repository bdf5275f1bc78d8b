"""Tests for jaxsdm.parallel.mesh."""

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from jaxsdm import parallel


def test_data_zero_takes_what_species_leaves():
    mesh = parallel.make_mesh(0, 2)
    assert dict(mesh.shape) == {"data": 4, "species": 2}
    assert set(mesh.axis_types) == {jax.sharding.AxisType.Auto}


def test_too_many_devices():
    with pytest.raises(ValueError, match="needs 18 devices, and there are 8"):
        parallel.make_mesh(9, 2)
    with pytest.raises(ValueError, match="species >= 1"):
        parallel.make_mesh(1, 0)


def test_put_shards_as_asked():
    mesh = parallel.make_mesh(4, 2)
    table = np.arange(32.0, dtype=np.float32).reshape(8, 4)
    placed = parallel.put({"a": table}, mesh, {"a": PartitionSpec("data", "species")})
    np.testing.assert_array_equal(placed["a"], table)
    assert placed["a"].addressable_shards[0].data.shape == (2, 2)


def test_round_up():
    assert [parallel.round_up(n, 4) for n in (1, 4, 5)] == [4, 4, 8]


def test_several_processes_use_all_devices(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(ValueError, match="must use all 8 devices; data=2 x species=1"):
        parallel.make_mesh(2, 1)
