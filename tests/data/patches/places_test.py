"""Tests for jaxsdm.data.patches.places and samples."""

import pickle

import numpy as np
import pytest
from patch_oracle import NORTH_UP, Stack

from jaxsdm.data.patches import (
    FilePatches,
    Input,
    MemoryPatches,
    Places,
    Samples,
    Window,
    balanced,
    locate,
    pipeline,
    valid_fraction,
)
from jaxsdm.data.rasters import RasterGrid

warp = pytest.importorskip("rasterio.warp")

GRID = RasterGrid("EPSG:4326", NORTH_UP, 20, 10)  # 3 to 8 east, 50 to 60 north


def test_cells_of_places():
    found = locate(GRID, longitude=[3.0, 7.99], latitude=[60.0, 50.01])
    assert found.places.rows.tolist() == [0, 19]
    assert found.places.columns.tolist() == [0, 9]
    assert (found.kept.tolist(), found.outside) == ([0, 1], 0)
    assert found.report == "all 2 places inside"
    exact = locate(GRID, longitude=[3.25], latitude=[59.9], exact=True)
    np.testing.assert_allclose(exact.places, [[0.2], [0.5]])


# All four sides, the right and bottom edge themselves, and no coordinates.
BEYOND = [(2.9, 55), (8.1, 55), (5, 60.1), (5, 49.9), (8, 55), (5, 50), (np.nan, 55)]


def test_places_outside_are_refused_or_left_out_with_a_report():
    longitude, latitude = np.array([*BEYOND, (5, 55)]).T
    with pytest.raises(
        ValueError, match=r"7 of 8 places outside raster.*0, 1, 2, 3, 4"
    ):
        locate(GRID, longitude=longitude, latitude=latitude)
    found = locate(GRID, longitude=longitude, latitude=latitude, outside="exclude")
    assert (found.kept.tolist(), found.outside) == ([7], 7)
    assert "7 of 8 places outside" in found.report
    with pytest.raises(ValueError, match="no place is left"):
        locate(GRID, longitude=[2.0], latitude=[55.0], outside="exclude")
    with pytest.raises(ValueError, match="'refuse' or 'exclude', got 'clip'"):
        locate(GRID, longitude=[5.0], latitude=[55.0], outside="clip")


def test_places_by_x_and_y():
    metric = RasterGrid("EPSG:3035", (1000.0, 0.0, 4e6, 0.0, -1000.0, 3.2e6), 200, 200)
    x, y = metric.center([3, 150], [7, 140])
    longitude, latitude = warp.transform("EPSG:3035", "EPSG:4326", x, y)
    for found in (
        locate(metric, x=x, y=y),
        locate(metric, x=x, y=y, crs="EPSG:3035"),
        locate(metric, x=longitude, y=latitude, crs="EPSG:4326"),
        locate(metric, longitude=longitude, latitude=latitude),
    ):
        assert found.places.rows.tolist() == [3, 150]
        assert found.places.columns.tolist() == [7, 140]
    exact = locate({"m": metric}, x=[4_000_250.0], y=[3_199_900.0], exact=True)
    np.testing.assert_allclose(exact.places["m"], [[0.1], [0.25]])
    both = locate({"metric": metric, "degrees": GRID}, x=x, y=y, crs="EPSG:3035")
    rows, columns = (both.places["degrees"].rows, both.places["degrees"].columns)
    np.testing.assert_array_equal(rows, np.floor((60 - np.array(latitude)) / 0.5))
    np.testing.assert_array_equal(columns, np.floor((np.array(longitude) - 3) / 0.5))


def test_x_is_an_angle_only_where_its_crs_is_named():
    turned = RasterGrid("EPSG:4326", (1.0, 0.0, 0.0, 0.0, -1.0, 90.0), 180, 360)
    found = locate(turned, x=[-10.0], y=[0.5], crs="EPSG:4326")
    assert found.places.columns.tolist() == [350]
    with pytest.raises(ValueError, match="1 of 1 places outside raster"):
        locate(turned, x=[-10.0], y=[0.5])


@pytest.mark.parametrize(
    "points",
    [
        {},
        {"x": [5.0]},
        {"longitude": [5.0], "y": [55.0]},
        {"longitude": [5.0], "latitude": [55.0], "crs": "EPSG:4326"},
        {"longitude": [5.0], "latitude": [55.0], "x": [5.0], "y": [55.0]},
    ],
)
def test_places_are_named_in_one_way(points):
    with pytest.raises(ValueError, match="locate: either longitude= and latitude="):
        locate(GRID, **points)


def test_places_that_lie_in_no_one_system_are_refused():
    metric = RasterGrid("EPSG:3035", (1000.0, 0.0, 4e6, 0.0, -1000.0, 3.2e6), 9, 9)
    message = r"x and y of which CRS.* \(a EPSG:4326, b EPSG:3035\)"
    with pytest.raises(ValueError, match=message):
        locate({"a": GRID, "b": metric}, x=[5.0], y=[55.0])
    alias = RasterGrid("OGC:CRS84", NORTH_UP, 20, 10)
    with pytest.raises(ValueError, match="two vectors of one length"):
        locate({"a": GRID, "b": alias}, x=[5.0, 6.0], y=[55.0])
    found = locate({"a": GRID, "b": alias}, x=[5.0], y=[55.0])
    np.testing.assert_array_equal(found.places["a"], found.places["b"])
    with pytest.raises(ValueError, match="at least one grid"):
        locate({}, x=[5.0], y=[55.0])


def test_places_inside_all_rasters_are_kept():
    coarse = RasterGrid("EPSG:4326", (1.0, 0.0, 4.0, 0.0, -1.0, 60.0), 10, 10)
    found = locate(
        {"fine": GRID, "coarse": coarse},
        longitude=[3.5, 4.5, 9.0],
        latitude=[55.0, 55.2, 55.0],
        outside="exclude",
    )
    assert found.kept.tolist() == [1]
    assert found.places["fine"].rows.tolist() == [9]
    assert found.places["coarse"].columns.tolist() == [0]
    assert "outside fine" in found.report
    assert "outside coarse" in found.report


def test_the_valid_part_of_every_patch(rng):
    values = rng.normal(size=(60, 60, 2)).astype(np.float32)
    valid = np.ones(values.shape, bool)
    valid[:30, :, 1] = False
    places = Places(rng.integers(0, 60, 600), rng.integers(0, 60, 600))
    window = Window(5)
    stack = Stack(values, valid)
    source = FilePatches(stack, block=(20, 20), cache_bytes=0, threads=1)
    got = valid_fraction(source, places, window)
    want = source.take(*places, window).valid.mean((1, 2))
    np.testing.assert_allclose(got, want, rtol=1e-6)
    nothing = valid_fraction(
        MemoryPatches(np.full((9, 9, 1), np.nan, np.float32)),
        Places(np.array([4]), np.array([4])),
        window,
    )
    assert nothing.tolist() == [[0]]


def test_some_of_the_samples_keep_what_is_theirs():
    places = Places(np.arange(4), np.arange(4) + 10)
    samples = Samples(
        {"a": places},
        {"dense": np.arange(8).reshape(4, 2), "lazy": Square()},
        {"table": np.arange(4.0)},
        weight=np.arange(4.0),
        sampling=np.array([1, 1, 1, 2]),
        id=np.array([9, 8, 7, 6]),
    )
    some = pickle.loads(pickle.dumps(samples)).at(np.array([False, True, False, True]))
    assert len(some) == 2
    assert some.places_of("a").columns.tolist() == [11, 13]
    assert some.targets["dense"].tolist() == [[2, 3], [6, 7]]
    assert some.targets["lazy"](np.array([1])).tolist() == [9]
    assert some.inputs["table"].tolist() == [1, 3]
    assert (some.weight.tolist(), some.sampling.tolist()) == ([1, 3], [1, 2])
    assert some.id.tolist() == [8, 6]
    with pytest.raises(ValueError, match="no places for input 'b'; known: a"):
        samples.places_of("b")


class Square:
    def __call__(self, index):
        return index**2


def test_samples_that_do_not_fit_are_refused():
    places = Places(np.arange(3), np.arange(3))
    with pytest.raises(ValueError, match="2 values of y for 3 places"):
        Samples(places, {"y": np.ones(2)})
    with pytest.raises(ValueError, match="2 values of columns of places for 3"):
        Samples(Places(np.arange(3), np.arange(2)))
    with pytest.raises(ValueError, match="at least one place"):
        Samples(Places(np.arange(0), np.arange(0)))
    with pytest.raises(ValueError, match="id is whole numbers, got float64"):
        Samples(places, id=np.ones(3))
    for weights in ([0, 0, 0], [1, -1, 1], [1, np.nan, 1]):
        with pytest.raises(ValueError, match="sampling weights"):
            Samples(places, sampling=np.array(weights, float))


def test_balanced_classes_have_equal_sums():
    labels = np.array(["a", "b", "a", "a", "c", "c"])
    weights = balanced(labels)
    for one in "abc":
        np.testing.assert_allclose(weights[labels == one].sum(), 1)
    assert (balanced(labels, power=0.0) == 1).all()
    with pytest.raises(ValueError, match=r"labels \[places\], got shape"):
        balanced(labels[None])


def test_places_of_one_grid_serve_inputs_of_any_name():
    pytest.importorskip("grain")
    found = locate(GRID, longitude=[3.0, 7.99], latitude=[60.0, 50.01])
    raster = np.zeros((GRID.height, GRID.width, 1), np.float32)
    inputs = {
        name: Input(MemoryPatches(raster), Window(size))
        for name, size in (("climate", 3), ("wider", 5))
    }
    samples = Samples(found.places, {"y": np.arange(2)})
    with pipeline(samples, inputs, batch_size=2, shuffle=False) as batches:
        batch = next(batches)
    assert batch["inputs"]["wider"].shape == (2, 5, 5, 1)
    inputs["coarse"] = Input(MemoryPatches(raster[::2, ::2]), Window(3))
    with pytest.raises(ValueError, match=r"places of one grid, and the rasters have"):
        pipeline(samples, inputs, batch_size=2)
