"""Tests for jaxsdm.mapping.scoring."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import SiteTable
from jaxsdm.mapping import scoring as module
from jaxsdm.mapping.scoring import Scoring, limits_of, map_values


def table(number):
    frame = pd.DataFrame({"a": np.arange(number, dtype=float), "code": 1})
    zeros = np.zeros(number)
    return SiteTable(zeros, zeros, frame, np.zeros((number, 2), np.float32), ("x", "y"))


class Predictor:
    """The predictor `a` and its negative; remembers how many rows it was given."""

    def __init__(self):
        self.rows = []

    def __call__(self, sites, name):
        self.rows.append(len(sites))
        values = sites.predictors["a"].to_numpy()
        return np.stack([values, -values], axis=1)


@pytest.mark.parametrize("at_once", [False, True])
@pytest.mark.parametrize("number", [1, 3, 8, 17, 24])
def test_blocks_of_few_sizes_give_every_row(monkeypatch, number, at_once):
    monkeypatch.setattr(module, "_ROWS_AT_ONCE", 8)
    predict = Predictor()
    got = Scoring(predict, {}, at_once).scores(table(number), "some")
    np.testing.assert_array_equal(got, [np.arange(number), -np.arange(number)])
    few = {1: [1], 3: [4], 8: [8], 17: [8, 8, 8], 24: [8, 8, 8]}[number]
    assert predict.rows == ([number] if at_once and number >= 8 else few)


def test_clamping_draws_into_the_limits_and_leaves_the_table():
    sites = table(6)
    limits = limits_of(sites.predictors.iloc[[2, 4]], ("a",))
    got = Scoring(Predictor(), limits, False).scores(sites, "some")
    np.testing.assert_array_equal(got[0], [2, 2, 2, 3, 4, 4])
    np.testing.assert_array_equal(sites.predictors["a"], np.arange(6))


def test_values_are_relative_to_the_background(world, predict):
    values = map_values(Scoring(predict, {}, False), world, "relative")
    got = values(world.background, "background")
    np.testing.assert_allclose(got.mean(axis=1), 1, rtol=1e-4)
    shifted = map_values(
        Scoring(lambda *sites: predict(*sites) + 7, {}, False), world, "relative"
    )
    one = world.background.take(np.arange(5))
    np.testing.assert_allclose(shifted(one, "five"), got[:, :5], rtol=1e-4)
