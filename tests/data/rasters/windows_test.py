"""Tests for windows of jaxsdm.data.rasters.stack, against rasterio's own reading."""

import concurrent.futures

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raster_oracle import KINDS, boundless, padded, random_values

from jaxsdm.data.rasters import open_stack

rasterio = pytest.importorskip("rasterio")

TRANSFORMS = {
    "north-up": (0.5, 0.0, 3.0, 0.0, -0.5, 60.0),
    "south-up": (0.5, 0.0, 3.0, 0.0, 0.5, 40.0),
    "oblong": (0.5, 0.0, 3.0, 0.0, -0.2, 60.0),
    "rotated": (0.4, 0.3, 3.0, 0.3, -0.4, 60.0),
}


@pytest.mark.parametrize("lies", list(TRANSFORMS))
@pytest.mark.parametrize("kind", list(KINDS))
def test_windows_are_those_of_rasterio(write_raster, kind, lies):
    rng = np.random.default_rng([*kind.encode(), len(lies)])
    dtype, nodata = KINDS[kind]
    values = random_values(rng, kind, (2, 37, 41))
    path = write_raster(
        "a.tif",
        values,
        transform=TRANSFORMS[lies],
        nodata=nodata,
        tiled=True,
        blockxsize=16,
        blockysize=16,
        compress="deflate",
    )
    with open_stack(path) as stack:
        assert [band.dtype for band in stack.bands] == [dtype] * 2
        for _ in range(12):
            row, column = (int(v) for v in rng.integers(-20, 45, 2))
            height, width = (int(v) for v in rng.integers(1, 30, 2))
            got = stack.read(row, column, height, width)
            want = padded(path, row, column, height, width)
            np.testing.assert_array_equal(got[0], want[0])
            np.testing.assert_array_equal(got[1], want[1])
        if lies != "rotated":  # rasterio 1.4 masks all of a boundless read there
            got, _ = stack.read(-5, 30, 20, 20)
            want = boundless(path, -5, 30, 20, 20)
            np.testing.assert_array_equal(got, want[0])
        values, valid = stack.load()
        want = padded(path, 0, 0, 37, 41)
        np.testing.assert_array_equal(values, want[0])
        np.testing.assert_array_equal(valid, want[1])


@pytest.mark.parametrize(
    "window", [(-9, 0, 9, 5), (0, -5, 5, 5), (8, 0, 5, 5), (0, 10, 1, 1)]
)
def test_windows_beyond_each_side_hold_nothing(write_raster, window):
    with open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack:
        values, valid = stack.read(*window)
        assert np.isnan(values).all()
        assert not valid.any()


def test_an_all_nodata_window_holds_nothing(write_raster):
    values = np.full((8, 10), 7, np.uint8)
    values[:4] = 255
    with open_stack(write_raster("a.tif", values, nodata=255)) as stack:
        assert not stack.read(0, 0, 4, 10)[1].any()
        assert stack.read(4, 0, 4, 10)[1].all()


def test_empty_windows_are_refused(write_raster):
    with (
        open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack,
        pytest.raises(ValueError, match="at least 1 row"),
    ):
        stack.read(0, 0, 0, 5)


def test_wrap_needs_a_globe(write_raster):
    with (
        open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack,
        pytest.raises(ValueError, match="360 degrees"),
    ):
        stack.read(0, 0, 1, 1, wrap=True)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    path = tmp_path_factory.mktemp("plain") / "plain.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=30,
        height=40,
        count=1,
        dtype="float32",
        crs="EPSG:4326",
        transform=rasterio.Affine(1, 0, 10, 0, -1, 50),
    ) as raster:
        raster.write(np.random.default_rng(5).random((1, 40, 30), np.float32))
    with open_stack(path) as stack:
        yield stack


@settings(max_examples=30, deadline=None)
@given(
    st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 40), st.integers(1, 40)
)
def test_read_of_parts_is_part_of_read(plain, row, column, height, width):
    """Any window is the same piece of any other that covers it."""
    whole, _ = plain.read(-50, -50, 150, 150)
    part, _ = plain.read(row, column, height, width)
    rows = slice(row + 50, row + 50 + height)
    columns = slice(column + 50, column + 50 + width)
    np.testing.assert_array_equal(part, whole[rows, columns])


def test_threads_read_what_one_reads(three_bands):
    with open_stack(three_bands) as stack:
        rng = np.random.default_rng(4)
        windows = [(int(r), int(c), 33, 17) for r, c in rng.integers(-20, 60, (80, 2))]
        want = [stack.read(*window) for window in windows]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            got = list(pool.map(lambda window: stack.read(*window), windows))
    for (values, valid), (want_values, want_valid) in zip(got, want, strict=True):
        np.testing.assert_array_equal(values, want_values)
        np.testing.assert_array_equal(valid, want_valid)
