"""Tests for what DevicePatches is given: numbers beyond int32, wrong codes, types."""

import jax
import numpy as np
import pytest

from jaxsdm.data.patches import DevicePatches, Window


@pytest.mark.parametrize("margin", [0, 16])
@pytest.mark.parametrize("x64", [False, True])
def test_cells_far_beyond_the_raster_do_not_come_back(margin, x64):
    values = np.arange(400, dtype=np.float32).reshape(20, 20, 1)
    far = [2**32 + 5, -(2**32) + 5, 2**31 - 1, -(2**31), 2**62, 5]
    window = Window(5)
    with jax.enable_x64(x64):
        device = DevicePatches.put(values, margin=margin)
        rows, columns = np.array(far), np.full(len(far), 5)
        for got in (
            device.take(rows, columns, window),
            device.take(columns, rows, window),
        ):
            assert not got.valid[:-1].any()
            assert got.valid[-1].all()
        got = device.take(np.array([2**63 + 5, 5], np.uint64), columns[:2], window)
        assert got.valid.any(axis=(1, 2, 3)).tolist() == [False, True]
        small = device.take(columns.astype(np.int8), columns, window)
        assert small.valid.all()
        if x64:
            take = jax.jit(lambda rows: device.take(rows, rows, window))
            assert not take(np.array(far))[1][:-1].any()


def test_an_orientation_that_is_none_is_refused_where_it_is_known():
    device = DevicePatches.put(np.zeros((20, 20, 1), np.float32))
    cell = np.array([5])
    for code in (8, -1, 1.0):
        with pytest.raises(ValueError, match="whole numbers from 0 to 7, got"):
            device.take(cell, cell, Window(4), np.array([code]))


def test_the_device_names_itself_and_the_types_it_got():
    with pytest.raises(ValueError, match=r"DevicePatches\.put: float32 or integers"):
        DevicePatches.put(np.zeros((20, 20, 1)))
    device = DevicePatches.put(np.zeros((20, 20, 1), np.float32))
    with pytest.raises(TypeError, match="got float64 and int64"):
        device.take(np.array([5.0]), np.array([5]), Window(4))
