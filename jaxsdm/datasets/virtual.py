"""A virtual world: data whose truth is known, made in a second and without files.

Species have niches (Hirzel et al. 2001, Ecological Modelling 145, 111-121,
doi:10.1016/S0304-3800(01)00396-9): the density of a species in a cell is a product of
responses to two or three predictors, to land cover and to the texture of the landscape
around the cell, and it occurs with probability `1 - exp(-density)`. Records of presence
follow density times the effort of observers, who keep to towns and roads; surveys
visit plots at random and find what is there.

A model of the predictors alone cannot reach the truth: ruggedness and the share of
forest in 5 × 5 cells count too and are not among the predictors. They can be computed
from the rasters of the grid by a model that sees the cells around a place.
"""

import dataclasses

import numpy as np
import pandas as pd
from jaxtyping import Float32, Float64

from jaxsdm.data import Grid, SiteTable, Task, random_background
from jaxsdm.datasets.landscape import LAND_COVERS, Landscape, make_landscape

CELL_METRES = 1000.0
_SMALLEST = 16
_BACKGROUND = 5000
_PREVALENCES = (0.01, 0.35)
_RECORDS = (5, 800)


@dataclasses.dataclass(frozen=True)
class Niche:
    """What a species wants.

    Attributes:
      optimum: predictor -> value at which it does best, in the predictor's unit.
      width_below: predictor -> fall-off below the optimum, as a standard deviation.
      width_above: predictor -> fall-off above the optimum, as a standard deviation.
      land_cover: land cover -> factor on density, 1 for the best.
      texture: `"ruggedness"` or `"forest_share"`.
      texture_slope: of a logistic response to the texture, in its standard deviations;
        negative for a species of even or open country.
      prevalence: mean probability of occurrence over the land.
    """

    optimum: dict[str, float]
    width_below: dict[str, float]
    width_above: dict[str, float]
    land_cover: dict[str, float]
    texture: str
    texture_slope: float
    prevalence: float


def load(
    size: int = 160, species: int = 30, surveys: int = 1000, seed: int = 0
) -> list[Task]:
    """One task with a grid and the true probability of occurrence in `grid.truth`.

    Args:
      size: cells along each side of the world, of 1 km; a fifth of it is sea.
      species: how many. Their numbers of records run from 5 to 800, alike in
        logarithm, their prevalences from 0.01 to 0.35.
      surveys: number of survey plots. The rest of the world does not depend on it.
      seed: the same seed gives the same world.

    Returns:
      One task `"virtual-plants"` with one survey, `"plots"`. Coordinates are metres
      from the south-west corner, without a CRS.

    Raises:
      ValueError: if `size` is below 16, there is no species, or there are more plots
        than cells of land.
    """
    if size < _SMALLEST or species < 1:
        raise ValueError(
            f"virtual: size from {_SMALLEST} and species from 1 on, got {size} and "
            f"{species}."
        )
    of_land, of_niches, of_records, of_plots = (
        np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(4)
    )
    landscape = make_landscape(size, of_land)
    niches = draw_niches(landscape, species, of_niches)
    density = expected_density(landscape, niches)
    truth = -np.expm1(-density).astype(np.float32)
    names = tuple(f"species_{number:02d}" for number in range(1, species + 1))
    row, column = np.nonzero(landscape.land)
    sites = SiteTable(
        x=(column + 0.5) * CELL_METRES,
        y=(size - row - 0.5) * CELL_METRES,
        predictors=pd.DataFrame(
            {name: v[landscape.land] for name, v in landscape.continuous.items()}
            | {"land_cover": landscape.land_cover[landscape.land]}
        ),
        counts=np.zeros(truth.shape, np.float32),
        species=names,
    )
    if not 0 <= surveys <= len(sites):
        raise ValueError(
            f"virtual: {surveys} survey plots on {len(sites)} cells of land; ask for "
            "fewer or for a larger size."
        )
    counts = _draw_records(density, _effort(landscape, of_records), niches, of_records)
    visited = np.flatnonzero(counts.any(axis=1))
    plots = np.sort(of_plots.choice(len(sites), surveys, replace=False))
    found = of_plots.random((surveys, species)) < truth[plots]
    return [
        Task(
            name="virtual-plants",
            region="virtual",
            group="plants",
            records=dataclasses.replace(sites.take(visited), counts=counts[visited]),
            background=random_background(
                sites, min(_BACKGROUND, len(sites)), seed=seed
            ),
            surveys={
                "plots": dataclasses.replace(
                    sites.take(plots), counts=found.astype(np.float32)
                )
            },
            continuous=tuple(landscape.continuous),
            categorical=("land_cover",),
            grid=Grid(sites, row, column, (size, size), truth),
        )
    ]


def draw_niches(
    landscape: Landscape, number: int, rng: np.random.Generator
) -> list[Niche]:
    """Niches around the conditions of random cells of land, from rare to common."""
    names = list(landscape.continuous)
    land = {name: v[landscape.land] for name, v in landscape.continuous.items()}
    prevalences = rng.permutation(np.geomspace(*_PREVALENCES, number))
    niches = []
    for prevalence in prevalences.tolist():
        cell = rng.integers(landscape.land.sum())
        axes = rng.choice(names, rng.integers(2, 4), replace=False).tolist()
        # A common species is a tolerant one.
        width = 1.8 * prevalence**0.25
        below, above = (
            {a: float(land[a].std() * width * rng.lognormal(0, 0.4)) for a in axes}
            for _ in range(2)
        )
        cover = np.exp(rng.normal(0, 0.8, len(LAND_COVERS)))
        slope = rng.choice([-1, 1]) * rng.uniform(2.0, 4.0)
        niches.append(
            Niche(
                optimum={a: float(land[a][cell]) for a in axes},
                width_below=below,
                width_above=above,
                land_cover=dict(
                    zip(LAND_COVERS, (cover / cover.max()).tolist(), strict=True)
                ),
                texture=("ruggedness", "forest_share")[rng.integers(2)],
                texture_slope=float(slope),
                prevalence=prevalence,
            )
        )
    return niches


def expected_density(
    landscape: Landscape, niches: list[Niche]
) -> Float64[np.ndarray, "cells species"]:
    r"""Expected number of individuals in the cells of land.

    .. math:: a \, g(c) \, \sigma(b t) \prod_k e^{-(v_k - o_k)^2 / (2 w_k^2)}

    with predictors :math:`v_k`, the width :math:`w_k` of the side that the value is on,
    the factor :math:`g` of the land cover :math:`c`, the texture :math:`t` (mean 0,
    variance 1 over the land), and :math:`a` such that the probability of at least one
    individual has the species' prevalence as its mean over the land.
    """
    land = landscape.land
    cover = pd.Series(landscape.land_cover[land])
    density = np.empty((len(cover), len(niches)))
    for number, niche in enumerate(niches):
        texture = getattr(landscape, niche.texture)[land]
        texture = (texture - texture.mean()) / texture.std()
        suitability = 1 / (1 + np.exp(-niche.texture_slope * texture))
        suitability *= cover.map(niche.land_cover)
        for name, optimum in niche.optimum.items():
            value = landscape.continuous[name][land]
            width = np.where(
                value < optimum, niche.width_below[name], niche.width_above[name]
            )
            suitability *= np.exp(-0.5 * ((value - optimum) / width) ** 2)
        density[:, number] = suitability * _scale(suitability, niche.prevalence)
    return density


def _scale(suitability: np.ndarray, prevalence: float) -> float:
    low, high = -20.0, 60.0  # log of the scale; the mean probability grows with it
    for _ in range(32):
        middle = (low + high) / 2
        if -np.expm1(-suitability * np.exp(middle)).mean() < prevalence:
            low = middle
        else:
            high = middle
    return float(np.exp(high))


def _effort(landscape: Landscape, rng: np.random.Generator) -> np.ndarray:
    """Relative effort in the cells of land: near towns and the roads between them."""
    places = np.argwhere(landscape.land)
    high = landscape.continuous["elevation"][landscape.land]
    attraction = np.exp(-high / 100)
    towns = places[
        rng.choice(len(places), 7, replace=False, p=attraction / attraction.sum())
    ].astype(float)
    roads = []
    for town in towns:
        others = np.argsort(((towns - town) ** 2).sum(axis=1))[1:3]
        steps = np.linspace(0, 1, 2 * len(landscape.land))[:, None]
        roads += [town + steps * (towns[other] - town) for other in others]
    near_town = np.exp(-_distance(places, towns) / 6)
    road = np.unique(np.concatenate(roads).round(), axis=0)
    near_road = np.exp(-_distance(places, road) / 2)
    return 0.01 + near_town + 0.5 * near_road


def _distance(places: np.ndarray, to: np.ndarray) -> np.ndarray:
    nearest = np.full(len(places), np.inf)
    for row, column in to:
        squared = (places[:, 0] - row) ** 2 + (places[:, 1] - column) ** 2
        np.minimum(nearest, squared, out=nearest)
    return np.sqrt(nearest)


def _draw_records(
    density: Float64[np.ndarray, "cells species"],
    effort: Float64[np.ndarray, " cells"],
    niches: list[Niche],
    rng: np.random.Generator,
) -> Float32[np.ndarray, "cells species"]:
    """Records of each species by density times effort; the common have more of them."""
    fame = np.log([niche.prevalence for niche in niches])
    fame += rng.normal(0, 1, len(niches))
    number = np.empty(len(niches), int)
    number[np.argsort(fame)] = np.geomspace(*_RECORDS, len(niches)).round()
    counts = np.zeros(density.shape, np.float32)
    for column in range(len(niches)):
        rate = density[:, column] * effort
        cells = rng.choice(len(density), number[column], p=rate / rate.sum())
        np.add.at(counts[:, column], cells, 1)
    return counts
