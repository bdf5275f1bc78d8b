"""Files in, sets or a comparison of all rules out, survey by survey."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.decisions import SCORES, f_beta, maxexp
from jaxsdm.evaluation.decisions import (
    Fold,
    calibrated,
    compare_rules,
    share_of_blocks,
    square_blocks,
)
from jaxsdm.evaluation.decisions.program import Options, compare, decide_file

PLACES = 80


@pytest.fixture
def files(tmp_path):
    """What scripts/evaluate.py writes, of two surveys, and where the sites are."""
    rng = np.random.default_rng(4)
    parts, sites, tables = [], [], {}
    for region, species in (("A", list("uvwx")), ("B", list("uyz"))):
        scores = rng.normal(-8, 2, (PLACES, len(species))).astype(np.float32)
        p = 1 / (1 + np.exp(-(scores + 8)))
        labels = (rng.random(p.shape) < p).astype(np.int8)
        one = {"region": region, "group": "bird", "survey": "s"}
        parts.append(
            pd.DataFrame(
                {
                    **one,
                    "species": np.tile(species, PLACES),
                    "site": np.repeat(np.arange(PLACES), len(species)),
                    "presence": labels.ravel(),
                    "score": scores.ravel(),
                }
            )
        )
        x, y = rng.random((2, PLACES)) * 10
        sites.append(pd.DataFrame({**one, "site": np.arange(PLACES), "x": x, "y": y}))
        tables[region] = scores, labels, x, y
    pd.concat(parts).to_parquet(tmp_path / "predictions.parquet")
    pd.concat(sites).to_csv(tmp_path / "sites.csv", index=False)
    return tmp_path, tables


def options(folder, output, **more):
    known = {
        "predictions": str(folder / "predictions.parquet"),
        "labels": str(folder / "predictions.parquet"),
        "sites": str(folder / "sites.csv"),
        "calibration": "0.4",
        "calibrate": "platt_per_species",
        "block_size": 2.0,
        "output": str(folder / output),
    }
    return Options(**{**known, **more})


def test_the_comparison_is_that_of_arrays(files, capsys):
    folder, tables = files
    got = compare(options(folder, "rules"), rules=("maxexp", "half"))
    assert {path.name for path in (folder / "rules").iterdir()} == {
        "rules.csv", "rules.md", "rules_A_bird_s.png", "rules_B_bird_s.png"
    }  # fmt: skip
    printed = capsys.readouterr().out
    assert "## Mean of 2 parts" in printed
    assert "of different blocks" in printed
    read = pd.read_csv(folder / "rules" / "rules.csv")
    assert len(read) == len(got)
    for name, (scores, labels, x, y) in tables.items():
        blocks = square_blocks(x, y, 2.0)
        own = share_of_blocks(blocks, 0.4)
        p, _ = calibrated(
            scores, labels, np.flatnonzero(own), "platt_per_species", raw=True
        )
        fold = Fold(p[own], labels[own], p[~own], labels[~own], blocks[~own])
        want = compare_rules([fold], scores=("f1",), rules=("maxexp",))
        row = got[(got["part"] == f"{name} bird s") & (got["rule"] == "maxexp")]
        row = row[row["score"] == "f1"]
        for column in ("realised", "low", "high", "expected", "size", "places"):
            np.testing.assert_allclose(row[column], want[column], rtol=1e-6)


def test_sets_of_the_sites_that_nothing_was_fitted_on(files, capsys):
    folder, tables = files
    decide_file(options(folder, "s.csv", part="B bird s"), "maxexp", "f1", "long")
    scores, labels, x, y = tables["B"]
    own = share_of_blocks(square_blocks(x, y, 2.0), 0.4)
    p, _ = calibrated(
        scores, labels, np.flatnonzero(own), "platt_per_species", raw=True
    )
    mask = np.asarray(maxexp(p[~own], f_beta(1)).mask)
    written = pd.read_csv(folder / "s.csv")
    assert set(written["region"]) == {"B"}
    got = np.zeros_like(mask)
    order = {site: row for row, site in enumerate(np.flatnonzero(~own))}
    for row in written.itertuples():
        got[order[row.site], "uyz".index(row.species)] = True
    np.testing.assert_array_equal(got, mask)
    assert f"B bird s: {len(mask)} sites" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"calibrate": "none"}, "scores are not probabilities"),
        ({"part": "C"}, "no part 'C'; they are: A bird s, B bird s"),
        ({"sites": None}, "need coordinates"),
        ({"calibration": "1.5"}, r"a share in \(0, 1\), got 1.5"),
        ({"labels": None}, "no site of A bird s has a label"),
        ({"block_size": 100.0}, "at least two blocks"),
    ],
)
def test_what_is_refused_leaves_nothing(files, more, words):
    folder, _ = files
    with pytest.raises(ValueError, match=words):
        decide_file(options(folder, "bad.csv", **more), "max_tss", "f1")
    with pytest.raises(ValueError, match=words):
        compare(options(folder, "bad", **more))
    with pytest.raises(ValueError, match="unknown rule 'best'; known: average_k"):
        compare(options(folder, "bad"), rules=("sse", "best"))
    assert not list(folder.glob("*bad*"))


def test_a_comparison_needs_calibration_and_a_folder(files):
    folder, _ = files
    with pytest.raises(ValueError, match="give --calibration, a share"):
        compare(options(folder, "rules", calibration=None))
    with pytest.raises(ValueError, match="want a folder with --compare"):
        compare(options(folder, "sites.csv"))


def test_the_rule_and_the_score_are_those_asked_for(files):
    folder, _ = files
    more = {"calibration": None, "calibrate": "none", "labels": None, "sites": None}
    more |= {"block_size": 0.0, "predictions": str(folder / "p.csv")}
    p = np.array([[0.4, 0.35, 0.1], [0.9, 0.6, 0.45]])
    frame = pd.DataFrame(p, columns=list("abc")).assign(site=["s", "t"])
    frame.to_csv(folder / "p.csv", index=False)
    for rule, score in (("sse", "f1"), ("maxexp", "f2"), ("half", "jaccard")):
        decide_file(options(folder, "s.csv", **more), rule, score)
        sizes = pd.read_csv(folder / "s.csv")["size"].tolist()
        want = {
            "sse": [1, 2],
            "half": [0, 2],
            "maxexp": np.asarray(maxexp(p, SCORES["f2"]).size).tolist(),
        }[rule]
        assert sizes == want


def test_blocks_may_be_a_column_of_wide_tables(files):
    folder, _ = files
    rng = np.random.default_rng(5)
    p = rng.random((60, 3))
    frame = pd.DataFrame(p, columns=list("abc"))
    frame = frame.assign(site=np.arange(60), cell=np.repeat(list("uvwxyz"), 10))
    frame.to_csv(folder / "p.csv", index=False)
    frame.assign(**{name: frame[name] > 0.5 for name in "abc"}).astype(
        dict.fromkeys("abc", int)
    ).to_csv(folder / "l.csv", index=False)
    more = {"predictions": str(folder / "p.csv"), "labels": str(folder / "l.csv")}
    more |= {"sites": None, "block_size": 0.0, "block": "cell", "calibrate": "none"}
    decide_file(options(folder, "s.csv", **more), "top_k", "f1")
    sites = pd.read_csv(folder / "s.csv")["site"]
    own = share_of_blocks(np.repeat(np.arange(6), 10), 0.4)
    assert sites.tolist() == np.flatnonzero(~own).tolist()
    with pytest.raises(ValueError, match=r"p\.csv: no column ward of spatial blocks"):
        decide_file(options(folder, "s.csv", **{**more, "block": "ward"}), "sse", "f1")


@pytest.mark.parametrize("name", ["predictions", "labels", "calibration", "sites"])
def test_no_file_that_is_read_is_replaced(files, name):
    folder, _ = files
    (folder / "sub").mkdir()
    for one in ("own.csv", "rules.csv", "rules.md"):
        (folder / one).write_text("as it was\n")
    own = str(folder / "own.csv")
    asked = options(folder, "sub/../own.csv", **{name: own})
    with pytest.raises(ValueError, match=f"would replace .*own.csv, which --{name}"):
        decide_file(asked, "sse", "f1")
    (folder / "link.csv").symlink_to(folder / "own.csv")
    with pytest.raises(ValueError, match=f"which --{name} reads"):
        decide_file(options(folder, "link.csv", **{name: own}), "sse", "f1")
    for one in ("rules.csv", "rules.md"):
        with pytest.raises(ValueError, match=f"which --{name} reads"):
            compare(options(folder, "", **{name: str(folder / one)}))
        assert (folder / one).read_text() == "as it was\n"
    assert (folder / "own.csv").read_text() == "as it was\n"


def test_a_folder_and_numbers_that_are_none_are_refused(files):
    folder, _ = files
    (folder / "d.csv").mkdir()
    with pytest.raises(ValueError, match=r"d\.csv: is a folder; want a file"):
        decide_file(options(folder, "d.csv", predictions="none.csv"), "sse", "f1")
    for value in (np.nan, np.inf):
        asked = options(folder, "s.csv", empty_score=value)
        for act in (lambda one: decide_file(one, "sse", "f1"), compare):
            with pytest.raises(ValueError, match="--empty_score: want a finite number"):
                act(asked)
        for rule in ("top_k", "average_k"):
            with pytest.raises(ValueError, match="--k: want a finite size"):
                decide_file(options(folder, "s.csv"), rule, "f1", k=value)
    assert not (folder / "s.csv").exists()


def test_ids_of_all_files_meet(files, capsys):
    folder, _ = files
    rng = np.random.default_rng(6)
    sites = [f"{one:03}" for one in range(40)]
    frame = pd.DataFrame(rng.random((40, 3)), columns=list("abc"))
    frame = frame.assign(site=sites)
    frame.to_csv(folder / "p.csv", index=False)
    labels = frame.assign(**{name: (frame[name] > 0.5) * 1 for name in "abc"})
    labels.to_parquet(folder / "l.parquet")
    pd.DataFrame({"site": sites, "cell": np.arange(40) // 5}).to_csv(
        folder / "where.csv", index=False
    )
    more = {"predictions": str(folder / "p.csv"), "labels": str(folder / "l.parquet")}
    more |= {"sites": str(folder / "where.csv"), "block": "cell", "block_size": 0.0}
    decide_file(options(folder, "s.csv", **more, calibrate="none"), "top_k", "f1")
    own = share_of_blocks(np.unique(np.arange(40) // 5, return_inverse=True)[1], 0.4)
    written = pd.read_csv(folder / "s.csv", dtype=str)["site"]
    assert set(written) < set(sites)
    assert len(written) == (~own).sum()
