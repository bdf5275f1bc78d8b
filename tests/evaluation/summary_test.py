"""Means over species, groups and regions, by hand."""

import json

import numpy as np
import pandas as pd

from jaxsdm import evaluation


def _row(region, group, species, auc, reason=""):
    values = dict.fromkeys(evaluation.METRICS, auc)
    row = {"region": region, "group": group, "survey": group, "species": species}
    return {**row, "records": 9, "presences": 5, "absences": 5, **values} | {
        "not_scored": reason
    }


TABLE = pd.DataFrame(
    [
        _row("A", "bird", "a1", 0.9),
        _row("A", "tree", "a2", 0.6),
        _row("A", "tree", "a3", 0.6),
        _row("B", "bird", "b1", 0.5),
        _row("B", "bird", "b2", np.nan, "no presences"),
        _row("C", "bird", "c1", np.nan, "no absences"),
        _row("C", "bird", "c2", np.nan, "no presences"),
    ]
)


def test_means_and_what_they_leave_out():
    table = TABLE.copy()
    table.loc[3, "boyce"] = np.nan
    summary = evaluation.summarise(table)
    np.testing.assert_allclose(summary["mean_auc_regions"], (0.7 + 0.5) / 2)
    np.testing.assert_allclose(summary["mean_auc_species"], 2.6 / 4)
    np.testing.assert_allclose(summary["mean_boyce_regions"], 0.7)
    assert (summary["species"], summary["species_scored"]) == (7, 4)
    assert summary["species_not_scored"] == 3
    assert summary["not_scored"] == {
        "no presences": ["b2", "c2"],
        "no absences": ["c1"],
    }
    assert summary["undefined"] == dict.fromkeys(evaluation.METRICS, 0) | {"boyce": 1}
    assert list(summary["regions"]) == ["A", "B", "C"]
    assert summary["regions"]["B"]["species_scored"] == 1
    assert summary["regions"]["C"]["mean_auc"] is None
    np.testing.assert_allclose(summary["groups"]["A-tree"]["mean_auc"], 0.6)


def test_it_is_json_without_nan():
    summary = evaluation.summarise(TABLE)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_nothing_scored_is_none():
    summary = evaluation.summarise(TABLE[5:])
    assert summary["mean_auc_regions"] is None
    assert summary["mean_auc_species"] is None
