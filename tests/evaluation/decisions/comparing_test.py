"""The comparison against slow loops over places and sets."""

import itertools

import numpy as np
import pytest

from jaxsdm.decisions import RULES, SCORES
from jaxsdm.evaluation.decisions import (
    Fold,
    compare_rules,
    expected_scores,
    mean_of_parts,
    realised_scores,
    rules_figure,
    rules_markdown,
)
from jaxsdm.evaluation.decisions.deciding import fitted_rule

SOME = ("maxexp", "sse", "top_k", "max_tss")


def a_fold(places=40, species=5, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.6, 1.2, (2 * places, species)).astype(np.float32)
    labels = (rng.random(p.shape) < p).astype(float)
    blocks = np.arange(places) // 5
    return Fold(p[:places], labels[:places], p[places:], labels[places:], blocks)


def by_hand(name, predicted, labels):
    """The score of one place, in plain Python."""
    pairs = [(a, b) for a, b in zip(predicted, labels, strict=True) if not np.isnan(b)]
    tp = sum(1 for a, b in pairs if a and b)
    fp = sum(1 for a, b in pairs if a and not b)
    fn = sum(1 for a, b in pairs if not a and b)
    tn = len(pairs) - tp - fp - fn

    def ratio(a, b):
        return a / b if b else 0.0

    return {
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "f2": ratio(5 * tp, 5 * tp + 4 * fn + fp),
        "jaccard": ratio(tp, tp + fp + fn),
        "tss": ratio(tp, tp + fn) + ratio(tn, tn + fp) - 1,
    }[name]


def test_the_table_against_a_loop():
    folds = [a_fold(), a_fold(seed=1)]
    names = ("f2", "tss")
    table = compare_rules(folds, rules=SOME, scores=names, resamples=50)
    assert len(table) == len(SOME) * len(names)
    table = table.set_index(["rule", "score"])
    for rule, name in itertools.product(SOME, names):
        values, sizes = [], []
        for fold in folds:
            fitted = fitted_rule(
                rule, fold.calibration, fold.calibration_labels, SCORES[name]
            )
            mask = np.asarray(fitted(fold.probabilities).mask)
            for i, row in enumerate(mask):
                values.append(by_hand(name, row, fold.labels[i]))
                sizes.append(row.sum())
        row = table.loc[(rule, name)]
        np.testing.assert_allclose(row["realised"], np.mean(values), atol=1e-6)
        np.testing.assert_allclose(row["size"], np.mean(sizes), atol=1e-12)
        assert row["low"] <= row["realised"] <= row["high"]
        want = row["realised"] - table.loc[("maxexp", name), "realised"]
        np.testing.assert_allclose(row["over_maxexp"], want, atol=1e-9)
        assert row["places"] == 80
    richness = np.mean([fold.labels.sum(axis=1).mean() for fold in folds])
    np.testing.assert_allclose(table["richness"], richness)


def test_maxexp_is_expected_to_score_most_and_has_no_difference_to_itself():
    table = compare_rules([a_fold()], resamples=20)
    assert set(table["rule"]) == set(RULES)
    for _, rows in table[table["not_fitted"] == ""].groupby("score"):
        best = rows.set_index("rule")["expected"]
        assert best["maxexp"] >= best.max() - 1e-6
    own = table[table["rule"] == "maxexp"]
    assert (own[["over_maxexp", "over_low", "over_high"]] == 0).to_numpy().all()


@pytest.mark.parametrize("name", ["f1", "f2", "jaccard", "tss"])
def test_expected_scores_over_all_outcomes_with_missing_labels(name):
    fold = a_fold(places=4)
    labels = fold.labels.copy()
    labels[0, 1] = labels[2, 3] = labels[2, 4] = np.nan
    labels[3] = np.nan
    p, mask = fold.probabilities.astype(float), fold.probabilities > 0.4
    got = expected_scores(fold.probabilities, mask, labels, SCORES[name])
    for place in range(3):
        known = ~np.isnan(labels[place])
        want = 0.0
        for outcome in itertools.product([0, 1], repeat=int(known.sum())):
            y = np.array(outcome)
            q = p[place, known]
            want += np.prod(np.where(y, q, 1 - q)) * by_hand(
                name, mask[place, known], y
            )
        np.testing.assert_allclose(got[place], want, atol=2e-6)
    assert np.isnan(got[3])
    realised = realised_scores(mask, labels, SCORES[name])
    for place in range(3):
        want = by_hand(name, mask[place], labels[place])
        np.testing.assert_allclose(realised[place], want, atol=1e-6)
    assert np.isnan(realised[3])


def test_an_empty_set_where_nothing_lives_is_worth_what_is_said():
    mask, labels = np.zeros((1, 3), bool), np.zeros((1, 3))
    score = SCORES["f1"]
    assert realised_scores(mask, labels, score).tolist() == [0.0]
    assert realised_scores(mask, labels, score, 1.0).tolist() == [1.0]


def test_rules_that_cannot_be_fitted_say_why():
    fold = a_fold()
    fold.calibration_labels[0, 0] = np.nan
    table = compare_rules([fold], rules=("sse", "predicted_k"), resamples=5)
    failed = table[table["rule"] == "predicted_k"]
    assert failed["not_fitted"].str.contains("want complete surveys").all()
    assert failed["realised"].isna().all()
    text = rules_markdown(table)
    assert "| `predicted_k` | – | – |" in text
    assert "Not fitted: `predicted_k`: fit_predicted_k: want complete" in text


def test_a_mean_of_parts_leaves_out_what_a_part_could_not_fit():
    broken = a_fold()
    broken.calibration_labels[0, 0] = np.nan
    names = ("sse", "predicted_k")
    tables = {
        "a": compare_rules([a_fold(seed=3)], rules=names, resamples=5),
        "b": compare_rules([broken], rules=names, resamples=5),
    }
    mean = mean_of_parts(tables).set_index(["rule", "score"])
    parts = [
        table.set_index(["rule", "score"]).loc[("sse", "f1")]
        for table in tables.values()
    ]
    row = mean.loc[("sse", "f1")]
    np.testing.assert_allclose(row["realised"], np.mean([p["realised"] for p in parts]))
    assert row["places"] == 80
    assert np.isnan(mean.loc[("predicted_k", "f1"), "realised"])
    assert rules_markdown(mean.reset_index())


def test_the_figure_is_drawn(tmp_path):
    table = compare_rules([a_fold()], rules=SOME, resamples=5)
    rules_figure(table, tmp_path / "rules.png", title="here")
    assert (tmp_path / "rules.png").stat().st_size > 10_000


def test_without_test_places_there_is_nothing_to_compare():
    fold = a_fold()
    empty = fold._replace(probabilities=fold.probabilities[:0], labels=fold.labels[:0])
    with pytest.raises(ValueError, match="want labelled test sites, got none"):
        compare_rules([empty])
