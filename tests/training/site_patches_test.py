"""Tests for jaxsdm.training.site_patches: what a config may say of patches."""

import dataclasses
import functools

import numpy as np
import pytest

from jaxsdm.data.patches import Window
from jaxsdm.data.prepared import open_prepared, prepare
from jaxsdm.training import make_problem, patches
from jaxsdm.training.site_patches import make_site_patches


@pytest.fixture(scope="module")
def task(tasks_with_rasters):
    return tasks_with_rasters[0]


def moved(table, x):
    return dataclasses.replace(table, x=np.where(np.arange(len(table)) < 2, x, table.x))


def test_statistics_are_those_of_the_predictors_of_the_background(task, patch_config):
    """The raster is the predictors: both encodings must agree, band by band."""
    problem = make_problem(task, patch_config)
    (one,) = problem.patches.inputs
    order = np.argsort(task.continuous)
    assert one.continuous == tuple(np.array(task.continuous)[order])
    encoder = problem.encoder
    np.testing.assert_allclose(one.means, np.array(encoder.means)[order], rtol=1e-5)
    np.testing.assert_allclose(
        one.standard_deviations,
        np.array(encoder.standard_deviations)[order],
        rtol=1e-4,
    )
    assert one.categorical == ("land_cover",)


@pytest.mark.parametrize("tier", ["device", "memory", "stream"])
def test_patches_of_one_cell_are_the_predictors(task, patch_config, tier):
    patch_config.patches.around = patches("landscape", 1, tier=tier)
    problem = make_problem(task, patch_config)
    (one,) = problem.patches.inputs
    with problem.patches.open() as sources:
        places = problem.places["around"]
        taken = sources["around"].take(places.rows, places.columns, Window(1))
        encoded = np.asarray(one.encode(taken)["around"])[:, 0, 0]
    table = problem.sites_and_background["predictors"]
    names = problem.encoder.feature_names
    number = len(task.continuous)
    order = [names.index(name) for name in one.continuous]
    np.testing.assert_allclose(encoded[:, :number], table[:, order], atol=2e-4)
    # Levels are sorted in both, as codes here and by their names there.
    np.testing.assert_array_equal(encoded[:, number:], table[:, number:])


def test_inputs_of_several_scales_share_a_raster(task, patch_config):
    patch_config.patches.far = patches("landscape", 4, step=3)
    problem = make_problem(task, patch_config)
    with problem.patches.open() as sources:
        assert sources["around"] is sources["far"]
        assert sources["far"].margin >= 10  # the wider window fits into it
    assert set(problem.places) == {"around", "far"}


def test_the_same_windows_from_a_prepared_raster(task, patch_config, tmp_path):
    with task.rasters["landscape"]() as stack:
        for layout in ("memmap", "zarr"):
            prepare(stack, tmp_path / layout, layout=layout)
    whole = make_problem(task, patch_config)
    for layout, tier in (
        ("memmap", "device"),
        ("memmap", "memory"),
        ("zarr", "stream"),
    ):
        patch_config.patches.around.tier = tier
        opener = functools.partial(open_prepared, tmp_path / layout)
        other = dataclasses.replace(task, rasters={"landscape": opener})
        problem = make_problem(other, patch_config)
        assert problem.about(patch_config) == whole.about(patch_config)
        with whole.patches.open() as one, problem.patches.open() as two:
            at = np.array([3, 20]), np.array([0, 17]), Window(6)
            for field in ("values", "valid"):
                np.testing.assert_array_equal(
                    getattr(one["around"].take(*at), field),
                    getattr(two["around"].take(*at), field),
                )
    patch_config.patches.around.tier = "device"
    with (
        pytest.raises(ValueError, match='larger than memory: use tier="stream"'),
        make_site_patches(other, patch_config)[0].open(),
    ):
        pass


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"raster": "soil"}, "unknown raster .* 'soil'; known: landscape"),
        ({"tier": "disk"}, r"patches.around.tier is 'disk'; known: device, memory"),
        ({"size": 0}, "patches.around: .*size"),
        ({"convention": "corner"}, "unknown convention 'corner'; known: cell, point"),
    ],
)
def test_what_cannot_be_is_refused(task, patch_config, fields, text):
    for name, value in fields.items():
        patch_config.patches.around[name] = value
    with pytest.raises(ValueError, match=text):
        make_site_patches(task, patch_config)


def test_a_dataset_without_rasters_is_refused(tasks, patch_config):
    with pytest.raises(ValueError, match="of virtual-plants has no rasters"):
        make_site_patches(tasks[0], patch_config)


@pytest.mark.parametrize("table", ["records", "background"])
def test_sites_outside_the_raster_are_refused(task, patch_config, table):
    other = dataclasses.replace(task, **{table: moved(getattr(task, table), -1.0)})
    with pytest.raises(ValueError, match=rf"{table}: .*2 of \d+ places outside"):
        make_problem(other, patch_config)


def test_and_so_are_places_to_predict_for(task, patch_config):
    problem = make_problem(task, patch_config)
    with pytest.raises(ValueError, match=r"new: .*2 of \d+ places outside landscape"):
        problem.encode(moved(task.records, 1e9), "new")


def test_sites_without_any_value_are_refused_or_left_out(task, patch_config):
    sea = np.argwhere(np.isnan(task.grid.raster(np.ones(len(task.grid.sites)))))[0]
    x, y = (sea[1] + 0.5) * 1000.0, (task.grid.shape[0] - sea[0] - 0.5) * 1000.0
    records = dataclasses.replace(
        task.records,
        x=np.where(np.arange(len(task.records)) == 4, x, task.records.x),
        y=np.where(np.arange(len(task.records)) == 4, y, task.records.y),
    )
    other = dataclasses.replace(task, records=records)
    with pytest.raises(ValueError, match=r"records: 1 of \d+ sites .*\(rows 4\)"):
        make_problem(other, patch_config)
    patch_config.on_missing = "drop"
    with pytest.warns(UserWarning, match=r"1 of \d+ sites lie in cells without any"):
        problem = make_problem(other, patch_config)
    assert len(problem.features) == len(records) - 1
    assert len(problem.places["around"].rows) == len(records) - 1 + len(
        problem.background
    )


def test_a_raster_of_other_names_is_another_model(task, patch_config, tmp_path):
    """Bands are matched by name: a missing one is told, another order is none."""
    problem = make_problem(task, patch_config)
    names = sorted(task.continuous)

    def opened(chosen):
        def opener():
            return task.rasters["landscape"]().select(chosen)

        return dataclasses.replace(task, rasters={"landscape": opener})

    turned = make_problem(opened([*names[::-1], "land_cover"]), patch_config)
    assert turned.about(patch_config) == problem.about(patch_config)
    fewer = make_problem(opened(names), patch_config)
    assert fewer.about(patch_config) != problem.about(patch_config)
