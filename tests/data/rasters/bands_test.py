"""Tests for jaxsdm.data.rasters.bands."""

import numpy as np
import pytest

from jaxsdm.data.rasters import Band
from jaxsdm.data.rasters.bands import check_band, decode


def band(dtype="int16", **told):
    return Band("elevation", "dem.tif", 2, dtype, **told)


def test_scale_and_offset_come_after_nodata():
    stored = np.array([[100, -9999, 0]], np.int16)
    values, valid = decode(band(scale=0.1, offset=-273.15, nodata=-9999), stored)
    np.testing.assert_array_equal(valid, [[True, False, True]])
    np.testing.assert_allclose(values, [[-263.15, np.nan, -273.15]], rtol=1e-6)
    assert values.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_not_finite_is_not_valid(dtype):
    stored = np.array([[1, np.nan, np.inf, -np.inf, -9999]], dtype)
    values, valid = decode(band(dtype, nodata=-9999), stored)
    np.testing.assert_array_equal(valid, [[True, False, False, False, False]])
    np.testing.assert_array_equal(values, [[1] + [np.nan] * 4])


def test_a_number_beyond_float32_is_not_valid():
    _, valid = decode(band("float64"), np.array([[1e300, 1.0]]))
    np.testing.assert_array_equal(valid, [[False, True]])


@pytest.mark.parametrize(
    "nodata", [3.4028234663852886e38, -3.4028234663852886e38, -3.4e38, 3.402823e38]
)
def test_the_ends_of_float32_as_nodata(nodata):
    stored = np.array([[nodata, 0, 1e37]], np.float32)
    _, valid = decode(band("float32", nodata=nodata), stored)
    np.testing.assert_array_equal(valid, [[False, True, True]])


def test_unsigned_nodata():
    stored = np.array([[255, 0, 254]], np.uint8)
    _, valid = decode(band("uint8", nodata=255), stored)
    np.testing.assert_array_equal(valid, [[False, True, True]])
    _, valid = decode(band("uint8", nodata=0), stored)
    np.testing.assert_array_equal(valid, [[True, False, True]])
    _, valid = decode(band("uint8"), stored)
    assert valid.all()


def test_a_mask_of_the_source_hides():
    hidden = np.array([[True, False]])
    values, valid = decode(band(), np.array([[1, 2]], np.int16), hidden)
    np.testing.assert_array_equal(valid, ~hidden)
    np.testing.assert_array_equal(values, [[np.nan, 2]])


def test_the_stored_numbers_stay_as_they_are():
    stored = np.array([[1, -9999]], np.float32)
    decode(band("float32", nodata=-9999), stored)
    np.testing.assert_array_equal(stored, [[1, -9999]])


@pytest.mark.parametrize("nodata", [-9999, 256, 0.5, 3.4e38])
def test_nodata_that_the_type_cannot_hold_is_refused(nodata):
    with pytest.raises(
        ValueError, match=r"elevation .* dem.tif.* cannot hold.*nodata="
    ):
        check_band(band("uint8", nodata=nodata))


def test_nodata_that_fits():
    check_band(band("uint8", nodata=255))
    check_band(band("float32", nodata=-1.7e308))
    check_band(band("uint8", nodata=None))
    with pytest.raises(ValueError, match="complex64 values"):
        check_band(band("complex64"))


def test_an_unknown_level_is_an_error():
    codes = band("uint8", categorical=True, levels=(1, 2), nodata=0)
    values, _ = decode(codes, np.array([[1, 2, 0]], np.uint8))
    np.testing.assert_array_equal(values, [[1, 2, np.nan]])
    with pytest.raises(ValueError, match=r"2 cells with unknown level 7, 9; .* 1, 2"):
        decode(codes, np.array([[1, 9, 7]], np.uint8))


def test_codes_that_float32_would_round_are_an_error():
    codes = band("int32", categorical=True)
    with pytest.raises(ValueError, match="not exact in float32"):
        decode(codes, np.array([[2**24 + 1]], np.int32))
    decode(codes, np.array([[2**24]], np.int32))
