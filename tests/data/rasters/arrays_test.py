"""Tests for jaxsdm.data.rasters.arrays, conventions and lazy: NetCDF, Zarr, xarray."""

import pickle
import warnings

import numpy as np
import pytest

from jaxsdm.data.rasters import open_stack

xarray = pytest.importorskip("xarray")
pytest.importorskip("rasterio")

VALUES = np.random.default_rng(0).random((3, 12, 9)).astype(np.float32)
VALUES[:, 2:5, 3] = np.nan
LONGITUDE = 4 + 0.5 * np.arange(9)
LATITUDE = 55 - 0.5 * np.arange(12)


def dataset(**attributes):
    return xarray.Dataset(
        {
            "bio1": (("lat", "lon"), VALUES[0], attributes),
            "bio12": (("lat", "lon"), VALUES[1], attributes),
        },
        coords={"lat": LATITUDE, "lon": LONGITUDE},
    )


def written(data, path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of zarr, about its own format
        if path.suffix == ".nc":
            pytest.importorskip("netCDF4")
            data.to_netcdf(path)
        else:
            pytest.importorskip("zarr")
            data.to_zarr(path)
    return path


def test_a_dataset_by_hand():
    stack = open_stack(dataset())
    assert stack.names == ("bio1", "bio12")
    assert stack.grid.crs == "EPSG:4326"
    assert stack.grid.transform == (0.5, 0, 3.75, 0, -0.5, 55.25)
    values, valid = stack.read(-1, 0, 3, 9)
    np.testing.assert_array_equal(values[1:, :, 0], VALUES[0, :2])
    assert not valid[0].any()
    got, _ = stack.sample(longitude=[4.0, 8.2], latitude=[55.0, 49.5])
    np.testing.assert_array_equal(got, VALUES[:2, [0, 11], [0, 8]].T)


@pytest.mark.parametrize("kind", [".nc", ".zarr"])
def test_files_give_back_what_was_written(tmp_path, kind):
    path = written(dataset(), tmp_path / f"climate{kind}")
    with open_stack(path) as stack:
        assert stack.names == ("bio1", "bio12")
        assert stack.names == ("bio1", "bio12")
        values, valid = stack.load()
        np.testing.assert_array_equal(values, np.moveaxis(VALUES[:2], 0, -1))
        np.testing.assert_array_equal(valid, np.isfinite(values))
        again = pickle.loads(pickle.dumps(stack))
        assert len(pickle.dumps(stack)) < 3000
        np.testing.assert_array_equal(again.load()[0], values)
        again.close()


@pytest.mark.parametrize("kind", [".nc", ".zarr"])
def test_packed_values_are_unpacked(tmp_path, kind):
    data = dataset()
    data["bio1"].encoding = {
        "dtype": "int16", "scale_factor": 0.01, "add_offset": 5.0, "_FillValue": -999,
    }  # fmt: skip
    path = written(data, tmp_path / f"packed{kind}")
    with open_stack(path) as stack:
        stack = stack.select(["bio1"])
        (band,) = stack.bands
        assert (band.dtype, band.scale, band.nodata) == ("int16", 0.01, -999)
        values, valid = stack.load()
    np.testing.assert_allclose(values[..., 0], VALUES[0], atol=0.006)
    np.testing.assert_array_equal(valid[..., 0], np.isfinite(VALUES[0]))


def test_south_up_rows_stay_and_points_find_them():
    upside_down = dataset().sortby("lat")
    stack, straight = open_stack(upside_down), open_stack(dataset())
    assert stack.grid.transform[4:] == (0.5, 49.25)
    np.testing.assert_array_equal(stack.load()[0], straight.load()[0][::-1])
    rng = np.random.default_rng(1)
    points = {"longitude": rng.uniform(3, 9, 50), "latitude": rng.uniform(49, 56, 50)}
    np.testing.assert_array_equal(
        stack.sample(**points)[0], straight.sample(**points)[0]
    )
    np.testing.assert_array_equal(
        open_stack(upside_down, template=straight.grid).load()[0], straight.load()[0]
    )


def test_dimensions_in_any_order_and_a_third_one():
    array = xarray.DataArray(
        np.moveaxis(VALUES, 0, -1),
        dims=("y", "x", "month"),
        coords={"y": LATITUDE, "x": LONGITUDE, "month": [1, 2, 12]},
        name="tavg",
    )
    stack = open_stack(array.transpose("x", "month", "y"), crs="EPSG:4326")
    assert stack.names == ("tavg_1", "tavg_2", "tavg_12")
    np.testing.assert_array_equal(stack.load()[0], np.moveaxis(VALUES, 0, -1))
    with pytest.raises(ValueError, match="runs over year, month"):
        open_stack(array.expand_dims(year=2), crs="EPSG:4326")


def test_unsigned_numbers_of_old_files():
    stored = np.array([[-1, 5, 100], [-56, 0, 1]], np.int8)
    data = xarray.Dataset(
        {"cover": (("lat", "lon"), stored, {"_Unsigned": "true", "_FillValue": -1})},
        coords={"lat": [51.0, 50.0], "lon": [4.0, 5.0, 6.0]},
    )
    values, _ = open_stack(data).load()
    np.testing.assert_array_equal(values[..., 0], [[np.nan, 5, 100], [200, 0, 1]])


def test_two_numbers_for_nodata_are_refused():
    with pytest.raises(ValueError, match=r"bio1 has two numbers for nodata"):
        open_stack(dataset(_FillValue=-9999.0, missing_value=-1.0))


def test_float32_coordinates_are_even_enough():
    size = 1 / 120
    x = (-180 + size / 2 + size * np.arange(43200)).astype(np.float32)
    data = xarray.Dataset(
        {"a": (("lat", "lon"), np.zeros((2, 43200), np.uint8))},
        coords={"lat": [1.0, 1 - size], "lon": x},
    )
    grid = open_stack(data).grid
    assert grid.is_global


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.rename(lat="u", lon="v"), "one dimension must be y"),
        (lambda d: d.drop_vars("lon"), "nothing says where the cells lie"),
        (lambda d: d.isel(lon=[0, 1, 3]), "lon is not evenly spaced"),
        (lambda d: d.isel(lon=[0]), "two cells at least"),
        (lambda d: d.rename(lat="y", lon="x"), "names no coordinate reference system"),
        (lambda d: d.drop_vars(["bio1", "bio12"]), "no variable over lat and lon"),
        (lambda d: d.astype(str), "real numbers are needed"),
    ],
)
def test_data_that_lie_nowhere_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        open_stack(change(dataset()))


def test_another_crs_than_the_data_say_is_refused():
    with pytest.raises(ValueError, match="is in EPSG:4326, not in EPSG:3035"):
        open_stack(dataset(), crs="EPSG:3035")


@pytest.mark.parametrize("kind", [".nc", ".zarr"])
def test_a_stack_goes_through_xarray_and_back(write_raster, tmp_path, kind):
    rng = np.random.default_rng(2)
    cover = rng.integers(0, 5, (20, 16)).astype(np.uint8)
    height = rng.integers(-50, 400, (20, 16)).astype(np.int16)
    stack = open_stack(
        [
            write_raster("height.tif", height, nodata=-1, crs="EPSG:3035"),
            write_raster("cover.tif", cover, nodata=0, crs="EPSG:3035"),
        ],
        categorical={"cover": range(1, 5)},
    )
    data = stack.to_xarray()
    np.testing.assert_array_equal(data["cover"].attrs["flag_values"], [1, 2, 3, 4])
    values, valid = stack.load()
    np.testing.assert_array_equal(data["height"].values, values[..., 0])
    some = data["cover"].isel(y=[3, 1, 7], x=slice(2, 9, 3))
    np.testing.assert_array_equal(some.values, values[[3, 1, 7], 2:9:3, 1])
    np.testing.assert_array_equal(data["cover"].isel(y=4, x=5).values, values[4, 5, 1])
    np.testing.assert_array_equal(data["cover"][4:4].shape, (0, 16))
    with open_stack(written(data, tmp_path / f"there{kind}")) as found:
        back = found.select(["height", "cover"])
        assert back.grid.matches(stack.grid)
        assert back.grid.crs == "EPSG:3035"
        assert back.bands[1].levels == (1, 2, 3, 4)
        assert back.bands[1].categorical
        got, got_valid = back.load()
    np.testing.assert_array_equal(got, values)
    np.testing.assert_array_equal(got_valid, valid)


def test_nothing_is_read_before_values_are_asked_for(write_raster):
    stack = open_stack(write_raster("a.tif", np.ones((20, 16), np.uint8)))
    source, reads = stack.sources[0], []
    read = source.stored
    source.stored = lambda *window: reads.append(window) or read(*window)
    lazy = stack.to_xarray()["a"].isel(y=slice(3, 5), x=slice(1, 4))
    assert not reads
    np.testing.assert_array_equal(lazy.values, 1)
    assert reads == [([0], 3, 1, 2, 3)]


def test_a_rotated_stack_keeps_its_transform(write_raster):
    transform = (0.4, 0.3, 3.0, 0.3, -0.4, 60.0)
    path = write_raster("a.tif", VALUES, transform=transform)
    stack = open_stack(path)
    data = stack.to_xarray()
    assert set(data.coords) == {"spatial_ref"}
    assert open_stack(data).grid.matches(stack.grid)


@pytest.mark.parametrize("name", ["empty.nc", "empty.zarr"])
def test_files_that_are_none_are_named(tmp_path, name):
    path = tmp_path / name
    if name.endswith(".nc"):
        path.write_bytes(b"")
    else:
        path.mkdir()
    with pytest.raises(OSError, match=rf"{name} cannot be opened by xarray"):
        open_stack(path)
    with pytest.raises(FileNotFoundError, match="no such raster"):
        open_stack(tmp_path / f"absent_{name}")


def test_a_truncated_netcdf_is_named(tmp_path):
    path = written(dataset(), tmp_path / "cut.nc")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(OSError, match=r"cut\.nc"):
        open_stack(path).load()


def test_the_antimeridian_where_columns_run_east_to_west():
    raster = xarray.DataArray(
        np.arange(18 * 36).reshape(18, 36).astype(np.float32),
        dims=("lat", "lon"),
        coords={"lat": np.arange(85, -90, -10.0), "lon": np.arange(175, -180, -10.0)},
        name="t",
    )
    with open_stack(raster) as stack:
        values, _ = stack.sample(
            longitude=[180, -180, 179.9, -179.9], latitude=[5, 5, 5, 5]
        )
    np.testing.assert_array_equal(values[:, 0], [288, 288, 288, 323])
