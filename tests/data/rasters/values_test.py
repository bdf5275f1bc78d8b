"""Tests for the values of raster stacks: scale, offset, nodata, masks."""

import numpy as np
import pytest

from jaxsdm.data.rasters import RasterGrid, open_stack

rasterio = pytest.importorskip("rasterio")


def test_scale_and_offset_of_each_band(write_raster):
    stored = np.array([[[100, 65535]], [[50, 7]]], np.uint16)
    path = write_raster(
        "a.tif", stored, nodata=65535, scales=(0.1, 2), offsets=(-273.15, 1)
    )
    values, valid = open_stack(path).load()
    want = [[[-263.15, 101], [np.nan, 15]]]
    np.testing.assert_allclose(values, want, rtol=1e-6)
    np.testing.assert_array_equal(valid, np.isfinite(want))


def test_two_nodata_conventions_in_one_stack(write_raster):
    """What a peer turned into zeros: a float band with nodata among integer ones."""
    largest = 3.4028234663852886e38
    one = write_raster("one.tif", np.array([[0, 5]], np.uint16))
    two = write_raster(
        "two.tif", np.array([[0.5, largest]], np.float32), nodata=largest
    )
    values, _ = open_stack([one, two], nodata={"one": 0}).load()
    np.testing.assert_array_equal(values, [[[np.nan, 0.5], [5, np.nan]]])
    values, _ = open_stack([one, two], nodata={"two": None}).load()
    np.testing.assert_array_equal(values[0, :, 0], [0, 5])


@pytest.mark.parametrize("nodata", [-9999.0, -1.2345678, 0.1])
def test_nodata_is_as_near_as_for_gdal(write_raster, nodata):
    """Tags are text, often with fewer digits than the numbers have."""
    away = np.array([-9, -6, -5, -3, -1, 0, 1, 3, 5, 6, 9])  # at 4, rounding decides
    steps = np.float32(nodata) * (1 + away * np.finfo(np.float32).eps)
    path = write_raster("a.tif", steps[None].astype(np.float32), nodata=nodata)
    with rasterio.open(path) as raster:
        want = raster.read_masks(1) > 0
    assert 0 < (~want).sum() < steps.size
    np.testing.assert_array_equal(open_stack(path).load()[1][..., 0], want)


def test_a_mask_in_the_file_hides(write_raster):
    path = write_raster("a.tif", np.array([[1, 2, 3]], np.uint8))
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "r+") as raster,
    ):
        raster.write_mask(np.array([[True, False, True]]))
    values, valid = open_stack(path).load()
    np.testing.assert_array_equal(values[..., 0], [[1, np.nan, 3]])
    np.testing.assert_array_equal(valid[..., 0], [[True, False, True]])


@pytest.fixture
def packed(write_raster):
    """Bands as CHELSA packs them, with tags, without, and a band of codes."""
    stored = np.array([[2731, 2981, 65535]], np.uint16)
    return [
        write_raster("plain.tif", stored, nodata=65535),
        write_raster("tagged.tif", stored, nodata=65535, scales=(2,), offsets=(7,)),
        write_raster("cover.tif", np.array([[1, 2, 3]], np.uint8)),
    ]


def test_packed_without_tags_by_hand(packed):
    kelvin = [273.1, 298.1, np.nan]
    celsius = [-0.05, 24.95, np.nan]
    tagged = [5469, 5969, np.nan]
    for options, want in (
        ({"scale": {"plain": 0.1}}, [kelvin, tagged]),
        ({"scale": {"plain": 0.1}, "offset": {"plain": -273.15}}, [celsius, tagged]),
        ({"scale": 0.1, "offset": -273.15}, [celsius, celsius]),
        ({"scale": 0.1, "offset": 0}, [kelvin, kelvin]),
        # What is not told here is that of the file.
        ({"scale": 0.1}, [kelvin, [280.1, 305.1, np.nan]]),
        ({"scale": {"tagged": 1}, "offset": {"tagged": 0}}, [[2731, 2981, np.nan]] * 2),
        # Nodata is a stored number.
        ({"scale": 0.1, "offset": 0, "nodata": {"plain": 2981}},
         [[273.1, np.nan, 6553.5], kelvin]),
    ):  # fmt: skip
        with open_stack(packed, categorical=["cover"], **options) as stack:
            values, valid = stack.load()
            np.testing.assert_allclose(values[0, :, :2].T, want, rtol=1e-6)
            np.testing.assert_array_equal(valid[0, :, :2].T, np.isfinite(want))
            assert values[0, :, 2].tolist() == [1, 2, 3]  # codes stay codes
            got, _ = stack.sample(longitude=[3.7], latitude=[59.9])
            np.testing.assert_allclose(got[0], values[0, 1], rtol=0)


def test_a_scale_told_by_name_may_be_that_of_codes(packed):
    stack = open_stack(packed[2], categorical=["cover"], scale={"cover": 10})
    assert stack.load()[0][0, :, 0].tolist() == [10, 20, 30]


def test_packed_values_are_unpacked_before_they_are_resampled(packed):
    grid = RasterGrid("EPSG:4326", (0.25, 0.0, 3.0, 0.0, -0.25, 60.0), 2, 4)
    with open_stack(
        packed[0], template=grid, resampling="nearest", scale=0.1, offset=-273.15
    ) as stack:
        want = [-0.05, -0.05, 24.95, 24.95]
        np.testing.assert_allclose(stack.load()[0][0, :, 0], want, rtol=1e-4)


def test_packed_netcdf_without_attributes():
    xarray = pytest.importorskip("xarray")
    data = xarray.Dataset(
        {"tas": (("lat", "lon"), np.array([[2731, 2981]], np.int16).repeat(2, 0))},
        coords={"lat": [51.0, 50.0], "lon": [4.0, 5.0]},
    )
    values, _ = open_stack(data, scale=0.1, offset={"tas": -273.15}).load()
    np.testing.assert_allclose(values[0, :, 0], [-0.05, 24.95], rtol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": {"soil": 1}}, "scale names no band of the stack: soil; .* plain"),
        ({"offset": {"soil": 1}}, "offset names no band of the stack: soil"),
        ({"scale": 0}, "scale of band plain is a finite number other than 0, got 0"),
        ({"scale": float("nan")}, "scale of band plain is a finite number"),
        (
            {"offset": {"plain": float("inf")}},
            "offset of band plain is a finite .* inf",
        ),
    ],
)
def test_impossible_packing_is_refused(packed, options, message):
    with pytest.raises(ValueError, match=message):
        open_stack(packed, **options)
