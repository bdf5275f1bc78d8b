"""Tests for jaxsdm.data.rasters.stack, against rasterio's own reading."""

import concurrent.futures
import os
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsdm.data.rasters import open_stack

rasterio = pytest.importorskip("rasterio")

TRANSFORMS = {
    "north-up": (0.5, 0.0, 3.0, 0.0, -0.5, 60.0),
    "south-up": (0.5, 0.0, 3.0, 0.0, 0.5, 40.0),
    "rotated": (0.4, 0.3, 3.0, 0.3, -0.4, 60.0),
}
KINDS = {
    "uint8 255": ("uint8", 255),
    "uint8 0": ("uint8", 0),
    "int16 -9999": ("int16", -9999),
    "uint16 without": ("uint16", None),
    "int32": ("int32", -(2**31)),
    "float32 nan": ("float32", np.nan),
    "float32 -9999": ("float32", -9999.0),
    "float32 largest": ("float32", 3.4028234663852886e38),
    "float64 without": ("float64", None),
}


def random_values(rng, kind, shape):
    dtype, nodata = KINDS[kind]
    values = rng.integers(0, 250, shape).astype(dtype)
    hole = rng.random(shape) < 0.2
    if nodata is not None:
        values[hole] = nodata
    elif dtype.startswith("float"):
        values[hole] = np.nan
    return values


def padded(path, row, column, height, width):
    """The window from a masked read of the whole file by rasterio, padded by hand."""
    with rasterio.open(path) as raster:
        whole = raster.read(masked=True)
    values = np.full((height, width, len(whole)), np.nan, np.float32)
    for y in range(height):
        for x in range(width):
            r, c = row + y, column + x
            if 0 <= r < whole.shape[1] and 0 <= c < whole.shape[2]:
                cell = whole[:, r, c]
                values[y, x] = np.ma.filled(cell.astype(np.float32), np.nan)
    return values, np.isfinite(values)


def boundless(path, row, column, height, width):
    """The same from rasterio's own reads beyond the edge."""
    window = rasterio.windows.Window(column, row, width, height)
    with rasterio.open(path) as raster, warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # affine 3's own
        read = raster.read(window=window, boundless=True, masked=True)
    values = np.moveaxis(read.astype(np.float32).filled(np.nan), 0, -1)
    return values, np.isfinite(values)


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


@pytest.fixture
def three_bands(write_raster):
    rng = np.random.default_rng(1)
    options = {"tiled": True, "blockxsize": 16, "blockysize": 32}
    climate = random_values(rng, "float32 -9999", (2, 70, 50))
    cover = random_values(rng, "uint8 255", (70, 50))
    return [
        write_raster("climate.tif", climate, nodata=-9999, **options),
        write_raster("cover.tif", cover, nodata=255),
    ]


def test_files_of_one_and_of_many_bands(three_bands):
    with open_stack(three_bands, categorical=["cover"]) as stack:
        assert stack.names == ("climate_1", "climate_2", "cover")
        assert [band.categorical for band in stack.bands] == [False, False, True]
        want = np.concatenate([padded(p, -3, 20, 40, 40)[0] for p in three_bands], -1)
        np.testing.assert_array_equal(stack.read(-3, 20, 40, 40)[0], want)


def test_bands_are_selected_by_name_in_any_order(three_bands):
    with open_stack(three_bands) as stack:
        every, _ = stack.load()
        some = stack.select(["cover", "climate_1"])
        np.testing.assert_array_equal(some.load()[0], every[..., [2, 0]])
        assert some.select(["climate_1"]).names == ("climate_1",)
        with pytest.raises(ValueError, match=r"no band bio1, .* climate_1, climate_2"):
            stack.select(["bio1", "cover"])
        with pytest.raises(ValueError, match="each band once"):
            stack.select(["cover", "cover"])


def test_sample_reads_the_cells_that_rasterio_samples(three_bands):
    rng = np.random.default_rng(2)
    x, y = rng.uniform(2, 29, 500), rng.uniform(24, 61, 500)
    with open_stack(three_bands) as stack:
        values, valid = stack.sample(longitude=x, latitude=y)
        want = []
        for path in three_bands:
            with rasterio.open(path) as raster:
                points = list(zip(x, y, strict=True))
                want.append(np.ma.stack(list(raster.sample(points, masked=True))))
        want = np.ma.concatenate([w.astype(np.float32) for w in want], 1)
        np.testing.assert_array_equal(values, want.filled(np.nan))
        row, column, inside = stack.grid.row_column(x, y)
        assert 0.5 < inside.mean() < 1
        loaded, loaded_valid = stack.load()
        at = row[inside], column[inside]
        np.testing.assert_array_equal(values[inside], loaded[at])
        np.testing.assert_array_equal(valid[inside], loaded_valid[at])
        assert not valid[~inside].any()
        plain = stack.sample(x=x, y=y)
        np.testing.assert_array_equal(plain[0], values)


def test_sample_reads_each_block_once(three_bands):
    with open_stack(three_bands[0]) as stack:
        source, reads = stack.sources[0], []
        read = source.stored
        source.stored = lambda *window: reads.append(window) or read(*window)
        rng = np.random.default_rng(3)
        stack.sample(x=rng.uniform(3, 28, 900), y=rng.uniform(25, 60, 900))
        assert len(reads) == 12  # 3 x 4 blocks of 32 x 16


def test_sample_in_another_crs(write_raster):
    values = np.arange(80, dtype=np.float32).reshape(8, 10)
    path = write_raster(
        "a.tif", values, crs="EPSG:3035", transform=(1000, 0, 4e6, 0, -1000, 3e6)
    )
    with open_stack(path) as stack:
        x, y = stack.grid.center([2, 7], [3, 9])
        lonlat = rasterio.warp.transform("EPSG:3035", "EPSG:4326", x, y)
        want = [[23], [79]]
        for got, _ in (
            stack.sample(x=x, y=y),
            stack.sample(x=x, y=y, crs="EPSG:3035"),
            stack.sample(longitude=lonlat[0], latitude=lonlat[1]),
            stack.sample(x=lonlat[0], y=lonlat[1], crs="EPSG:4326"),
        ):
            np.testing.assert_array_equal(got, want)


def test_sample_0_to_360_and_wrapped_windows(write_raster):
    values = np.arange(36, dtype=np.float32)[None].repeat(18, 0)
    path = write_raster("a.tif", values, transform=(10, 0, 0, 0, -10, 90))
    with open_stack(path) as stack:
        got, _ = stack.sample(longitude=[-5, 355, -180, 180, 0], latitude=[0.5] * 5)
        np.testing.assert_array_equal(got[:, 0], [35, 35, 18, 18, 0])
        _, valid = stack.sample(x=[-5], y=[0.5])
        assert not valid.any()
        got, valid = stack.read(5, -2, 1, 4)
        np.testing.assert_array_equal(got[0, :, 0], [np.nan, np.nan, 0, 1])
        np.testing.assert_array_equal(valid[0, :, 0], [False, False, True, True])
        got, valid = stack.read(5, -2, 1, 40, wrap=True)
        np.testing.assert_array_equal(got[0, :, 0], np.arange(-2, 38) % 36)
        assert valid.all()


def test_wrap_needs_a_globe(write_raster):
    with (
        open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack,
        pytest.raises(ValueError, match="360 degrees"),
    ):
        stack.read(0, 0, 1, 1, wrap=True)


@pytest.mark.parametrize(
    "points",
    [
        {},
        {"x": [1.0]},
        {"longitude": [1.0], "latitude": [1.0], "x": [1.0]},
        {"longitude": [1.0], "latitude": [1.0], "crs": "EPSG:3035"},
        {"x": [1.0], "y": [1.0], "longitude": [1.0], "latitude": [1.0]},
    ],
)
def test_points_are_named_in_one_way(write_raster, points):
    with (
        open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack,
        pytest.raises(ValueError, match="either longitude= and latitude="),
    ):
        stack.sample(**points)


def test_points_without_coordinates_and_none_at_all(write_raster):
    with open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack:
        values, valid = stack.sample(longitude=[np.nan, 4.0], latitude=[59.0, np.nan])
        assert np.isnan(values).all()
        assert not valid.any()
        values, valid = stack.sample(longitude=[], latitude=[])
        assert values.shape == valid.shape == (0, 1)
        with pytest.raises(ValueError, match="two vectors of one length"):
            stack.sample(longitude=[1.0, 2.0], latitude=[1.0])


def test_empty_windows_are_refused(write_raster):
    with (
        open_stack(write_raster("a.tif", np.ones((8, 10), np.uint8))) as stack,
        pytest.raises(ValueError, match="at least 1 row"),
    ):
        stack.read(0, 0, 0, 5)


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


def test_pickled_and_closed_stacks_open_files_again(three_bands):
    stack = open_stack(three_bands)
    want, _ = stack.load()
    text = pickle.dumps(stack)
    assert len(text) < 5000
    with pickle.loads(text) as again:
        np.testing.assert_array_equal(again.load()[0], want)
    stack.close()
    np.testing.assert_array_equal(stack.load()[0], want)
    stack.close()


def test_handles_of_finished_threads_are_let_go(three_bands):
    with open_stack(three_bands) as stack:
        for _ in range(5):
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda i: stack.read(i, 0, 2, 2), range(4)))
        assert len(stack.sources[0]._handles) <= 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_opens_files_for_itself(three_bands):
    program = (
        "import os, sys\n"
        "from jaxsdm.data.rasters import open_stack\n"
        f"source = open_stack({three_bands[0]!r}).sources[0]\n"
        "mine = source._raster()\n"
        "assert source._raster() is mine\n"
        "if child := os.fork():\n"
        "    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "os._exit(0 if source._raster() is not mine else 7)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


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


def test_chelsa_layers_are_those_of_rasterio(shared):
    folder = shared / "data" / "belgium_bcubed"
    with open_stack(folder) as stack:
        numbers = [1, 2, 3, 4, *range(10, 20)]
        assert stack.names == tuple(f"bio{i}" for i in numbers)
        values, valid = stack.load()
        for i, name in enumerate(stack.names):
            with rasterio.open(folder / f"{name}.tif") as raster:
                want = raster.read(1, masked=True)
            np.testing.assert_array_equal(
                values[..., i], want.astype(np.float32).filled(np.nan)
            )
            np.testing.assert_array_equal(valid[..., i], ~np.ma.getmaskarray(want))
        got, inside = stack.sample(longitude=[4.35, 20.0], latitude=[50.85, 50.0])
        with rasterio.open(folder / "bio12.tif") as raster:
            (want,) = raster.sample([(4.35, 50.85)])
        assert got[0, stack.names.index("bio12")] == want[0]
        assert not inside[1].any()


def test_layers_of_a_peer_with_mixed_types(shared):
    folder = shared / "data" / "geolifeclef" / "custom_bioclim" / "bioclim_rasters"
    with open_stack(folder) as stack:
        values, valid = stack.load()
        assert [band.dtype for band in stack.bands] == [
            "uint16",
            "uint16",
            "float32",
            "uint16",
        ]
        for i, band in enumerate(stack.bands):
            with rasterio.open(band.source) as raster:
                want = raster.read(1, masked=True)
            np.testing.assert_array_equal(
                values[..., i], want.astype(np.float32).filled(np.nan)
            )
        assert 0 < np.mean(~valid[..., 2]) < 0.02
