"""Figures of skill: a line or a dot a species, and the right means."""

import numpy as np
import pytest

from jaxsdm import evaluation
from jaxsdm.evaluation import curves


def test_roc_curves_have_a_line_a_species_and_a_mean_of_the_same_area(
    tasks, scores, drawn, tmp_path, is_a_picture
):
    evaluation.roc_curves(tasks, scores, tmp_path / "roc.png")
    assert is_a_picture(tmp_path / "roc.png")
    (figure,) = drawn
    titles = [ax.get_title().split("\n")[0] for ax in figure.axes if ax.get_visible()]
    assert titles == ["north bird dawn", "north bird dusk", "south tree plots"]
    table = evaluation.species_table(tasks, scores)
    want = table.loc[table["survey"] == "dawn", "auc"].mean()
    lines = figure.axes[0].lines
    labels = [line.get_label() for line in lines]
    assert sum(label.startswith("_") for label in labels) == 3
    mean = lines[labels.index("mean of species")]
    area = np.trapezoid(mean.get_ydata(), mean.get_xdata())
    assert area == pytest.approx(want, abs=0.005)


def test_roc_of_one_species_runs_corner_to_corner():
    false_rate, true_rate = curves._roc(
        np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])
    )
    np.testing.assert_array_equal(false_rate, [0, 0, 0.5, 1])
    np.testing.assert_array_equal(true_rate, [0, 0.5, 1, 1])


def test_auc_against_records_is_a_dot_a_scored_species(
    tasks, scores, drawn, tmp_path, is_a_picture
):
    table = evaluation.species_table(tasks, scores)
    evaluation.auc_against_records(table, tmp_path / "auc.png")
    assert is_a_picture(tmp_path / "auc.png")
    (ax,) = drawn[0].axes
    assert ax.get_xscale() == "log"
    dots = sum(len(dots.get_offsets()) for dots in ax.collections)
    assert dots == table["auc"].notna().sum()
    assert ax.get_legend_handles_labels()[1][0].startswith("north (mean ")
    evaluation.auc_against_records(table[:0], tmp_path / "none.png")
