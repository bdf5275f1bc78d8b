"""Tests for jaxsdm.training.cross_validation."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from jaxsdm.training import load_predictor, open_run, train
from jaxsdm.training.cross_validation import (
    Folds,
    fold_scores,
    held_out_auc,
    make_folds,
    network_scores,
)
from jaxsdm.training.fits import BY_NAME, make_mesh, open_context
from jaxsdm.training.problem import make_problem


@pytest.fixture
def problem(tasks, config):
    config.model.dropout = 0.0
    config.stage.main.epochs = 3
    config.tuning.seeds = (1, 2)
    return make_problem(tasks[0], config)


def test_folds_keep_blocks_whole_and_share_them_with_the_background(problem):
    folds = make_folds(problem, 3, 4)
    tables = problem.task.records, problem.task.background
    x = np.concatenate([table.x for table in tables])
    y = np.concatenate([table.y for table in tables])

    def block(values):
        scaled = (values - values.min()) / (np.ptp(values) + 1e-9)
        return np.minimum((scaled * 4).astype(int), 3)

    block = block(x) * 4 + block(y)
    fold = np.concatenate([folds.records, folds.background])
    assert all(len(set(fold[block == one])) == 1 for one in np.unique(block))
    assert set(folds.records) == {0, 1, 2}


def test_one_program_equals_training_on_the_other_folds(
    tasks, config, problem, tmp_path
):
    """Against the fit of a task that holds the sites of the other folds alone."""
    config.stage.main.batch_size = 0  # all sites at each step: no order of batches
    folds = make_folds(problem, 3, 4)
    mesh = make_mesh(config)
    got = network_scores(problem, config, [folds], [{}], mesh)[0, 0]
    config.seeds = (1, 2)
    with open_context(open_run(tmp_path / "run", config), quiet=True) as context:
        want = fold_scores(problem, config, folds, BY_NAME["network"], context)
    np.testing.assert_allclose(got, want, atol=2e-3)


def test_points_of_a_grid_differ_where_they_should(config, problem):
    folds = make_folds(problem, 2, 4)
    config.tuning.seeds = (1,)
    grid = [
        {},
        {"learning_rate": 1e-3},
        {"background_mass": 1.0},
        {"weight_decay": 0.0},
    ]
    scores = network_scores(problem, config, [folds, folds], grid, make_mesh(config))
    assert scores.shape[:2] == (4, 2)
    np.testing.assert_allclose(scores[:, 0], scores[:, 1], atol=1e-4)
    np.testing.assert_allclose(scores[0], scores[3], atol=1e-4)  # the default
    assert not np.allclose(scores[1], scores[0], atol=1e-2)
    assert not np.allclose(scores[2], scores[0], atol=1e-2)


def test_a_hyper_parameter_that_there_is_not(config, problem):
    folds = make_folds(problem, 2, 4)
    with pytest.raises(ValueError, match="unknown hidden; known: learning_rate"):
        network_scores(problem, config, [folds], [{"hidden": 3}], make_mesh(config))


def test_other_fits_are_scored_where_they_have_not_looked(
    tasks, config, problem, tmp_path
):
    config.fit = "maxent"
    config.model = {"name": "maxent", "knots": 3, "classes": ("linear",)}
    folds = make_folds(problem, 2, 4)
    run = open_run(tmp_path / "run", config)
    with open_context(run, quiet=True) as context:
        scores = fold_scores(problem, config, folds, BY_NAME["maxent"], context)
    assert not (run.folder / "checkpoints").exists()
    train(run, tasks, quiet=True)
    seen = load_predictor(run, tasks[0])(tasks[0].records, "records")
    assert not np.allclose(scores[: len(seen)], seen, atol=1e-2)
    assert np.isfinite(scores).all()


def test_held_out_auc_by_scikit_learn(problem):
    folds = make_folds(problem, 3, 4)
    rows = len(problem.features) + len(problem.background)
    scores = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    got = held_out_auc(problem, scores, folds)
    present = problem.counts > 0
    for species in range(5):
        sums = {"target_group": [0.0, 0.0], "background": [0.0, 0.0]}
        for fold in range(3):
            here = folds.records == fold
            label = present[here, species]
            if present[~here, species].sum() < 2 or not label.any():
                continue
            score = scores[: len(present)][here, species]
            cells = scores[len(present) :][folds.background == fold, species]
            parts = {
                "target_group": (label, score),
                "background": (
                    np.r_[np.ones(label.sum()), np.zeros(len(cells))],
                    np.r_[score[label], cells],
                ),
            }
            for name, (truth, value) in parts.items():
                if len(set(truth)) == 2:
                    sums[name][0] += label.sum() * roc_auc_score(truth, value)
                    sums[name][1] += label.sum()
        for name, (total, weight) in sums.items():
            want = (
                total / weight if weight and present[:, species].sum() >= 5 else np.nan
            )
            np.testing.assert_allclose(got[name][species], want, rtol=1e-6)


def test_species_of_few_records_are_left_out(problem):
    few = np.flatnonzero((problem.counts > 0).sum(0) < 5)
    rows = len(problem.features) + len(problem.background)
    folds = Folds(
        np.arange(len(problem.features)) % 2, np.arange(len(problem.background)) % 2, 2
    )
    auc = held_out_auc(problem, np.zeros((rows, 5), np.float32), folds)
    for values in auc.values():
        assert np.isnan(values[few]).all()
        np.testing.assert_allclose(values[np.isfinite(values)], 0.5)
