"""Tests for jaxsdm.data.rasters.alignment, against rasterio's reprojection."""

import concurrent.futures
import pickle

import numpy as np
import pytest

from jaxsdm.data.rasters import RasterGrid, alignment, open_stack

rasterio = pytest.importorskip("rasterio")
warp = pytest.importorskip("rasterio.warp")
pytest.importorskip("rasterio.vrt")

BELGIUM = RasterGrid("EPSG:3035", (20e3, 0.0, 3.8e6, 0.0, -20e3, 3.2e6), 30, 35)
METHODS = ("nearest", "bilinear", "cubic", "average", "mode")


def reprojected(path, grid, method):
    """GDAL's own warp of the whole file as float32, with exact coordinates."""
    with rasterio.open(path) as raster:
        rows, columns = np.indices((2, 2))
        x, y = grid.center(rows + grid.height // 2, columns + grid.width // 2)
        x, y = warp.transform(grid.crs, raster.crs, x.ravel(), y.ravel())
        across, down = (
            max(
                1,
                *(np.abs(np.diff(np.reshape(v, (2, 2)), axis=i)).max() for i in (0, 1)),
            )
            for v in (
                np.divide(x, raster.transform.a),
                np.divide(y, raster.transform.e),
            )
        )
        with rasterio.vrt.WarpedVRT(
            raster,
            crs=grid.crs,
            transform=rasterio.Affine(*grid.transform),
            height=grid.height,
            width=grid.width,
            resampling=rasterio.enums.Resampling[method],
            working_dtype="float32",
            dtype="float32",
            tolerance=1e-9,
            nodata=np.nan,
            XSCALE=1 / across,
            YSCALE=1 / down,
        ) as warped:
            return warped.read(1)


@pytest.fixture
def climate(write_raster):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 200, (90, 110)).astype(np.uint8)
    values[rng.random(values.shape) < 0.1] = 255
    return write_raster(
        "climate.tif", values, transform=(0.1, 0.0, 1.0, 0.0, -0.1, 55.0), nodata=255
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tile", [7, 256])
def test_values_are_those_of_rasterio_for_tiles_of_any_size(
    climate, method, tile, monkeypatch
):
    monkeypatch.setattr(alignment, "_TILE", tile)
    codes = ["climate"] if method == "mode" else []
    with open_stack(
        climate, template=BELGIUM, resampling=method, categorical=codes
    ) as stack:
        assert stack.grid == BELGIUM
        values, valid = stack.load()
        want = reprojected(climate, BELGIUM, method)
        np.testing.assert_allclose(values[..., 0], want, rtol=1e-5)
        np.testing.assert_array_equal(valid[..., 0], np.isfinite(want))
        assert 0.3 < valid.mean() < 1
        part, _ = stack.read(-3, 11, 20, 15)
        np.testing.assert_array_equal(part[3:], values[:17, 11:26])


def test_nearest_equals_the_peer_exactly(climate):
    with open_stack(climate, template=BELGIUM, resampling="nearest") as stack:
        want = reprojected(climate, BELGIUM, "nearest")
        np.testing.assert_array_equal(stack.load()[0][..., 0], want)
        x, y = BELGIUM.center(*np.indices((30, 35)))
        x, y = warp.transform(BELGIUM.crs, "EPSG:4326", x.ravel(), y.ravel())
        with open_stack(climate) as plain:
            by_hand, _ = plain.sample(longitude=x, latitude=y)
        np.testing.assert_array_equal(by_hand[:, 0], want.ravel())
        rng = np.random.default_rng(1)
        x, y = rng.uniform(3.7e6, 4.6e6, 200), rng.uniform(2.5e6, 3.3e6, 200)
        values, valid = stack.sample(x=x, y=y)
        row, column, inside = BELGIUM.row_column(x, y)
        np.testing.assert_array_equal(
            values[inside, 0], want[row[inside], column[inside]]
        )
        assert not valid[~inside].any()


@pytest.mark.parametrize(
    ("factor", "method"), [(0.5, "bilinear"), (1.5, "bilinear"), (3, "average")]
)
def test_the_method_follows_the_cell_size(climate, factor, method):
    size = 0.1 * factor
    grid = RasterGrid("EPSG:4326", (size, 0.0, 1.03, 0.0, -size, 54.98), 20, 25)
    with open_stack(climate, template=grid) as stack:
        want = reprojected(climate, grid, method)
        np.testing.assert_allclose(stack.load()[0][..., 0], want, rtol=1e-5)


def test_categories_are_never_mixed(write_raster):
    cover = np.random.default_rng(2).choice([1, 9], (40, 40)).astype(np.uint8)
    path = write_raster("cover.tif", cover)
    grid = RasterGrid("EPSG:4326", (0.7, 0.0, 4.0, 0.0, -0.7, 59.0), 20, 20)
    for method in (None, "bilinear", "average", "mode"):
        with open_stack(
            path, template=grid, resampling=method, categorical={"cover": (1, 9)}
        ) as stack:
            values, valid = stack.load()
            assert set(np.unique(values[valid])) == {1, 9}
            assert not stack.bands[0].nodata
    with open_stack(path, template=grid) as stack:
        assert len(np.unique(stack.load()[0])) > 3


def test_a_shift_of_whole_cells_copies(climate):
    with open_stack(climate) as plain:
        values, valid = plain.load()
        grid = plain.grid.window(-3, 20, 60, 100)
    with open_stack(climate, template=grid, resampling="bilinear") as stack:
        got, got_valid = stack.load()
    np.testing.assert_array_equal(got[3:, :90], values[:57, 20:])
    np.testing.assert_array_equal(got_valid[3:, :90], valid[:57, 20:])
    assert not got_valid[:3].any()
    assert not got_valid[:, 90:].any()


def test_outside_the_source_there_is_nothing_without_any_nodata(write_raster):
    """A warped VRT of GDAL without nodata gives zeros there."""
    path = write_raster("a.tif", np.full((8, 10), 7, np.uint8))
    grid = RasterGrid("EPSG:4326", (0.3, 0.0, 0.0, 0.0, -0.3, 63.0), 40, 40)
    with open_stack(path, template=grid) as stack:
        values, valid = stack.load()
        np.testing.assert_array_equal(values[valid], 7)
        assert 0 < valid.mean() < 0.5
    far = RasterGrid("EPSG:4326", (0.3, 0.0, 100.0, 0.0, -0.3, 63.0), 4, 4)
    assert not open_stack(path, template=far).load()[1].any()


def test_scale_applies_before_resampling(write_raster):
    path = write_raster(
        "a.tif", np.full((8, 10), 100, np.int16), scales=(0.1,), offsets=(-5,)
    )
    grid = RasterGrid("EPSG:4326", (0.3, 0.0, 4.0, 0.0, -0.3, 59.0), 4, 4)
    with open_stack(path, template=grid) as stack:
        np.testing.assert_allclose(stack.load()[0], 5)


def test_the_grid_of_a_band_or_a_file_is_a_template(climate, write_raster):
    cover = write_raster(
        "cover.tif",
        np.ones((30, 30), np.uint8),
        transform=(0.3, 0.0, 1.0, 0.0, -0.3, 55.0),
    )
    for template in ("cover", cover):
        with open_stack([climate, cover], template=template) as stack:
            assert stack.grid.height == 30
            want = reprojected(climate, stack.grid, "average")
            values, valid = stack.load()
            np.testing.assert_allclose(values[..., 0], want, rtol=1e-5)
            assert valid[..., 1].all()


def globe(write_raster, name, west):
    """Smooth in longitude, so that a seam would show."""
    x, y = np.meshgrid(west + 5 + 10 * np.arange(36), 85 - 10 * np.arange(18))
    values = (100 + 50 * np.sin(np.radians(x)) + y).astype(np.float32)
    return write_raster(
        name, values, transform=(10.0, 0.0, float(west), 0.0, -10.0, 90.0)
    )


def test_0_to_360_meets_minus_180_to_180_without_a_seam(write_raster):
    plain, turned = (
        globe(write_raster, n, w) for n, w in (("plain.tif", -180), ("turned.tif", 0))
    )
    want, _ = open_stack(plain).load()
    with open_stack([plain, turned], template="plain") as stack:
        values, valid = stack.load()
        assert valid.all()
        np.testing.assert_allclose(values[..., 1], want[..., 0], rtol=1e-5)
    fine = RasterGrid("EPSG:4326", (1.0, 0.0, -180.0, 0.0, -1.0, 80.0), 160, 360)
    for path in (plain, turned):
        with open_stack(path, template=fine) as stack:
            values, valid = stack.load()
            assert valid.all()
            x, y = fine.center(*np.indices((160, 360)))
            smooth = 100 + 50 * np.sin(np.radians(x)) + y
            np.testing.assert_allclose(values[..., 0], smooth, atol=1)


def test_a_template_across_the_antimeridian(write_raster):
    """In a projection of its own, and in longitudes beyond 180."""
    plain = globe(write_raster, "plain.tif", -180)
    longitudes = RasterGrid("EPSG:4326", (1.0, 0.0, 170.0, 0.0, -1.0, 10.0), 20, 20)
    metres = RasterGrid("EPSG:3832", (1e5, 0.0, 2e6, 0.0, -1e5, 1e6), 20, 30)
    for grid in (longitudes, metres):
        with open_stack(plain, template=grid) as stack:
            values, valid = stack.load()
            assert valid.all()
            x, y = grid.center(*np.indices((grid.height, grid.width)))
            if grid is metres:
                x, y = (
                    np.reshape(v, x.shape)
                    for v in warp.transform(grid.crs, "EPSG:4326", x.ravel(), y.ravel())
                )
                assert np.ptp(np.sign(x)) == 2
            smooth = 100 + 50 * np.sin(np.radians(x)) + y
            np.testing.assert_allclose(values[..., 0], smooth, atol=1)


def test_a_tile_on_the_seam_takes_up_few_columns(write_raster):
    plain = globe(write_raster, "plain.tif", -180)
    grid = RasterGrid("EPSG:4326", (1.0, 0.0, 170.0, 0.0, -1.0, 10.0), 20, 20)
    with open_stack(plain, template=grid) as stack:
        source, widths = stack.sources[0]._source, []
        read = source.stored
        source.stored = lambda *window: widths.append(window[-1]) or read(*window)
        stack.load()
        assert max(widths) < 12


def test_threads_and_pickles_see_the_same(climate, monkeypatch):
    monkeypatch.setattr(alignment, "_TILE", 16)
    monkeypatch.setattr(alignment, "_CACHE_BYTES", 1000)
    with open_stack(climate, template=BELGIUM) as stack:
        want, _ = stack.load()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            parts = list(pool.map(lambda row: stack.read(row, 0, 1, 35)[0], range(30)))
        np.testing.assert_array_equal(np.concatenate(parts), want)
        again = pickle.loads(pickle.dumps(stack))
        np.testing.assert_array_equal(again.load()[0], want)
        again.close()


def test_an_unknown_resampling_is_refused(climate):
    with pytest.raises(ValueError, match="known are nearest, bilinear, cubic, average"):
        open_stack(climate, template=BELGIUM, resampling="lanczos")
