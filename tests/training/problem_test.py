"""Tests for jaxsdm.training.problem."""

import dataclasses
import json

import numpy as np
import pytest
from scipy.stats import norm, rankdata

from jaxsdm.training.problem import make_problem


def spoiled(task, column="temperature", rows=(3, 7), value=np.nan, table="records"):
    sites = getattr(task, table)
    predictors = sites.predictors.copy()
    predictors.loc[list(rows), column] = value
    changed = dataclasses.replace(sites, predictors=predictors)
    return dataclasses.replace(task, **{table: changed})


@pytest.fixture(scope="module")
def column(tasks):
    return tasks[0].continuous[1]


def test_predictors_are_standardised_over_the_background(tasks, config):
    task = tasks[0]
    problem = make_problem(task, config)
    width = len(task.continuous)
    raw = task.background.predictors[list(task.continuous)].to_numpy(float)
    for features, table in (
        (problem.features, task.records),
        (problem.background, task.background),
        (
            problem.encode(task.surveys["plots"], "plots")["predictors"],
            task.surveys["plots"],
        ),
    ):
        values = table.predictors[list(task.continuous)].to_numpy(float)
        want = (values - raw.mean(0)) / raw.std(0)
        np.testing.assert_allclose(features[:, :width], want, rtol=1e-4, atol=1e-5)
        cover = table.predictors["land_cover"].to_numpy()
        names = problem.encoder.feature_names[width:]
        hot = np.array(
            [[f"land_cover={one}" == name for name in names] for one in cover]
        )
        np.testing.assert_array_equal(features[:, width:], hot)
    np.testing.assert_array_equal(problem.counts, task.records.counts)


def test_or_scaled_by_their_quantiles(tasks, config):
    config.scaling = "quantile"
    task = tasks[0]
    problem = make_problem(task, config)
    names = list(task.continuous)
    raw = task.background.predictors[names].to_numpy(float)
    ranks = (rankdata(raw, axis=0) - 1) / (len(raw) - 1)
    inner = (ranks > 0.01) & (ranks < 0.99)
    got = problem.background[:, : len(names)]
    np.testing.assert_allclose(got[inner], norm.ppf(ranks)[inner], atol=0.02)
    assert "quantiles" in json.loads(json.dumps(problem.about(config)))["encoder"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("table", ["records", "background"])
def test_a_missing_predictor_is_refused(tasks, config, column, value, table):
    task = spoiled(tasks[0], column, value=value, table=table)
    with pytest.raises(ValueError, match=column) as caught:
        make_problem(task, config)
    text = str(caught.value)
    for part in (f"{task.name} {table}", "rows 3, 7", "2 of"):
        assert part in text


def test_or_its_rows_are_dropped(tasks, config, column):
    config.on_missing = "drop"
    task = spoiled(tasks[0], column)
    with pytest.warns(UserWarning, match=column):
        problem = make_problem(task, config)
    kept = np.delete(np.arange(len(task.records)), [3, 7])
    clean = make_problem(tasks[0], config)
    np.testing.assert_array_equal(problem.features, clean.features[kept])
    np.testing.assert_array_equal(problem.counts, task.records.counts[kept])


def test_no_site_left(tasks, config, column):
    config.on_missing = "drop"
    every = range(len(tasks[0].records))
    with (
        pytest.warns(UserWarning, match=column),
        pytest.raises(ValueError, match="no site with a record is left to train on"),
    ):
        make_problem(spoiled(tasks[0], column, every), config)


def test_what_a_model_belongs_to(tasks, config):
    problem = make_problem(tasks[0], config)
    about = json.loads(json.dumps(problem.about(config)))
    assert about["task"] == "virtual-plants"
    assert about["species"] == list(tasks[0].records.species)
    assert about["encoder"] == problem.encoder.to_dict()
    assert about["members"] == 2

    def changed(**values):
        other = config.copy_and_resolve_references()
        other.update(values)
        after = problem.about(other)
        return {name for name in after if after[name] != problem.about(config)[name]}

    assert changed(model={"dropout": 0.9}) == set()  # a model of the same arrays
    assert changed(model={"hidden": 9}) == {"model"}
    assert changed(seeds=(1, 2, 3)) == {"members"}
    assert changed(keep="average") == {"keep"}
    assert changed(fit="maxent") == {"fit"}
