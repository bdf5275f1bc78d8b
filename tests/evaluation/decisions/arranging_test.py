"""Calibration and test are joined by site, apart from each other, and never guessed."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.evaluation.decisions import (
    PlaceTable,
    arrange,
    calibrated,
    decide,
    share_of_blocks,
    square_blocks,
)

SPECIES = ("u", "v", "w")


def a_table(places, kind="probability", values=None, about=None, file="file.csv"):
    places = np.asarray(places, object)
    if values is None:
        rng = np.random.default_rng(len(places))
        values = rng.random((len(places), 3))
        values = (values > 0.5).astype(float) if kind == "presence" else values
    about = pd.DataFrame(index=range(len(places))) if about is None else about
    return PlaceTable(file, {}, places, SPECIES, values, kind, about)


def names(*numbers):
    return [f"s{one}" for one in numbers]


def test_labels_find_their_places_and_species():
    table = a_table(names(0, 1, 2, 3))
    values = np.array([[1, 0, np.nan], [0, 1, 1]])
    labels = PlaceTable(
        "l.csv",
        {},
        np.array(names(3, 1), object),
        ("w", "u", "v"),
        values,
        "presence",
        table.about,
    )
    part = arrange(table, labels)
    assert part.test.tolist() == [3, 1]
    assert np.isnan(part.labels[[0, 2]]).all()
    np.testing.assert_array_equal(part.labels[3], [0, np.nan, 1])
    np.testing.assert_array_equal(part.labels[1], [1, 1, 0])
    part = arrange(table, labels, unlisted="absent")
    np.testing.assert_array_equal(part.labels[3], [0, 0, 1])


def test_a_share_takes_whole_blocks():
    n = 60
    about = pd.DataFrame({"x": np.arange(n) % 10, "y": np.arange(n) // 10})
    table = a_table(names(*range(n)), about=about)
    labels = a_table(names(*range(n)), "presence")
    part = arrange(table, labels, 0.3, block_size=2.0)
    assert not set(part.blocks[part.calibration]) & set(part.blocks[part.test])
    assert sorted([*part.calibration, *part.test]) == list(range(n))
    assert 0.3 <= len(part.calibration) / n < 0.4
    np.testing.assert_array_equal(part.open, np.sort(part.test))


def test_squares_and_blocks_by_hand():
    x, y = np.array([0.0, 1.9, 2.0, 0.5]), np.array([5.0, 5.5, 5.0, 7.5])
    a, b, c, d = square_blocks(x, y, 2.0)
    assert a == b
    assert len({a, c, d}) == 3
    chosen = share_of_blocks(np.array([0, 0, 0, 1, 1, 1]), 0.9)
    assert chosen.sum() == 3  # never all blocks
    with pytest.raises(ValueError, match="at least two blocks"):
        share_of_blocks(np.zeros(4, int), 0.5)
    with pytest.raises(ValueError, match=r"a share in \(0, 1\), got 1.0"):
        share_of_blocks(np.arange(4), 1.0)


def test_a_site_in_both_sets_is_refused():
    table = a_table(names(0, 1, 2, 3))
    labels = a_table(names(0, 1), "presence")
    with pytest.raises(ValueError, match=r"1 places are used for .* \(s1\)"):
        arrange(table, labels, a_table(names(1, 2), "presence"))
    part = arrange(table, labels, a_table(names(2, 3), "presence"))
    assert part.test.tolist() == [0, 1]
    assert part.calibration.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"calibration": a_table([], "presence", np.zeros((0, 3)), file="c.csv")},
            "c.csv: want calibration sites with labels, got none",
        ),
        (
            {"calibration": a_table(names(1), "presence", np.full((1, 3), np.nan))},
            "want calibration sites with labels, got none",
        ),
        ({"calibration": 0.5}, "no site has a label"),
        (
            {"labels": a_table(names(1, 9), "presence", file="l.csv")},
            "l.csv: site s9 has no prediction in file.csv",
        ),
        ({"block_size": 1.0}, "need coordinates"),
        ({"block": "cell"}, "want a block in column cell"),
        ({"sites": pd.DataFrame({"x": [0]}, index=["s1"])}, "no row for site s0"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        arrange(a_table(names(0, 1, 2)), **options)


def test_missing_predictions_are_refused_or_zero():
    values = np.array([[0.2, np.nan, 0.1], [0.3, 0.4, np.nan]])
    table = a_table(names(0, 1), values=values)
    with pytest.raises(ValueError, match=r"row 1, column v .* 2 are missing"):
        arrange(table)
    got = arrange(table, missing="zero").table.values
    np.testing.assert_array_equal(got, np.nan_to_num(values))
    with pytest.raises(ValueError, match="want sites and species, got none"):
        arrange(a_table([], values=np.zeros((0, 3))))


def test_raw_scores_need_a_calibration_of_their_own():
    rng = np.random.default_rng(0)
    scores = rng.normal(-9, 2, (400, 3)) + np.array([[5.0, 0, -5]])
    p = 1 / (1 + np.exp(-(scores - scores.mean(axis=0, keepdims=True))))
    labels = (rng.random(p.shape) < p).astype(float)
    labels[:, 2] = 0
    on = np.arange(0, 400, 2)
    for name in ("none", "platt", "temperature"):
        with pytest.raises(ValueError, match="scores are not probabilities"):
            calibrated(scores, labels, on, name, raw=True)
    got, undefined = calibrated(scores, labels, on, "platt_per_species", raw=True)
    np.testing.assert_allclose(got[:, :2], p[:, :2], atol=0.12)
    assert undefined == 1
    np.testing.assert_allclose(got[:, 2], 0.5 / 201, rtol=1e-6)
    shifted, _ = calibrated(
        scores + np.array([[3.0, 0, 1]]), labels, on, "platt_per_species", raw=True
    )
    np.testing.assert_allclose(shifted, got, atol=1e-6)
    with pytest.raises(ValueError, match="calibration platt: want labelled sites"):
        calibrated(p, labels, on[:0], "platt")


def test_rules_are_fitted_on_the_calibration_sites_alone():
    table = a_table(names(*range(30)))
    labels = a_table(names(*range(20)), "presence")
    part = arrange(table, labels, 0.5)
    sets = decide(part, "max_tss")
    changed = part.labels.copy()
    changed[part.test] = 1 - changed[part.test]
    again = decide(type(part)(**{**vars(part), "labels": changed}), "max_tss")
    np.testing.assert_array_equal(sets.mask, again.mask)
    assert len(sets.size) == 30 - len(part.calibration)


def test_options_belong_to_rules():
    part = arrange(a_table(names(0, 1, 2)))
    assert decide(part, "top_k", k=2).size.tolist() == [2, 2, 2]
    assert decide(part, "average_k", k=1).size.sum() == 3
    with pytest.raises(ValueError, match="--k is for top_k, average_k; the rule sse"):
        decide(part, "sse", k=2)
    with pytest.raises(ValueError, match="--miss is for conformal_per_species"):
        decide(part, "maxexp", miss=0.2)
    with pytest.raises(ValueError, match=r"whole for top_k, got 1\.5"):
        decide(part, "top_k", k=1.5)
    with pytest.raises(ValueError, match="max_tss is fitted on labelled sites"):
        decide(part, "max_tss")
    with pytest.raises(ValueError, match="unknown rule 'best'"):
        decide(part, "best")


def test_somewhere_has_to_be_decided_on():
    table = a_table(names(0, 1))
    part = arrange(table, None, a_table(names(0, 1), "presence"))
    with pytest.raises(ValueError, match="every site is in the calibration set"):
        decide(part)
