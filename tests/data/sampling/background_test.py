"""Tests for jaxsdm.data.sampling.background."""

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import KernelDensity

from jaxsdm.data import CellGrid, SiteTable
from jaxsdm.data.sampling import (
    background,
    random_background,
    record_density,
    target_group_sites,
)

RNG = np.random.default_rng(0)


def sites(number, species=2):
    return SiteTable(
        x=RNG.uniform(0, 10, number),
        y=RNG.uniform(0, 10, number),
        predictors=pd.DataFrame({"id": np.arange(number)}),
        counts=RNG.integers(0, 4, (number, species)).astype(np.float32),
        species=tuple("abcdef"[:species]),
        crs="EPSG:3035",
    )


def test_random_background_draws_distinct_sites_without_records():
    table = sites(50)
    before = table.counts.copy()
    drawn = random_background(table, 20, seed=3)
    assert drawn.predictors.id.nunique() == len(drawn) == 20
    np.testing.assert_array_equal(drawn.x, table.x[drawn.predictors.id])
    assert drawn.counts.shape == (20, 2)
    assert not drawn.counts.any()
    np.testing.assert_array_equal(table.counts, before)


def test_random_background_is_a_function_of_its_seed():
    table = sites(50)
    first, again, other = (
        random_background(table, 20, seed=s).predictors.id.tolist() for s in (1, 1, 2)
    )
    assert first == again == sorted(first)
    assert first != other


def test_density_sets_how_often_a_site_is_drawn():
    table = sites(8000)
    density = np.repeat([0.0, 1.0, 2.0, 5.0], 2000)
    drawn = random_background(table, 400, density=density).predictors.id // 2000
    # Few of many, so that without replacement is nearly with; 5 standard errors.
    share = np.bincount(drawn, minlength=4) / 400
    np.testing.assert_allclose(share, [0, 1 / 8, 2 / 8, 5 / 8], atol=0.12)
    assert share[0] == 0


def test_all_candidates_can_be_drawn():
    assert random_background(sites(9), 9).predictors.id.tolist() == list(range(9))


@pytest.mark.parametrize(
    ("number", "density", "said"),
    [
        (6, None, "6 sites wanted, 5 candidates of 5"),
        (4, np.array([1.0, 0.0, 0.0, 2.0, 3.0]), "4 sites wanted, 3 candidates of 5"),
        (1, np.array([1.0, -1.0, 0.0, 2.0, 3.0]), "from -1.0 to 3.0"),
        (1, np.array([1.0, np.nan, 0.0, 2.0, 3.0]), "from nan to nan"),
    ],
)
def test_impossible_draws_are_refused(number, density, said):
    with pytest.raises(ValueError, match=said):
        random_background(sites(5), number, density=density)


def test_density_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"5 candidates; got shape \(4,\)"):
        random_background(sites(5), 1, density=np.ones(4))


@pytest.mark.parametrize("pairs_at_once", [1, 100, 1 << 22])
def test_record_density_is_a_weighted_kernel_density(monkeypatch, pairs_at_once):
    monkeypatch.setattr(background, "_PAIRS_AT_ONCE", pairs_at_once)
    at, records = sites(40), sites(30)
    weight = records.counts.sum(axis=1)
    kernel = KernelDensity(bandwidth=1.7, rtol=1e-10).fit(
        np.c_[records.x, records.y], sample_weight=np.maximum(weight, 1e-12)
    )
    want = weight.sum() * np.exp(kernel.score_samples(np.c_[at.x, at.y]))
    np.testing.assert_allclose(record_density(at, records, bandwidth=1.7), want, 1e-6)


def test_record_density_without_records_is_zero():
    none = sites(3).take(np.arange(0))
    np.testing.assert_array_equal(record_density(sites(5), none, bandwidth=1.0), 0)


@pytest.mark.parametrize("bandwidth", [0.0, -1.0])
def test_record_density_wants_a_bandwidth(bandwidth):
    with pytest.raises(ValueError, match="bandwidth above 0"):
        record_density(sites(2), sites(2), bandwidth=bandwidth)


def test_target_group_sites_count_the_records_of_each_cell():
    records = pd.DataFrame(
        {
            "lon": [0.5, 0.6, 2.5, 0.5, 0.4],
            "lat": [9.5, 9.4, 8.5, 9.5, 9.6],
            "name": ["b", "a", "a", "b", "c"],
            "rain": [10.0, 11.0, 12.0, 13.0, 14.0],
            "extra": 0,
        },
        index=[7, 7, 8, 9, 10],
    )
    got = target_group_sites(
        records,
        CellGrid(0.0, 10.0, 1.0),
        predictors=["rain"],
        species=["a", "b", "c", "d"],
        columns=("lon", "lat", "name"),
        crs="EPSG:4326",
    )
    np.testing.assert_array_equal(got.counts, [[1, 2, 1, 0], [1, 0, 0, 0]])
    np.testing.assert_array_equal(got.x, [0.5, 2.5])
    np.testing.assert_array_equal(got.y, [9.5, 8.5])
    assert got.predictors.to_dict("list") == {"rain": [10.0, 12.0]}
    assert (got.species, got.crs) == (("a", "b", "c", "d"), "EPSG:4326")


def test_target_group_sites_refuse_a_stranger():
    records = pd.DataFrame({"x": [0.5], "y": [0.5], "species": ["z"]})
    with pytest.raises(ValueError, match="records of z, not among the species a, b"):
        target_group_sites(
            records, CellGrid(0.0, 1.0, 1.0), predictors=[], species=["a", "b"]
        )
