"""Tests for jaxsdm.datasets.virtual."""

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage, stats
from sklearn.linear_model import Ridge
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from jaxsdm.data import PredictorEncoder
from jaxsdm.datasets import virtual
from jaxsdm.datasets.landscape import LAND_COVERS, make_landscape


@pytest.fixture(scope="module")
def task():
    (made,) = virtual.load()
    return made


def same(one, other):
    np.testing.assert_array_equal(one.x, other.x)
    np.testing.assert_array_equal(one.y, other.y)
    np.testing.assert_array_equal(one.counts, other.counts)
    pd.testing.assert_frame_equal(one.predictors, other.predictors)


def cells_of(table, grid):
    """Row numbers in the grid of the sites of a table."""
    number = pd.Series(range(len(grid.sites)), index=[grid.sites.x, grid.sites.y])
    return number.loc[list(zip(table.x, table.y, strict=True))].to_numpy()


def auc(labels, scores):
    seen = np.flatnonzero(labels.any(axis=0))
    return np.array([roc_auc_score(labels[:, j], scores[:, j]) for j in seen])


def test_it_is_fast():
    start = time.process_time()
    virtual.load(seed=9)
    assert time.process_time() - start < 6  # 1.5 s when nothing else runs


def test_parts_have_their_sizes(task):
    assert (task.name, task.region, task.group) == (
        "virtual-plants",
        "virtual",
        "plants",
    )
    assert len(task.background) == 5000
    assert {name: len(table) for name, table in task.surveys.items()} == {"plots": 1000}
    assert task.grid.shape == (160, 160)
    assert len(task.grid.sites) == 20480
    tables = [task.records, task.background, task.surveys["plots"], task.grid.sites]
    for table in tables:
        assert tuple(table.predictors) == task.continuous + task.categorical
        assert table.species == task.records.species
        assert len(set(table.species)) == 30
    assert task.records.species[0] == "species_01"
    assert not task.background.counts.any()
    assert not task.grid.sites.counts.any()
    assert set(np.unique(task.surveys["plots"].counts)) == {0, 1}
    assert set(task.grid.sites.predictors.land_cover) == set(LAND_COVERS)
    task.checked()


def test_sites_are_distinct_cells_of_the_grid_with_its_values(task):
    for table in [task.records, task.background, task.surveys["plots"]]:
        cells = cells_of(table, task.grid)
        assert len(set(cells)) == len(cells)
        pd.testing.assert_frame_equal(
            table.predictors,
            task.grid.sites.predictors.iloc[cells].reset_index(drop=True),
        )


def test_coordinates_are_those_of_rows_and_columns(task):
    grid = task.grid
    np.testing.assert_array_equal(grid.sites.x, 1000 * grid.column + 500)
    np.testing.assert_array_equal(grid.sites.y, 1000 * (159 - grid.row) + 500)


def test_truth_is_a_probability_with_the_prevalences(task):
    truth = task.grid.truth
    assert truth.dtype == np.float32
    assert truth.shape == (20480, 30)
    assert truth.min() >= 0
    assert truth.max() <= 1
    np.testing.assert_allclose(
        np.sort(truth.mean(axis=0, dtype=float)), np.geomspace(0.01, 0.35, 30), 1e-4
    )


def test_surveys_find_what_is_true(task):
    plots = task.surveys["plots"]
    truth = task.grid.truth[cells_of(plots, task.grid)].astype(float)
    # Sum of independent Bernoulli draws of known variance: standard normal scores.
    spread = np.sqrt((truth * (1 - truth)).sum(axis=0))
    score = (plots.counts.sum(axis=0) - truth.sum(axis=0)) / spread
    assert np.abs(score).max() < 4
    assert stats.kstest(score, "norm").pvalue > 0.01
    where = np.digitize(truth.ravel(), np.linspace(0, 1, 6)[1:-1])
    for level in range(5):  # calibrated at every level of probability
        at = where == level
        assert plots.counts.ravel()[at].mean() == pytest.approx(
            truth.ravel()[at].mean(), abs=0.04
        )


def test_numbers_of_records_run_from_few_to_many(task):
    number = task.records.counts.sum(axis=0)
    assert number.min() == 5
    assert number.max() == 800
    assert 5 <= (number <= 20).sum() <= 12
    assert (number > 300).sum() >= 4
    prevalence = task.grid.truth.mean(axis=0)
    assert 0.3 < stats.spearmanr(number, prevalence).statistic < 1
    assert (task.records.counts.sum(axis=1) > 0).all()


def test_records_are_biased_and_surveys_are_not(task):
    grid = task.grid
    expected = grid.truth.sum(axis=1)
    visited = np.zeros(len(expected))
    visited[cells_of(task.records, grid)] = task.records.counts.sum(axis=1)
    laid = np.nan_to_num(grid.raster(visited)), np.nan_to_num(grid.raster(expected))
    block = [ndimage.uniform_filter(v, 10)[5::10, 5::10].ravel() for v in laid]
    ratio = block[0][block[1] > 1] / block[1][block[1] > 1]
    assert np.quantile(ratio, 0.95) > 8 * np.median(ratio)  # towns and roads
    low = grid.sites.predictors.elevation.median()
    on_low_ground = task.records.predictors.elevation < low
    assert on_low_ground.mean() > 0.55  # observers keep to the lowlands
    plots = task.surveys["plots"].predictors.elevation < low
    assert plots.mean() == pytest.approx(0.5, abs=0.05)


def test_records_follow_the_niche(task):
    truth = task.grid.truth[cells_of(task.records, task.grid)]
    for column in range(30):
        weight = task.records.counts[:, column]
        mean = task.grid.truth[:, column].mean()
        assert np.average(truth[:, column], weights=weight) > 1.3 * mean


def test_texture_counts_and_predictors_do_not_tell_it(task):
    """Seen from the grid alone, as a patch model would see it."""
    grid = task.grid
    elevation = grid.raster(grid.sites.predictors.elevation.to_numpy())
    forest = grid.raster((grid.sites.predictors.land_cover == "forest").to_numpy())
    places = grid.row, grid.column  # every window below has land in its middle
    texture = np.stack(
        [
            of(
                sliding_window_view(np.pad(v, 2, constant_values=np.nan), (5, 5))[
                    places
                ],
                (1, 2),
            )
            for v, of in ((elevation, np.nanstd), (forest, np.nanmean))
        ],
        axis=-1,
    )
    encoder = PredictorEncoder.fit(
        grid.sites.predictors, continuous=task.continuous, categorical=task.categorical
    )
    plain = PolynomialFeatures(2).fit_transform(
        encoder.transform(grid.sites.predictors).features
    )
    with_texture = np.c_[plain, texture]
    plots, records = (
        cells_of(table, grid) for table in (task.surveys["plots"], task.records)
    )
    labels = task.surveys["plots"].counts
    best = auc(labels, grid.truth[plots])
    mean = {}
    for name, features in (("plain", plain), ("texture", with_texture)):
        scaled = StandardScaler().fit(features[records]).transform(features)
        present = task.records.counts > 0
        model = Ridge(alpha=300).fit(scaled[records], present / present.mean(axis=0))
        scores = model.predict(scaled[plots])
        mean[name] = auc(labels, scores).mean()
    assert 0.85 < best.mean() < 0.95
    assert 0.68 < mean["plain"] < best.mean() - 0.08
    assert mean["texture"] > mean["plain"] + 0.02


def test_the_seed_makes_the_world():
    (one,), (again,), (other,) = (
        virtual.load(size=32, species=4, surveys=50, seed=s) for s in (3, 3, 4)
    )
    for first, second in [
        (one.records, again.records),
        (one.background, again.background),
        (one.surveys["plots"], again.surveys["plots"]),
        (one.grid.sites, again.grid.sites),
    ]:
        same(first, second)
    np.testing.assert_array_equal(one.grid.truth, again.grid.truth)
    assert (
        one.grid.sites.predictors.soil_ph != other.grid.sites.predictors.soil_ph
    ).any()


def test_more_plots_leave_the_world_as_it_is():
    (few,), (many,) = (virtual.load(size=32, species=4, surveys=n) for n in (20, 200))
    same(few.records, many.records)
    same(few.background, many.background)
    np.testing.assert_array_equal(few.grid.truth, many.grid.truth)


def test_density_is_the_product_of_the_responses():
    landscape = make_landscape(24, np.random.default_rng(1))
    niche = virtual.Niche(
        optimum={"soil_ph": 6.0},
        width_below={"soil_ph": 0.5},
        width_above={"soil_ph": 2.0},
        land_cover={
            "cropland": 0.2,
            "forest": 1.0,
            "grassland": 0.5,
            "shrubland": 0.0,
            "wetland": 0.1,
        },
        texture="forest_share",
        texture_slope=-1.5,
        prevalence=0.2,
    )
    other = dataclasses.replace(niche, texture="ruggedness", prevalence=0.05)
    land = landscape.land
    density = virtual.expected_density(landscape, [niche, other])
    for column, (one, texture) in enumerate(
        [(niche, landscape.forest_share), (other, landscape.ruggedness)]
    ):
        ph = landscape.continuous["soil_ph"][land]
        want = stats.norm.pdf(ph, 6, np.where(ph < 6, 0.5, 2)) * np.where(
            ph < 6, 0.5, 2
        )
        want *= [one.land_cover[cover] for cover in landscape.land_cover[land]]
        want /= 1 + np.exp(1.5 * stats.zscore(texture[land]))
        ratio = density[:, column] / np.where(want > 0, want, 1)
        np.testing.assert_allclose(ratio[want > 0], ratio.max(), rtol=1e-6)
        assert (1 - np.exp(-density[:, column])).mean() == pytest.approx(one.prevalence)


def test_niches_are_asymmetric_and_lie_in_the_land():
    landscape = make_landscape(48, np.random.default_rng(1))
    niches = virtual.draw_niches(landscape, 200, np.random.default_rng(2))
    for niche in niches:
        assert 2 <= len(niche.optimum) <= 3
        assert niche.optimum.keys() == niche.width_below.keys()
        assert niche.optimum.keys() == niche.width_above.keys()
        assert max(niche.land_cover.values()) == 1
        assert 2 <= abs(niche.texture_slope) <= 4
        for name, value in niche.optimum.items():
            assert value in landscape.continuous[name][landscape.land]
            assert niche.width_below[name] != niche.width_above[name]
    assert {n.texture for n in niches} == {"ruggedness", "forest_share"}
    assert {np.sign(n.texture_slope) for n in niches} == {-1, 1}
    assert {name for n in niches for name in n.optimum} == set(landscape.continuous)
    width = [
        n.width_above[a] / landscape.continuous[a].std()
        for n in niches
        for a in n.optimum
    ]
    common = [n.prevalence for n in niches for _ in n.optimum]
    assert stats.spearmanr(width, common).statistic > 0.3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 15}, "size from 16 and species from 1 on, got 15 and 30"),
        ({"species": 0}, "got 160 and 0"),
        ({"size": 16, "surveys": 300}, "300 survey plots on 204 cells of land"),
        ({"size": 16, "surveys": -1}, "-1 survey plots"),
    ],
)
def test_impossible_worlds_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        virtual.load(**options)


def test_the_smallest_world_works():
    (task,) = virtual.load(size=16, species=1, surveys=0)
    assert len(task.background) == len(task.grid.sites)
    assert len(task.surveys["plots"]) == 0
