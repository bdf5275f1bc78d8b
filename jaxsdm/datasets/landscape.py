"""A generated landscape: terrain, climate, soil and land cover that hang together.

Fields are Gaussian noise with a power-law spectrum, which looks like terrain, and are
tied by simple rules of thumb: it is cooler up high and in the north, wetter on some
sides, more seasonal inland, and land cover follows climate. Nothing is read from a
file, everything follows from a random generator.

Two properties of the surroundings of a cell, its texture, are kept apart: the
ruggedness of the terrain and the share of forest around it. They vary on their own, so
the values of the cell itself say little about them; a model that looks at a patch of
raster can see them.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

LAND_COVERS = ("cropland", "forest", "grassland", "shrubland", "wetland")
TEXTURE_WINDOW = 5
_SEA_SHARE = 0.2


@dataclasses.dataclass(frozen=True, eq=False)
class Landscape:
    """Rasters of a square world, row 0 in the north; values at sea mean nothing.

    Attributes:
      land: where there is land.
      continuous: name -> raster, the predictors that are quantities:
        `elevation` m, `annual_mean_temperature` °C, `temperature_seasonality` °C
        (standard deviation over the year), `annual_precipitation` mm,
        `precipitation_seasonality` % (coefficient of variation), `solar_radiation`
        MJ/m²/day, `soil_ph` and `soil_clay` %.
      land_cover: one of `LAND_COVERS` in each cell.
      ruggedness: m, standard deviation of elevation over the land in a window of
        `TEXTURE_WINDOW` cells around the cell. No predictor.
      forest_share: 0 to 1, share of forest in the land of that window. No predictor.
    """

    land: Bool[np.ndarray, "rows columns"]
    continuous: dict[str, Float[np.ndarray, "rows columns"]]
    land_cover: np.ndarray
    ruggedness: Float[np.ndarray, "rows columns"]
    forest_share: Float[np.ndarray, "rows columns"]


def make_landscape(size: int, rng: np.random.Generator) -> Landscape:
    """A landscape of `size` by `size` cells, of which a fifth is sea."""
    relief = fractal_field(size, 3.2, rng)
    height = relief - np.quantile(relief, _SEA_SHARE)
    land = height > 0
    height = 1800 * (np.maximum(height, 0) / height.max()) ** 1.3
    roughness = 1 / (1 + np.exp(-2.5 * fractal_field(size, 2.0, rng)))
    bumps = 160 * roughness * fractal_field(size, 0.6, rng)
    elevation = np.maximum(height + bumps, 1.0)

    southness = np.arange(size)[:, None] / size
    wet = _standardised(fractal_field(size, 2.8, rng) + 0.6 * height / 900, land)
    inland = window_mean(land.astype(float), np.ones_like(land), 2 * (size // 8) + 1)
    seasonal = fractal_field(size, 2.8, rng) - 0.5 * wet
    continuous = {
        "elevation": elevation,
        "annual_mean_temperature": 12
        + 8 * southness
        - 6.5 * elevation / 1000
        + 0.6 * fractal_field(size, 2.5, rng),
        "temperature_seasonality": 3 + 6 * inland + 0.5 * fractal_field(size, 2.5, rng),
        "annual_precipitation": 850 * np.exp(0.4 * wet),
        "precipitation_seasonality": 20 + 50 / (1 + np.exp(-seasonal)),
        "solar_radiation": 12
        + 4 * southness
        - 0.8 * wet
        + 0.5 * fractal_field(size, 2.5, rng),
        "soil_ph": np.clip(
            6.2 - 0.5 * wet + 0.7 * fractal_field(size, 2.2, rng), 3.5, 9.0
        ),
        "soil_clay": np.clip(26 + 11 * fractal_field(size, 2.0, rng), 2.0, 70.0),
    }
    land_cover = _land_cover(size, continuous, wet, land, rng)
    mean = window_mean(elevation, land, TEXTURE_WINDOW)
    square = window_mean(elevation**2, land, TEXTURE_WINDOW)
    return Landscape(
        land=land,
        continuous=continuous,
        land_cover=land_cover,
        ruggedness=np.sqrt(np.maximum(square - mean**2, 0)),
        forest_share=window_mean(
            (land_cover == "forest").astype(float), land, TEXTURE_WINDOW
        ),
    )


def fractal_field(
    size: int, exponent: float, rng: np.random.Generator
) -> Float[np.ndarray, "size size"]:
    """Noise of mean 0 and variance 1 whose power falls as frequency to `-exponent`.

    0 is white noise, 2 is rough terrain, 3 and more is smooth country. The field is
    periodic: its edges fit together.
    """
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size)))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    field = np.fft.irfft2(spectrum * frequency.T ** (-exponent / 2), (size, size))
    return (field - field.mean()) / field.std()


def window_mean(
    values: Float[np.ndarray, "rows columns"],
    where: Bool[np.ndarray, "rows columns"],
    window: int,
) -> Float[np.ndarray, "rows columns"]:
    """Mean over a square of `window` (odd) cells around each cell, of those in `where`.

    The window is cut at the edges of the raster; 0 where it holds no cell of `where`.
    """
    total = _window_sum(np.where(where, values, 0.0), window)
    number = _window_sum(where.astype(float), window)
    return np.divide(total, number, out=np.zeros_like(total), where=number > 0.5)


def _window_sum(values: np.ndarray, window: int) -> np.ndarray:
    radius = window // 2
    padded = np.pad(values, ((radius + 1, radius),) * 2)
    summed = padded.cumsum(axis=0).cumsum(axis=1)
    return (
        summed[window:, window:]
        - summed[:-window, window:]
        - summed[window:, :-window]
        + summed[:-window, :-window]
    )


def _land_cover(
    size: int,
    continuous: dict[str, np.ndarray],
    wet: np.ndarray,
    land: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    high = _standardised(continuous["elevation"], land)
    warm = _standardised(continuous["annual_mean_temperature"], land)
    clay = _standardised(continuous["soil_clay"], land)
    appeal = {  # in the order of LAND_COVERS
        "cropland": 0.3 * warm + 0.4 * clay - 0.4 * high,
        "forest": 0.4 * wet + 0.6,
        "grassland": 0.4 * high,
        "shrubland": -0.5 * wet + 0.3 * warm,
        "wetland": 0.3 * wet - 0.4 * high - 0.6,
    }
    # Broad patches decide where forest is closed or scattered, fine ones which cell.
    patches = [
        appeal[cover]
        + 1.0 * fractal_field(size, 2.0, rng)
        + 0.9 * fractal_field(size, 0.5, rng)
        for cover in LAND_COVERS
    ]
    return np.array(LAND_COVERS, object)[np.argmax(patches, axis=0)]


def _standardised(values: np.ndarray, land: np.ndarray) -> np.ndarray:
    return (values - values[land].mean()) / values[land].std()
