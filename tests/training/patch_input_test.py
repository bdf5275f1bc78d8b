"""Tests for jaxsdm.training.patch_input."""

import json

import jax
import numpy as np
import pytest

from jaxsdm.data import Band
from jaxsdm.data.patches import DevicePatches, Patches, Window
from jaxsdm.training.patch_input import PatchInput, model_inputs

BANDS = (
    Band("wet", "a.tif", 1, "float32"),
    Band("cover", "b.tif", 1, "uint8", categorical=True),
    Band("cold", "c.tif", 1, "float32"),
)
CELLS = np.array([[1, 7, -3], [3, 2, 0], [5, 7, 3], [9, 9, 9]], np.float32)
KNOWN = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0], [0, 0, 1]], bool)


def fit(bands=BANDS, cells=CELLS, known=KNOWN, size=2):
    window = Window(size)
    return PatchInput.fit("around", "land", "memory", window, bands, cells, known)


def test_statistics_are_those_of_the_valid_cells_alone():
    one = fit()
    assert one.continuous == ("cold", "wet")
    assert one.categorical == ("cover",)
    np.testing.assert_allclose(one.means, [np.mean([-3, 0, 9]), np.mean([1, 3, 5])])
    np.testing.assert_allclose(
        one.standard_deviations, [np.std([-3, 0, 9]), np.std([1, 3, 5])]
    )
    assert one.levels == ((2, 7),)
    assert one.shape == (2, 2, 4)


def test_a_constant_band_is_not_divided_by_zero():
    one = fit(cells=np.ones((4, 3), np.float32), known=np.ones((4, 3), bool))
    assert one.standard_deviations == (1.0, 1.0)


def test_a_band_without_values_is_refused():
    known = KNOWN.copy()
    known[:, [0, 2]] = False
    with pytest.raises(ValueError, match=r"raster 'land': .* value of wet, cold"):
        fit(known=known)


def test_encoded_by_hand():
    values = np.array([[[[3, 7, 0], [5, 4, 9]]]], np.float32)  # [1, 1, 2, band]
    valid = np.array([[[[1, 1, 1], [0, 1, 1]]]], bool)
    one = fit(size=(1, 2))
    cold, wet = one.standard_deviations
    encoded = one.encode(Patches(values, valid))
    want = [[(0 - 2) / cold, 0.0, 0.0, 1.0], [(9 - 2) / cold, 0.0, 0.0, 0.0]]
    np.testing.assert_allclose(encoded["around"][0, 0], want, rtol=1e-6)
    assert wet > 0  # 3 is its mean, and the other cell is missing
    # 4 is no level of the cover that was seen: not valid, in any of its channels.
    np.testing.assert_array_equal(
        encoded["around_valid"][0, 0], [[1, 1, 1, 1], [1, 0, 0, 0]]
    )
    assert encoded["around"].dtype == np.float32
    shapes = jax.tree.map(lambda x: (x.shape[1:], x.dtype), one.example())
    assert shapes == jax.tree.map(lambda x: (x.shape[1:], x.dtype), encoded)


def test_the_order_of_bands_changes_nothing_but_where_they_are_read():
    order = [2, 0, 1]
    other = fit(tuple(BANDS[i] for i in order), CELLS[:, order], KNOWN[:, order])
    assert other.about() == fit().about()
    json.dumps(other.about())
    rng = np.random.default_rng(0)
    values = rng.integers(0, 9, (3, 2, 2, 3)).astype(np.float32)
    valid = rng.random((3, 2, 2, 3)) < 0.7
    jax.tree.map(
        np.testing.assert_array_equal,
        fit().encode(Patches(values, valid)),
        other.encode(Patches(values[..., order], valid[..., order])),
    )


def test_the_same_inputs_from_values_and_from_a_raster_on_the_device():
    rng = np.random.default_rng(1)
    raster = rng.integers(0, 9, (7, 8, 3)).astype(np.float32)
    raster[rng.random(raster.shape) < 0.2] = np.nan
    source, one = DevicePatches.put(raster), fit()
    rows, columns, turned = np.array([0, 3]), np.array([7, 2]), np.array([0, 5])
    taken = source.take(rows, columns, one.window, turned)
    from_values = model_inputs(
        [one], {"around": taken.values, "around_valid": taken.valid}, {}
    )
    places = {"rows": rows, "columns": columns, "orientation": turned}
    on_device = model_inputs([one], {"around": places}, {"around": source})
    jax.tree.map(np.testing.assert_array_equal, from_values, on_device)
    assert not on_device["around_valid"].all()
