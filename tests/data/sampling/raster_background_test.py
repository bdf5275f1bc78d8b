"""Tests for jaxsdm.data.sampling.raster_background."""

import numpy as np
import pytest

from jaxsdm.data import open_stack
from jaxsdm.data.sampling import background_cells, buffer_area, raster_background

pytest.importorskip("rasterio")

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 60, 50
WHOLE = (1.0, 0.0, 0.0, 0.0, -1.0, 90.0)


@pytest.fixture
def rasters(write_raster):
    """Two bands with gaps and a bias raster, from the North Pole on, and the gaps."""
    values = RNG.normal(size=(2, HEIGHT, WIDTH)).astype(np.float32)
    values[RNG.random(values.shape) < 0.2] = -9999
    bias = RNG.integers(0, 4, (HEIGHT, WIDTH)).astype(np.float32)
    bias[5:8] = -9999
    stack, density = (
        open_stack(write_raster(name, v, transform=WHOLE, nodata=-9999, blockysize=1))
        for name, v in (("predictors.tif", values), ("bias.tif", bias))
    )
    with stack, density:
        yield stack, density, (values != -9999).all(axis=0)


def counts(stack, draws, number, **options):
    drawn = [background_cells(stack, number, seed=s, **options) for s in range(draws)]
    return np.bincount(np.concatenate(drawn), minlength=HEIGHT * WIDTH)


def test_cells_are_distinct_ascending_and_with_data(rasters):
    stack, _, valid = rasters
    cells = background_cells(stack, 500)
    assert len(cells) == 500
    assert (np.diff(cells) > 0).all()
    assert valid.ravel()[cells].all()


def test_all_cells_with_data_can_be_drawn_and_no_more(rasters):
    stack, density, valid = rasters
    every = np.flatnonzero(valid)
    np.testing.assert_array_equal(background_cells(stack, len(every)), every)
    with pytest.raises(
        ValueError, match=f"{len(every) + 1} cells wanted, {len(every)}"
    ):
        background_cells(stack, len(every) + 1)
    area = buffer_area(np.zeros(1), np.zeros(1), 1.0, "EPSG:4326")
    with pytest.raises(ValueError, match="predictors_2 and a density above 0 inside"):
        background_cells(stack, 1, area=area, density=density)
    assert len(background_cells(stack, 0)) == 0
    with pytest.raises(ValueError, match="at least 0, got -1"):
        background_cells(stack, -1)


def test_cells_of_all_rows_cover_the_ground_alike(rasters):
    stack, _, valid = rasters
    rows = counts(stack, 150, 60).reshape(HEIGHT, WIDTH).sum(axis=1)
    ground = np.cos(np.deg2rad(89.5 - np.arange(HEIGHT))) * valid.sum(axis=1)
    want = rows.sum() * ground / ground.sum()
    # 60 of 1900 cells: nearly with replacement; chi-square of 59 degrees of freedom.
    assert np.sum((rows - want) ** 2 / want) < 110
    flat = counts(stack, 150, 60, equal_area=False).reshape(HEIGHT, WIDTH).sum(axis=1)
    want = flat.sum() * valid.sum(axis=1) / valid.sum()
    assert np.sum((flat - want) ** 2 / want) < 110


def test_density_sets_how_often_a_cell_is_drawn(rasters):
    stack, density, valid = rasters
    bias, known = (v[..., 0] for v in density.load())
    got = counts(stack, 150, 60, density=density, equal_area=False)
    per_level = [got[(valid & known & (bias == b)).ravel()].sum() for b in range(4)]
    number = [np.sum(valid & known & (bias == b)) for b in range(4)]
    want = np.arange(4) * number / np.sum(np.arange(4) * number)
    np.testing.assert_allclose(np.array(per_level) / got.sum(), want, atol=0.02)
    assert per_level[0] == 0
    assert not got.reshape(HEIGHT, WIDTH)[5:8].any()
    array = np.where(known, bias, np.nan)
    again = counts(stack, 5, 60, density=array)
    np.testing.assert_array_equal(again, counts(stack, 5, 60, density=density))


def test_exact_weighted_probabilities_of_a_draw_of_two(write_raster):
    # Of weights 1, 2, 5 two are drawn one after the other without replacement.
    path = write_raster("three.tif", np.ones((1, 3), np.float32), crs="EPSG:3035")
    density = np.array([[1.0, 2.0, 5.0]])
    with open_stack(path) as stack:
        left_out = [
            3 - background_cells(stack, 2, density=density, seed=s).sum()
            for s in range(2000)
        ]
    want = [2 / 8 * 5 / 6 + 5 / 8 * 2 / 3, 1 / 8 * 5 / 7 + 5 / 8 * 1 / 3, 0.0]
    want[2] = 1 - sum(want)
    np.testing.assert_allclose(np.bincount(left_out) / 2000, want, atol=0.04)


@pytest.mark.parametrize("at_once", [1, 700, 1 << 20])
def test_the_draw_does_not_depend_on_the_stripes(rasters, monkeypatch, at_once):
    stack, density, _ = rasters
    area = buffer_area(np.array([20.0]), np.array([60.0]), 1.5e6, "EPSG:4326")
    options = {"density": density, "area": area, "seed": 3}
    want = background_cells(stack, 40, **options)
    monkeypatch.setattr(raster_background, "_VALUES_AT_ONCE", at_once)
    monkeypatch.setattr(raster_background, "_CELLS_AT_ONCE", at_once // 3)
    np.testing.assert_array_equal(background_cells(stack, 40, **options), want)
    assert (
        background_cells(stack, 40, **{**options, "seed": 4}).tolist() != want.tolist()
    )


def test_cells_lie_in_the_area_in_another_system(rasters):
    stack, _, valid = rasters
    plane = buffer_area(
        np.array([4_321_000.0]), np.array([3_210_000.0]), 9e5, "EPSG:3035"
    )
    sphere = buffer_area(np.array([10.0]), np.array([52.0]), 9e5, "EPSG:4326")
    x, y = stack.grid.center(*np.divmod(np.arange(HEIGHT * WIDTH), WIDTH))
    possible = valid.ravel() & sphere.contains(x, y)
    drawn = background_cells(stack, 100, area=plane)
    assert possible[drawn].mean() > 0.95
    number = int(possible.sum())
    got = background_cells(stack, number, area=sphere)
    np.testing.assert_array_equal(got, np.flatnonzero(possible))


def test_a_density_that_does_not_fit_is_refused(rasters, write_raster):
    stack, _, _ = rasters
    with pytest.raises(ValueError, match="one band, got predictors_1, predictors_2"):
        background_cells(stack, 1, density=stack)
    with pytest.raises(ValueError, match=r"shape \(2, 2\) for rasters of \(60, 50\)"):
        background_cells(stack, 1, density=np.ones((2, 2)))
    array = np.ones((HEIGHT, WIDTH))
    array[7, 9] = -2
    with pytest.raises(
        ValueError, match=r"density -2\.0 in row 7, column 9, and 0 more"
    ):
        background_cells(stack, 1, density=array)
    array[7, 9] = np.inf
    with pytest.raises(ValueError, match="density inf in row 7"):
        background_cells(stack, 1, density=array)
    shifted = write_raster("shifted.tif", np.ones((HEIGHT, WIDTH), np.float32))
    with pytest.raises(ValueError, match="the density is 60 rows"):
        background_cells(stack, 1, density=open_stack(shifted))
