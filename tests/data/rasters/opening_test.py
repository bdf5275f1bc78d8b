"""Tests for jaxsdm.data.rasters.opening: names, and what is refused in which words."""

import subprocess
import sys

import numpy as np
import pytest

from jaxsdm.data.rasters import open_stack

rasterio = pytest.importorskip("rasterio")

ONES = np.ones((8, 10), np.uint8)


def test_a_folder_in_natural_order_under_the_usual_names(write_raster, tmp_path):
    for number in (10, 2, 1):
        write_raster(f"wc2.1_10m_bio_{number}.tif", ONES * number)
    (tmp_path / "notes.txt").write_text("no raster")
    stack = open_stack(tmp_path)
    assert stack.names == ("bio1", "bio2", "bio10")
    np.testing.assert_array_equal(stack.load()[0][0, 0], [1, 2, 10])


def test_names_come_from_the_user_the_descriptions_or_the_file(write_raster):
    one = write_raster("one.tif", ONES)
    two = write_raster("two.tif", np.stack([ONES, ONES]))
    told = write_raster(
        "told.tif", np.stack([ONES, ONES]), descriptions=("ndvi", "bio_1")
    )
    assert open_stack([one, two, told]).names == (
        "one",
        "two_1",
        "two_2",
        "ndvi",
        "bio1",
    )
    assert open_stack({"slope": one, "s2": told}).names == (
        "slope",
        "s2_ndvi",
        "s2_bio1",
    )
    assert open_stack([one, two], names=["a", "b", "c"]).names == ("a", "b", "c")
    with pytest.raises(ValueError, match=r"3 names wanted, got \['a'\]; .* one, two_1"):
        open_stack([one, two], names=["a"])


def test_rasters_of_all_kinds_in_one_stack(write_raster, tmp_path):
    xarray = pytest.importorskip("xarray")
    tif = open_stack(write_raster("one.tif", ONES))
    data = tif.to_xarray()
    assert isinstance(data, xarray.Dataset)
    stack = open_stack({"tif": tmp_path / "one.tif", "memory": data * 3}, crs=None)
    assert stack.names == ("tif", "memory")
    np.testing.assert_array_equal(stack.load()[0][0, 0], [1, 3])


def test_two_bands_of_one_name(write_raster):
    paths = [write_raster(f"wc2.1_{size}_bio_1.tif", ONES) for size in ("5m", "10m")]
    with pytest.raises(
        ValueError, match=r"two bands are called bio1: .*5m.*10m.*names="
    ):
        open_stack(paths)


def test_another_grid_is_told_with_both(write_raster):
    one = write_raster("one.tif", ONES)
    two = write_raster("two.tif", ONES, transform=(0.5, 0.0, 3.1, 0.0, -0.5, 60.0))
    message = (
        r"two\.tif is not on the grid of .*one\.tif: it has .*\(3\.1, 60\)"
        r".* the other .*\(3, 60\).*template="
    )
    with pytest.raises(ValueError, match=message):
        open_stack([one, two])


def test_another_crs_is_told(write_raster):
    one = write_raster("one.tif", ONES)
    two = write_raster("two.tif", ONES, crs="EPSG:3035")
    with pytest.raises(
        ValueError, match=r"two\.tif differs in CRS .*EPSG:3035.*EPSG:4326"
    ):
        open_stack([one, two])


def test_one_crs_under_two_names_is_one(shared, write_raster):
    one, two = (
        write_raster("one.tif", ONES),
        write_raster("two.tif", ONES, crs="OGC:CRS84"),
    )
    assert open_stack([one, two]).names == ("one", "two")
    alias = shared / "data" / "geolifeclef" / "glc25_preextracted"
    grid = open_stack(next(alias.rglob("*.tiff"))).grid
    metric = write_raster(
        "metric.tif",
        np.ones((64, 64), np.uint8),
        crs="EPSG:3035",
        transform=grid.transform,
    )
    assert open_stack(metric).grid.matches(grid)


def test_no_crs(write_raster):
    path = write_raster("one.tif", ONES, crs=None)
    with pytest.raises(
        ValueError, match=r"one\.tif names no coordinate reference .*crs="
    ):
        open_stack(path)
    assert open_stack(path, crs="EPSG:3035").grid.crs == "EPSG:3035"
    with pytest.raises(
        ValueError, match="'EPSG:1' is not a coordinate reference system"
    ):
        open_stack(path, crs="EPSG:1")
    with pytest.raises(
        ValueError, match=r"is in EPSG:4326, not in EPSG:3035; leave crs"
    ):
        open_stack(write_raster("two.tif", ONES), crs="EPSG:3035")


def test_no_transform(shared):
    folder = shared / "data" / "geolifeclef" / "glc22"
    with pytest.raises(ValueError, match=r"_altitude\.tif has no transform"):
        open_stack(next(folder.rglob("*_altitude.tif")), crs="EPSG:4326")


def test_nothing_to_open(tmp_path):
    with pytest.raises(FileNotFoundError, match="no raster in this folder"):
        open_stack(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"absent\.tif: no such raster"):
        open_stack(tmp_path / "absent.tif")
    with pytest.raises(ValueError, match="no sources"):
        open_stack([])
    with pytest.raises(TypeError, match="got int"):
        open_stack([3])


def test_bands_that_are_not_there(write_raster):
    path = write_raster("one.tif", ONES)
    with pytest.raises(ValueError, match=r"categorical names no band.*: cover; .* one"):
        open_stack(path, categorical=["cover"])
    with pytest.raises(ValueError, match=r"nodata names no band.*: cover"):
        open_stack(path, nodata={"cover": 0})
    with pytest.raises(
        ValueError, match=r"'cover' is neither a raster file nor a band"
    ):
        open_stack(path, template="cover")


def test_nodata_that_the_type_cannot_hold(write_raster, tmp_path):
    """For rasterio it is as if there was no nodata."""
    path = write_raster("one.tif", ONES, nodata=255)
    content = (tmp_path / "one.tif").read_bytes()
    assert content.count(b"255\0") == 1
    (tmp_path / "one.tif").write_bytes(content.replace(b"255\0", b"-99\0"))
    with rasterio.open(path) as raster:
        assert raster.nodata is None
    with pytest.raises(ValueError, match=r"band one .*nodata is -99, which uint8"):
        open_stack(path)
    assert open_stack(path, nodata={"one": None}).load()[1].all()
    assert not open_stack(path, nodata={"one": 1}).load()[1].any()


@pytest.mark.parametrize("keep", [0, 100, 0.5, 0.95])
def test_truncated_files_fail_at_opening_by_name(write_raster, tmp_path, keep):
    values = np.random.default_rng(0).integers(0, 255, (2, 64, 64)).astype(np.uint8)
    path = write_raster(
        "cut.tif", values, compress="deflate", tiled=True, blockxsize=16, blockysize=16
    )
    whole = write_raster("whole.tif", values)
    content = (tmp_path / "cut.tif").read_bytes()
    size = keep if keep > 1 else int(keep * len(content))
    (tmp_path / "cut.tif").write_bytes(content[:size])
    with pytest.raises(OSError, match=r"cut\.tif"):
        open_stack([whole, path])


def test_damaged_blocks_are_named_when_read(write_raster, tmp_path):
    values = np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)
    path = write_raster("bad.tif", values, compress="deflate")
    content = bytearray((tmp_path / "bad.tif").read_bytes())
    content[-3000:-1000] = bytes(2000)
    (tmp_path / "bad.tif").write_bytes(bytes(content))
    with pytest.raises(
        OSError, match=r"bad\.tif: rows 0 to 63, columns 0 to 63 cannot"
    ):
        open_stack(path).load()


def test_a_text_file_is_no_raster(tmp_path):
    (tmp_path / "table.tif").write_text("x,y\n1,2\n")
    with pytest.raises(OSError, match=r"table\.tif: no raster that GDAL can read"):
        open_stack(tmp_path)


def test_categories_and_levels(write_raster):
    path = write_raster("cover.tif", ONES)
    assert open_stack(path, categorical="cover").bands[0].categorical
    stack = open_stack(path, categorical={"cover": [2, 3]})
    assert stack.bands[0].levels == (2, 3)
    with pytest.raises(ValueError, match="unknown level 1"):
        stack.load()


def test_r_rasters_of_a_peer(shared):
    folder = shared / "data" / "dismo_ex"
    with open_stack(folder, categorical=["biome"]) as stack:
        assert stack.names[:3] == ("bio1", "bio5", "bio6")
        _, valid = stack.load()
        np.testing.assert_allclose(1 - valid.mean((0, 1)), 0.726, atol=0.01)


@pytest.mark.parametrize("missing", ["rasterio", "pyproj"])
def test_the_extra_is_named_where_a_library_is_missing(missing, tmp_path):
    (tmp_path / "a.tif").write_bytes(b"")
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from jaxsdm.data.rasters import open_stack, RasterGrid\n"
        + ("RasterGrid('EPSG:4326', (1., 0., 0., 0., -1., 0.), 1, 1)"
           if missing == "pyproj" else f"open_stack({str(tmp_path / 'a.tif')!r})")
    )  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    last = ran.stderr.strip().splitlines()[-1]
    assert last.endswith(f"This needs {missing}: pip install 'jaxsdm[data]'.")


def test_importing_brings_no_raster_library():
    program = (
        "import jaxsdm.data.rasters, sys\n"
        "print({'rasterio', 'xarray', 'pyproj', 'zarr'} & set(sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert ran.stdout.strip() == "set()"


def test_hidden_files_of_a_folder_are_no_rasters(write_raster, tmp_path):
    write_raster("one.tif", ONES)
    (tmp_path / "._one.tif").write_bytes(b"notes of another system")
    with open_stack(tmp_path) as stack:
        assert stack.names == ("one",)


def test_one_nodata_for_all_bands(write_raster):
    values = np.array([[1, -9999], [3, -9999]], np.int16)
    paths = [write_raster(f"{name}.tif", values) for name in ("one", "two")]
    assert open_stack(paths).load()[1].all()
    _, valid = open_stack(paths, nodata=-9999).load()
    np.testing.assert_array_equal(valid[..., 0], [[True, False]] * 2)
    np.testing.assert_array_equal(valid[..., 1], valid[..., 0])
