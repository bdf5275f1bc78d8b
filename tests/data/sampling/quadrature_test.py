"""Tests for jaxsdm.data.sampling.quadrature."""

import jax.numpy as jnp
import numpy as np
import pytest

from jaxsdm import losses
from jaxsdm.data import open_stack
from jaxsdm.data.rasters import RasterGrid
from jaxsdm.data.sampling import (
    buffer_area,
    cell_areas,
    quadrature_points,
    quadrature_weights,
    raster_background,
)

pytest.importorskip("rasterio")

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 120, 150
NORTH = (0.1, 0.0, 10.0, 0.0, -0.1, 72.0)


@pytest.fixture
def raster(write_raster):
    """A raster with gaps, and the numbers of the cells with data."""
    values = np.ones((2, HEIGHT, WIDTH), np.float32)
    row, column = np.mgrid[:HEIGHT, :WIDTH]
    values[0][(row - 60) ** 2 + (column - 70) ** 2 > 55**2] = -9
    values[1][RNG.random((HEIGHT, WIDTH)) < 0.1] = -9
    path = write_raster("r.tif", values, transform=NORTH, nodata=-9, blockysize=1)
    with open_stack(path) as stack:
        yield stack, np.flatnonzero((values == 1).all(axis=0))


def areas_of(stack, cells):
    return cell_areas(stack.grid, *np.divmod(cells, stack.grid.width))


@pytest.mark.parametrize("scheme", ["regular", "random"])
@pytest.mark.parametrize("number", [1, 300, 2000])
def test_weights_sum_to_the_area_with_data(raster, scheme, number):
    stack, valid = raster
    got = quadrature_points(stack, number, scheme=scheme)
    assert got.weights.sum() == pytest.approx(areas_of(stack, valid).sum(), rel=1e-12)
    assert np.isin(got.cells, valid).all()
    assert (np.diff(got.cells) > 0).all()
    assert (
        number <= len(got.cells) <= (number if scheme == "random" else 3 * number + 3)
    )


def test_a_point_for_every_cell_has_the_area_of_the_cell(raster):
    stack, valid = raster
    got = quadrature_points(stack, len(valid))
    np.testing.assert_array_equal(got.cells, valid)
    np.testing.assert_array_equal(got.weights, areas_of(stack, valid))


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_blocks_keep_the_cell_nearest_their_middle(raster, monkeypatch, at_once):
    stack, valid = raster
    number = 190
    side = int(np.sqrt(len(valid) / number))
    want = {}
    for cell, area in zip(valid.tolist(), areas_of(stack, valid), strict=True):
        row, column = divmod(cell, WIDTH)
        block = row // side, column // side
        off = np.hypot(row % side - (side - 1) / 2, column % side - (side - 1) / 2)
        best, weight = want.get(block, ((np.inf, 0), 0.0))
        first = -cell if sum(block) % 2 else cell
        want[block] = min(best, (round(off, 9), first)), weight + area
    monkeypatch.setattr(raster_background, "_VALUES_AT_ONCE", at_once)
    monkeypatch.setattr(raster_background, "_CELLS_AT_ONCE", at_once // 3)
    got = quadrature_points(stack, number)
    chosen = sorted((abs(cell), weight) for (_, cell), weight in want.values())
    np.testing.assert_array_equal(got.cells, [cell for cell, _ in chosen])
    np.testing.assert_allclose(got.weights, [weight for _, weight in chosen], 1e-12)
    assert side == 6


def intensity(stack, cells):
    x, y = stack.grid.center(*np.divmod(cells, WIDTH))
    return np.exp(0.3 * (x - 17) - 0.2 * (y - 66) + np.sin(x))


@pytest.mark.parametrize(
    ("scheme", "errors"),
    [("regular", (0.03, 0.01, 0.002)), ("random", (0.3, 0.1, 0.03))],
)
def test_integrals_come_near_the_exact_one(raster, scheme, errors):
    stack, valid = raster
    exact = np.sum(intensity(stack, valid) * areas_of(stack, valid))
    for number, error in zip((40, 400, 4000), errors, strict=True):
        cells, weights = quadrature_points(stack, number, scheme=scheme)
        got = np.sum(intensity(stack, cells) * weights)
        assert got == pytest.approx(exact, rel=error)


def test_points_lie_in_the_area(raster):
    stack, valid = raster
    area = buffer_area(np.array([17.0]), np.array([66.0]), 2e5, "EPSG:4326")
    inside = valid[area.contains(*stack.grid.center(*np.divmod(valid, WIDTH)))]
    for scheme in ("regular", "random"):
        got = quadrature_points(stack, 50, area=area, scheme=scheme)
        assert np.isin(got.cells, inside).all()
        want = areas_of(stack, inside).sum()
        assert got.weights.sum() == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize(
    ("number", "scheme", "said"),
    [
        (5, "halton", "no scheme 'halton'; there are regular, random"),
        (0, "regular", "at least 1 point, got 0"),
        (20_000, "regular", "20000 points wanted, "),
        (20_000, "random", "20000 cells wanted, "),
    ],
)
def test_impossible_quadratures_are_refused(raster, number, scheme, said):
    with pytest.raises(ValueError, match=said):
        quadrature_points(raster[0], number, scheme=scheme)


TILES = RasterGrid("EPSG:3035", (10.0, 0.0, 0.0, 0.0, -10.0, 30.0), 3, 4)


def test_counting_weights_by_hand():
    x = np.array([1.0, 9.0, 5.0, 15.0, 39.9])
    y = np.array([29.0, 21.0, 25.0, 25.0, 0.1])
    third = 100 / 3
    got = quadrature_weights(x, y, TILES)
    np.testing.assert_allclose(got, [third, third, third, 100.0, 100.0])


def test_counting_weights_sum_to_the_tiles_with_points():
    tiles = RasterGrid("EPSG:4326", (5.0, 0.0, -180.0, 0.0, -5.0, 90.0), 36, 72)
    x, y = RNG.uniform(-180, 540, 3000), RNG.uniform(-90, 90, 3000)
    got = quadrature_weights(x, y, tiles)
    row, column = np.floor((90 - y) / 5), np.floor((x + 180) % 360 / 5)
    occupied = np.array(sorted(set(zip(row, column, strict=True))))
    want = cell_areas(tiles, occupied[:, 0]).sum()
    assert got.sum() == pytest.approx(want, rel=1e-12)
    assert 1000 < len(occupied) < 2592


def test_points_in_no_tile_are_refused():
    with pytest.raises(ValueError, match=r"1 of 2 points .* row 1 at \(41, 5\)"):
        quadrature_weights(np.array([1.0, 41.0]), np.array([5.0, 5.0]), TILES)
    assert len(quadrature_weights(np.zeros(0), np.zeros(0), TILES)) == 0


def test_the_loss_of_a_constant_intensity_finds_its_rate(raster):
    # Of n presences in the area A the likelihood is greatest at n / A a square metre.
    stack, valid = raster
    cells, weights = quadrature_points(stack, 500)
    presences = 30
    counts = np.zeros((len(cells) + presences, 1), np.float32)
    counts[-presences:] = 1
    weights = np.r_[weights, np.zeros(presences)].astype(np.float32)
    rate = np.log(presences / areas_of(stack, valid).sum())
    levels = rate + np.array([-0.2, -0.1, 0.0, 0.1, 0.2])
    loss = [
        float(
            losses.poisson(jnp.full(counts.shape, a), counts, site_weights=weights)[0]
        )
        for a in levels.astype(np.float32)
    ]
    assert np.argmin(loss) == 2
