"""Tests for jaxsdm.datasets.holding_out."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import Design, SiteTable, Split, Task
from jaxsdm.data.splits import block_numbers
from jaxsdm.datasets.holding_out import BY_NAME, hold_out, hold_out_fold
from jaxsdm.markdown import significant

SIDE = 24


@pytest.fixture(scope="module")
def task():
    """Sites and cells of a square; two species, one of them in a corner."""
    rng = np.random.default_rng(0)

    def table(number, *, of_records):
        x, y = rng.uniform(0, SIDE, (2, number))
        frame = pd.DataFrame({"a": x + rng.normal(0, 1, number), "b": np.sin(y)})
        counts = np.stack([rng.poisson(2, number) + 1, (x < 6) & (y < 6)], axis=1)
        counts = counts.astype(np.float32) * of_records
        return SiteTable(x, y, frame, counts, ("oak", "elm"), "EPSG:32631")

    records = table(300, of_records=True)
    return Task(
        name="X",
        region="here",
        group="tree",
        records=records,
        background=table(500, of_records=False),
        surveys={},
        continuous=("a", "b"),
        categorical=(),
        design=Design({}, records, table(9, of_records=False)),
    )


@pytest.mark.parametrize("method", sorted(BY_NAME))
def test_every_site_is_held_out_once(task, method):
    folds = 2 if method == "checkerboard" else 4
    found = []
    for fold in range(folds):
        held = hold_out(task, method, folds=folds, fold=fold, block_size=4)
        survey = held.surveys["held_out"]
        assert len(held.records) + len(survey) == len(task.records)
        assert not {*held.records.x} & {*survey.x}
        np.testing.assert_array_equal(survey.counts, held.held_out.counts > 0)
        assert held.design.tested == fold
        np.testing.assert_array_equal(held.design.sites.x, task.records.x)
        np.testing.assert_array_equal(
            task.records.x[held.design.split.fold == fold], survey.x
        )
        found.append(survey.x)
    np.testing.assert_array_equal(
        np.sort(np.concatenate(found)), np.sort(task.records.x)
    )


def test_background_near_the_held_out_sites_goes(task):
    held = hold_out(task, "blocks", folds=4, fold=0, block_size=4)
    trained = np.stack([held.records.x, held.records.y], axis=1)
    tested = np.stack([held.held_out.x, held.held_out.y], axis=1)
    cells = np.stack([task.background.x, task.background.y], axis=1)
    distance = [
        np.linalg.norm(cells[:, None] - sites, axis=-1).min(1)
        for sites in (trained, tested)
    ]
    want = task.background.take(distance[0] <= distance[1])
    np.testing.assert_array_equal(held.background.x, want.x)
    assert 0 < len(want) < len(task.background)


def test_a_buffer_is_not_trained_on(task):
    held = hold_out(task, "blocks", folds=4, fold=1, block_size=6, buffer=1.0)
    between = np.hypot(
        held.records.x[:, None] - held.held_out.x,
        held.records.y[:, None] - held.held_out.y,
    )
    assert between.min() > 1
    assert len(held.records) + len(held.held_out) < len(task.records)
    assert "sites within 1 m left out" in held.design.method


def test_the_size_of_blocks_is_derived_from_the_predictors(task):
    held = hold_out(task, "blocks", folds=4, fold=0)
    derived = held.design.block_size
    assert 0 < derived.size <= SIDE / 3
    assert f"blocks of {significant(derived.size)} m" in held.design.method
    given = hold_out(task, "blocks", folds=4, fold=0, block_size=derived.size)
    np.testing.assert_array_equal(given.held_out.x, held.held_out.x)
    assert given.design.block_size is None


def test_blocks_shrink_until_folds_have_several(task):
    corner = (task.records.x < 7) & (task.records.y < 7)
    few = dataclasses.replace(task, records=task.records.take(corner))
    held = hold_out(few, "blocks", folds=2, fold=0)
    derived = held.design.block_size
    assert derived.size < derived.range
    assert "halved to" in derived.bounded
    numbers = block_numbers(
        few.records.x, few.records.y, block_size=derived.size, crs="EPSG:32631"
    )
    assert len(np.unique(numbers)) >= 8
    with pytest.raises(ValueError, match="lie in 1 blocks of 50 m, too few for 2 fol"):
        hold_out(task, "blocks", folds=2, fold=0, block_size=50)


def test_a_single_species_is_absent_beside_its_records(task):
    one = dataclasses.replace(
        task,
        records=task.records.select_species(["oak"]),
        background=task.background.select_species(["oak"]),
    )
    held = hold_out(one, "blocks", folds=4, fold=0, block_size=4)
    survey = held.surveys["held_out"]
    present = survey.counts[:, 0] == 1
    np.testing.assert_array_equal(survey.x[present], held.held_out.x)
    assert 0 < (~present).sum() == len(task.background) - len(held.background)
    assert not {*survey.x[~present]} & {*held.background.x}
    assert len(survey.predictors) == len(survey)


def test_a_rare_species_is_in_several_folds(task):
    tested = [
        hold_out(task, "blocks", folds=3, fold=fold, block_size=2).held_out
        for fold in range(3)
    ]
    assert all(table.counts[:, 1].any() for table in tested)


def test_surveys_keep_what_they_say(task):
    counts = np.array(task.records.counts > 0, np.float32)
    counts[::3, 1] = np.nan
    records = dataclasses.replace(task.records, counts=counts)
    design = Design({}, records, task.background, "presence_absence")
    surveyed = dataclasses.replace(task, records=records, design=design)
    held = hold_out(surveyed, "random", folds=3, fold=2)
    survey = held.surveys["held_out"].counts
    assert np.isnan(survey).any()
    np.testing.assert_array_equal(np.nan_to_num(survey), held.held_out.counts)


def test_what_cannot_be(task):
    with pytest.raises(ValueError, match="unknown split 'band'; known: blocks, check"):
        hold_out(task, "band", folds=3, fold=0)
    with pytest.raises(ValueError, match="X: fold from 0 to 2 of 3 folds at random, g"):
        hold_out(task, "random", folds=3, fold=3)
    everything = Split.of(np.zeros(len(task.records), np.int64))
    with pytest.raises(ValueError, match="X: one fold leave no site to train on"):
        hold_out_fold(task, everything, 0, "one fold")
