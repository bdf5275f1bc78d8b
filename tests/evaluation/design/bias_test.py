"""Tests for jaxsdm.evaluation.design.bias."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import SiteTable, Task
from jaxsdm.evaluation.design import (
    environmental_coverage,
    novel_share,
    sampling_bias,
)


def table(x, y, values=(), counts=None, crs="EPSG:32631"):
    x, y = np.asarray(x, float), np.asarray(y, float)
    counts = np.ones((len(x), 1)) if counts is None else np.asarray(counts, float)
    names = tuple(f"s{i}" for i in range(counts.shape[1]))
    frame = pd.DataFrame(dict(values), index=range(len(x)))
    return SiteTable(x, y, frame, counts.astype(np.float32), names, crs)


def test_how_unevenly_people_searched():
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 100, (2, 40))
    counts = rng.poisson(3, (40, 2)).astype(float)
    counts[0] = 200, np.nan
    background = table(*rng.uniform(0, 100, (2, 60)))
    got = sampling_bias(table(x, y, counts=counts), background)
    number = np.nansum(counts, 1)
    assert got["records"] == number.sum()
    assert (got["sites"], got["species"], got["unit"]) == (40, 2, "m")
    assert got["records_in_tenth"] == np.sort(number)[-4:].sum() / number.sum()
    pairs = np.abs(number[:, None] - number).sum()
    want = pairs / (2 * 40**2 * number.mean())
    np.testing.assert_allclose(got["gini"], want)
    distance = np.hypot(x[:, None] - x, y[:, None] - y) + np.diag(np.full(40, np.inf))
    np.testing.assert_allclose(got["nearest_site"], distance.min(1).mean())
    ratio = got["nearest_site"] / got["nearest_site_expected"]
    np.testing.assert_allclose(got["clumping"], ratio)
    assert 0.6 < got["clumping"] < 1.5  # both at random


def test_clumped_sites_are_told_from_others():
    rng = np.random.default_rng(1)
    clumped = table(*(rng.normal(0, 1, (2, 50)) + 50))
    got = sampling_bias(clumped, table(*rng.uniform(0, 100, (2, 80))))
    assert got["clumping"] < 0.2


def test_distances_in_degrees_are_metres():
    got = sampling_bias(table([0, 0], [0, 1], crs="EPSG:4326"), table([], []))
    np.testing.assert_allclose(got["nearest_site"], 111_195, rtol=1e-4)
    assert np.isnan(got["clumping"])


def test_one_site_without_records():
    got = sampling_bias(table([1], [1], counts=[[0]]), table([0, 1], [0, 1]))
    assert got["records"] == 0
    assert all(np.isnan(got[name]) for name in ("gini", "nearest_site", "clumping"))


@pytest.fixture
def task():
    area = {"a": np.linspace(0, 10, 101), "b": np.full(101, 3.0)}
    background = table(np.zeros(101), np.zeros(101), area)
    sites = table(np.zeros(3), np.zeros(3), {"a": [2, 3, 4.0], "b": [3.0, 3, 3]})
    return Task("X", "here", "s", sites, background, {}, ("a", "b"), ())


def test_the_environment_that_was_reached(task):
    got = environmental_coverage(task, task.records).set_index("predictor")
    a = got.loc["a"]
    assert (a["sites_mean"], a["area_mean"]) == (3, pytest.approx(5))
    np.testing.assert_allclose(a["reached"], 21 / 101)
    above = 1 - 41 / 101  # at 4 all sites are passed and 41 of 101 cells
    np.testing.assert_allclose(a["distance"], above)
    assert a["overlap"] == pytest.approx(3 / 101, abs=0.02)
    constant = got.loc["b"]
    assert (constant["distance"], constant["overlap"], constant["reached"]) == (0, 1, 1)


def test_the_share_of_the_area_that_is_new(task):
    np.testing.assert_allclose(novel_share(task, task.records), 80 / 101)
    nothing = Task("X", "x", "s", task.records, task.background, {}, (), ("a",))
    assert np.isnan(novel_share(nothing, task.records))
