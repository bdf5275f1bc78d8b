"""Species and prediction tables against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from jaxsdm import evaluation


def test_a_row_a_species_with_its_counts_and_scores(tasks, scores):
    table = evaluation.species_table(tasks, scores)
    assert list(table.columns) == [
        "region",
        "group",
        "survey",
        "species",
        "records",
        "presences",
        "absences",
        "auc",
        "auc_pr",
        "auc_prg",
        "cor",
        "tss",
        "boyce",
        "not_scored",
    ]
    assert table["species"].tolist() == [
        "owl",
        "jay",
        "tit",
        "kea",
        "oak",
        "elm",
        "ash",
        "yew",
        "fir",
    ]
    jay = table.loc[1]
    survey = tasks[0].surveys["dawn"]
    looked = ~np.isnan(survey.counts[:, 1])
    score = scores["north-bird"]["dawn"].astype(np.float32)[looked, 1]
    labels = survey.counts[looked, 1]
    assert (jay["region"], jay["group"], jay["survey"]) == ("north", "bird", "dawn")
    assert jay["records"] == tasks[0].records.counts[:, 1].sum()
    assert jay["presences"] == labels.sum()
    assert jay["presences"] + jay["absences"] == 45
    assert jay["auc"] == pytest.approx(roc_auc_score(labels, score), abs=1e-12)
    assert jay["auc_pr"] == pytest.approx(
        average_precision_score(labels, score), abs=1e-12
    )
    assert jay["not_scored"] == ""


def test_what_cannot_be_scored_is_nan_with_the_reason(tasks, scores):
    scores["north-bird"]["dusk"][3, 0] = np.nan
    table = evaluation.species_table(tasks, scores).set_index("species")
    assert table["not_scored"].to_dict() == {
        "owl": "",
        "jay": "",
        "tit": "",
        "kea": "NaN scores",
        "oak": "",
        "elm": "no presences",
        "ash": "no absences",
        "yew": "no records in training",
        "fir": "no survey sites",
    }
    metrics = table[list(evaluation.METRICS)]
    assert metrics[table["not_scored"] != ""].isna().all(axis=None)
    assert metrics[table["not_scored"] == ""].notna().all(axis=None)


def test_a_nan_score_where_a_species_was_not_looked_for_does_no_harm(tasks, scores):
    want = evaluation.species_table(tasks, scores)
    scores["north-bird"]["dawn"][5:20, 1] = np.nan
    got = evaluation.species_table(tasks, scores)
    assert got.equals(want)


def test_records_are_counted_where_they_were_looked_for(tasks, scores):
    want = np.nansum(tasks[0].records.counts[3:, 0])
    tasks[0].records.counts[:3, 0] = np.nan
    tasks[0].records.counts[4, 0] += 6
    table = evaluation.species_table(tasks, scores)
    assert table.loc[0, "records"] == want + 6


def test_predictions_hold_every_looked_for_entry_once(tasks, scores):
    table = evaluation.predictions_table(tasks, scores)
    assert list(table.columns) == (
        ["region", "group", "survey", "species", "site", "presence", "score"]
    )
    looked = sum(
        (~np.isnan(survey.counts)).sum()
        for task in tasks
        for survey in task.surveys.values()
    )
    assert len(table) == looked
    assert not table.duplicated(["region", "survey", "species", "site"]).any()
    row = table[(table["species"] == "tit") & (table["site"] == 17)].iloc[0]
    assert row["presence"] == tasks[0].surveys["dawn"].counts[17, 2]
    assert row["score"] == np.float32(scores["north-bird"]["dawn"][17, 2])
    assert table["score"].dtype == np.float32


def test_scores_that_do_not_fit_are_refused_by_name(tasks, scores):
    with pytest.raises(ValueError, match=r"tasks: .*missing: south-tree; .*: none"):
        evaluation.species_table(tasks, {"north-bird": scores["north-bird"]})
    with pytest.raises(ValueError, match="not among them: east-bat"):
        evaluation.species_table(tasks, scores | {"east-bat": {}})
    dusk = scores["north-bird"].pop("dusk")
    with pytest.raises(ValueError, match=r"surveys of north-bird: .*missing: dusk"):
        evaluation.species_table(tasks, scores)
    scores["north-bird"]["dusk"] = dusk.T
    with pytest.raises(ValueError, match=r"dusk: want .* = \(30, 1\), got \(1, 30\)"):
        evaluation.species_table(tasks, scores)
    with pytest.raises(ValueError, match="no task has a survey"):
        evaluation.species_table([], {})
