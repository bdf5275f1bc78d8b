"""Maps: what is drawn, where, in which units, and what is refused."""

import numpy as np
import pytest

from jaxsdm import evaluation
from jaxsdm.evaluation import maps


def test_a_grid_is_a_raster_beside_the_truth(world, drawn, tmp_path, is_a_picture):
    model = np.log(world.grid.truth)
    evaluation.suitability_map(world, model, "moss", tmp_path / "moss.png")
    assert is_a_picture(tmp_path / "moss.png")
    (figure,) = drawn
    left, right = figure.axes[:2]
    assert left.get_title().startswith("moss\nmodel, records in ")
    assert right.get_title() == "moss\ntrue probability over its mean"
    assert left.get_xlabel() == "easting (map units)"
    image, true = left.images[0], right.images[0]
    np.testing.assert_allclose(image.get_extent(), [750, 4750, 6250, 9250])
    np.testing.assert_allclose(image.get_array(), true.get_array(), atol=1e-6)
    shown = image.get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown))[0, 0]
    np.testing.assert_allclose(
        shown[0, 1] - shown[5, 7],
        np.log10(world.grid.truth[0, 1] / world.grid.truth[-1, 1]),
        rtol=1e-4,
    )
    (records,) = left.collections
    assert len(records.get_offsets()) == (world.records.counts[:, 1] > 0).sum()
    assert "log₁₀" in figure.axes[-1].get_ylabel()


def test_without_a_grid_the_background_is_coloured(
    tasks, drawn, tmp_path, is_a_picture
):
    values = np.random.default_rng(0).normal(size=(200, 4))
    names = list(tasks[0].records.species)
    evaluation.suitability_page(tasks[0], values, names, tmp_path / "page.png")
    assert is_a_picture(tmp_path / "page.png")
    (figure,) = drawn
    visible = [ax for ax in figure.axes if ax.get_visible()]
    assert len(visible) == 4 + 1  # Two of the six panels are empty; the colour bar.
    assert visible[0].get_ylabel() == "latitude (°)"
    assert visible[0].get_aspect() == pytest.approx(1 / np.cos(np.deg2rad(30.5)), 0.02)


def test_relative_suitability_is_over_the_mean_and_outlast_one_wild_cell():
    values = np.log(np.array([1.0] * 150 + [3.0] * 150))
    want = np.log10(np.array([0.5] * 150 + [1.5] * 150))
    np.testing.assert_allclose(maps.relative_log10(values), want, atol=1e-12)
    wild = np.append(values, 50.0)
    np.testing.assert_allclose(maps.relative_log10(wild)[:-1], want, atol=2e-3)
    rare = np.full(1000, -np.inf)
    rare[3] = 2.0
    np.testing.assert_allclose(maps.relative_log10(rare)[3], 3.0)
    assert np.isnan(maps.relative_log10(np.full(3, -np.inf))).all()


def test_maps_refuse_what_does_not_fit(world, tmp_path):
    model = np.zeros((47, 2))
    with pytest.raises(ValueError, match="no species palm; isle-plant has fern, moss"):
        evaluation.suitability_map(world, model, "palm", tmp_path / "a.png")
    with pytest.raises(ValueError, match="no species given"):
        evaluation.suitability_page(world, model, [], tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"= \(47, 2\), got \(46, 2\)"):
        evaluation.suitability_map(world, model[1:], "fern", tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_no_suitability_is_the_lowest_colour_and_not_missing(world, drawn, tmp_path):
    with np.errstate(divide="ignore"):
        model = np.log(np.where(world.grid.row < 3, 0, world.grid.truth.T)).T
    evaluation.suitability_map(world, model, "moss", tmp_path / "moss.png")
    shown = np.ma.masked_invalid(drawn[0].axes[0].images[0].get_array())
    assert np.ma.count_masked(shown) == 1  # The cell without data.
    assert shown[1, 1] < shown[4, 1]
