"""Tests for jaxsdm.datasets.landscape."""

import numpy as np
import pytest
from scipy import ndimage

from jaxsdm.datasets.landscape import (
    LAND_COVERS,
    TEXTURE_WINDOW,
    fractal_field,
    make_landscape,
    window_mean,
)

SIZE = 96


@pytest.fixture(scope="module")
def landscape():
    return make_landscape(SIZE, np.random.default_rng(5))


@pytest.mark.parametrize("exponent", [0.0, 2.0, 3.0])
def test_power_falls_with_frequency_as_asked(exponent):
    slopes = []
    for seed in range(5):
        field = fractal_field(128, exponent, np.random.default_rng(seed))
        assert field.mean() == pytest.approx(0, abs=1e-9)
        assert field.std() == pytest.approx(1)
        power = np.abs(np.fft.fft2(field)) ** 2
        frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
        low = (frequency > 0) & (frequency < 0.5)
        fit = np.polyfit(np.log(frequency[low]), np.log(power[low]), 1)
        slopes.append(fit[0])
    assert np.mean(slopes) == pytest.approx(-exponent, abs=0.1)


@pytest.mark.parametrize("window", [1, 3, 5])
def test_window_mean_against_scipy(window):
    rng = np.random.default_rng(0)
    values, where = rng.normal(size=(20, 13)), rng.random((20, 13)) < 0.4
    square = np.ones((window, window))
    total = ndimage.convolve(np.where(where, values, 0), square, mode="constant")
    number = ndimage.convolve(where.astype(float), square, mode="constant")
    want = np.where(number > 0, total / np.maximum(number, 1), 0)
    np.testing.assert_allclose(window_mean(values, where, window), want, atol=1e-12)


def test_texture_is_that_of_the_window_around_a_cell(landscape):
    radius = TEXTURE_WINDOW // 2
    elevation = landscape.continuous["elevation"]
    places = np.argwhere(landscape.land)[::37]
    for row, column in places:
        window = (
            slice(max(0, row - radius), row + radius + 1),
            slice(max(0, column - radius), column + radius + 1),
        )
        land = landscape.land[window]
        assert landscape.ruggedness[row, column] == pytest.approx(
            elevation[window][land].std(), abs=1e-4
        )
        assert landscape.forest_share[row, column] == pytest.approx(
            (landscape.land_cover[window][land] == "forest").mean()
        )


def test_a_fifth_is_sea_and_all_covers_occur(landscape):
    assert landscape.land.mean() == pytest.approx(0.8, abs=1e-3)
    covers, number = np.unique(landscape.land_cover[landscape.land], return_counts=True)
    assert tuple(covers) == LAND_COVERS
    assert number.min() > 0.03 * number.sum()


def test_climate_hangs_together(landscape):
    land = landscape.land
    value = {name: v[land] for name, v in landscape.continuous.items()}
    correlation = lambda a, b: np.corrcoef(value[a], value[b])[0, 1]  # noqa: E731
    assert correlation("elevation", "annual_mean_temperature") < -0.3
    assert correlation("annual_precipitation", "soil_ph") < -0.2
    assert correlation("annual_precipitation", "precipitation_seasonality") < -0.1
    temperature = landscape.continuous["annual_mean_temperature"]
    north, south = np.array_split(np.where(land, temperature, np.nan), 2)
    assert np.nanmean(north) < np.nanmean(south) - 1
    share = window_mean(land.astype(float), np.ones_like(land), 2 * (SIZE // 8) + 1)
    assert np.corrcoef(share[land], value["temperature_seasonality"])[0, 1] > 0.5


def test_values_are_those_of_this_planet(landscape):
    limits = {
        "elevation": (0, 3000),
        "annual_mean_temperature": (-10, 30),
        "temperature_seasonality": (0, 15),
        "annual_precipitation": (50, 6000),
        "precipitation_seasonality": (0, 100),
        "solar_radiation": (5, 25),
        "soil_ph": (3.5, 9),
        "soil_clay": (2, 70),
    }
    assert set(limits) == set(landscape.continuous)
    for name, (low, high) in limits.items():
        values = landscape.continuous[name][landscape.land]
        assert low <= values.min() < values.max() <= high
        assert np.isfinite(values).all()
