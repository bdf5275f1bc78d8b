"""Tests for jaxsdm.training.network_stage."""

import numpy as np
import pytest

from jaxsdm import parallel
from jaxsdm.training import make_problem
from jaxsdm.training.batches import batch_rows
from jaxsdm.training.network_stage import CAPACITY, Stage, build_module, chunk


@pytest.fixture(scope="module")
def sizes(tasks):
    return len(tasks[0].records), len(tasks[0].background)


@pytest.fixture
def build(tasks, config):
    def build(shape=(1, 1), **options):
        problem = make_problem(tasks[0], config)
        return Stage(problem, config, "main", parallel.make_mesh(*shape), **options)

    return build


def test_the_plan_is_that_of_the_config(build, config, sizes):
    plan = build((4, 2)).plan
    assert (plan.records, plan.background, plan.batch_size) == (sizes[0], 0, 32)
    assert (plan.background_batch_size, plan.multiple) == (0, 4)
    config.background.mass = 0.3
    plan = build().plan
    assert (plan.background, plan.background_batch_size) == (sizes[1], 32)
    config.background.batch_size = 7
    assert build().plan.background_batch_size == 7


def test_steps_follow_from_the_sites_used(build, sizes):
    assert build().steps == 6 * -(-sizes[0] // 32)
    assert build(used=64).steps == 6 * 2


def test_species_are_padded_to_the_mesh_or_as_saved(build, config, tasks):
    assert [build(shape).columns for shape in ((1, 1), (1, 2), (1, 8))] == [5, 6, 8]
    stage = build(columns=6)
    assert stage.columns == 6
    assert stage.program.module.species == 6
    problem = make_problem(tasks[0], config)
    shapes = stage.program.shapes(2, problem.features.shape[1])
    assert shapes.params["head"]["kernel"].shape == (2, 8, 6)
    config.model.dropout = 0.9  # of the member, not of the module
    assert build_module(problem, config, 6) == stage.program.module


def test_a_chunk_is_the_next_batches_and_padding(build, config):
    stage = build((4, 1))
    sites = [{}, {"sites": np.arange(40)}]
    rows, ends = chunk(stage, 9, 5, sites)
    assert rows.shape == (2, CAPACITY, 32)
    for member, seed in enumerate(config.seeds):
        want = batch_rows(stage.plan, seed, 9, 14, **sites[member])
        np.testing.assert_array_equal(rows[member, :5], want)
    assert (rows[:, 5:] == -1).all()
    per_epoch = stage.plan.steps_per_epoch
    np.testing.assert_array_equal(
        np.flatnonzero(ends), [per_epoch - 1 - 9] if per_epoch <= 14 else []
    )


def test_members_may_differ(build, config):
    with config.ignore_type():
        config.stage.main.optimizer.learning_rate = (1e-2, 1e-3)
        config.model.dropout = (0.0, 0.5)
    stage = build()
    np.testing.assert_allclose(stage.hyper.learning_rate, [1e-2, 1e-3])
    np.testing.assert_allclose(stage.hyper.dropout, [0.0, 0.5])
    np.testing.assert_array_equal(stage.hyper.seed, [1, 2])
    assert stage.program.dropout
    with config.ignore_type():
        config.model.dropout = 0.0
    assert not build().program.dropout


def test_what_is_kept_decides_what_is_carried(build, config):
    program = build().program
    assert not program.keep_best
    assert program.average_decay == 0.0
    config.average_decay = 0.9
    assert build().program.average_decay == 0.0  # not kept: not paid for
    config.keep = "average"
    assert build().program.average_decay == 0.9
    config.keep = "best_epoch"
    assert build().program.keep_best
