"""Against a known truth: the truth itself as a model must be perfect."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from jaxsdm import evaluation
from jaxsdm.evaluation.truth import cells_at


def _log_density(task):
    return np.log(-np.log1p(-task.grid.truth.astype(np.float64)))


def _at_plots(task, everywhere):
    plots = task.surveys["plots"]
    return everywhere[cells_at(task.grid, plots.x, plots.y)][:, ::-1]


def test_the_truth_is_found_perfect_whatever_constant_is_added(world):
    model = _log_density(world) - 7.0
    scores = {world.name: {"plots": _at_plots(world, model)}}
    table = evaluation.truth_table([world], scores, {world.name: model})
    assert table["species"].tolist() == ["moss", "fern"]
    np.testing.assert_allclose(table["spearman"], 1, atol=1e-12)
    np.testing.assert_allclose(table["pearson"], 1, atol=2e-3)
    assert (table["mean_absolute_error"] < 0.03).all()  # Prevalence is a sample's.
    np.testing.assert_array_equal(table["auc"], table["auc_of_truth"])


def test_another_model_against_scipy_and_scikit_learn(world):
    model = _log_density(world) + np.random.default_rng(0).normal(size=(47, 2))
    scores = {world.name: {"plots": _at_plots(world, model)}}
    table = evaluation.truth_table([world], scores, {world.name: model})
    fern = table[table["species"] == "fern"].iloc[0]
    true = world.grid.truth[:, 0]
    plots = world.surveys["plots"]
    shift = evaluation.shift_to_prevalence(
        scores[world.name]["plots"][:, 1], plots.counts[:, 1].mean()
    )
    probability = 1 - np.exp(-np.exp(model[:, 0] + shift))
    want = {
        "spearman": stats.spearmanr(model[:, 0], true).statistic,
        "pearson": stats.pearsonr(probability, true).statistic,
        "mean_absolute_error": np.abs(probability - true).mean(),
        "auc": roc_auc_score(plots.counts[:, 1], scores[world.name]["plots"][:, 1]),
        "auc_of_truth": roc_auc_score(
            plots.counts[:, 1], _at_plots(world, world.grid.truth)[:, 1]
        ),
    }
    for column, value in want.items():
        assert fern[column] == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("prevalence", [1e-6, 0.03, 0.5, 0.999])
def test_the_shift_gives_the_prevalence(prevalence):
    scores = np.random.default_rng(1).normal(-300, 4, size=500)
    shift = evaluation.shift_to_prevalence(scores, prevalence)
    mean = evaluation.cloglog(scores + shift).mean()
    assert mean == pytest.approx(prevalence, rel=1e-9)


def test_no_shift_reaches_never_or_always():
    scores = np.zeros(3)
    assert np.isnan(evaluation.shift_to_prevalence(scores, 0.0))
    assert np.isnan(evaluation.shift_to_prevalence(scores, 1.0))
    assert np.isnan(evaluation.shift_to_prevalence(np.array([0.0, -np.inf]), 0.5))


def test_cloglog_at_the_ends():
    got = evaluation.cloglog(np.array([-np.inf, -40.0, 0.0, 1000.0]))
    np.testing.assert_allclose(got, [0, np.exp(-40), 1 - np.exp(-1), 1], rtol=1e-12)


def test_a_grid_of_one_row_finds_its_cells(world):
    grid = world.grid.take(world.grid.row == 2)
    row = dataclasses.replace(grid, row=grid.row * 0, shape=(1, 8))
    np.testing.assert_array_equal(cells_at(row, row.sites.x, row.sites.y), range(8))


def test_sites_find_their_cell_and_miss_outside_the_valid_ones(world):
    sites = world.grid.sites
    found = cells_at(world.grid, sites.x + 249, sites.y - 249)
    np.testing.assert_array_equal(found, np.arange(47))
    outside = np.array([[1000, 9000], [700, 8500], [4800, 8500], [1000, 9300]], float)
    np.testing.assert_array_equal(cells_at(world.grid, *outside.T), [-1] * 4)


def test_tasks_without_truth_have_no_rows_and_bad_shapes_are_refused(
    tasks, scores, world
):
    assert evaluation.truth_table(tasks, scores, {}).empty
    good = {world.name: {"plots": np.zeros((400, 2))}}
    with pytest.raises(ValueError, match="no predictions for the grid of isle-plant"):
        evaluation.truth_table([world], good, {})
    with pytest.raises(ValueError, match=r"= \(47, 2\), got \(46, 2\)"):
        evaluation.truth_table([world], good, {world.name: np.zeros((46, 2))})
