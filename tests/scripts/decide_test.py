"""scripts/decide.py from the command line: files in, sets or one line of error out."""

import concurrent.futures

import numpy as np
import pandas as pd
import pytest

from jaxsdm.decisions import SCORES, maxexp

PLACES, SPECIES = 120, 6


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Predictions, labels of all sites, and those of the first one alone."""
    folder = tmp_path_factory.mktemp("decide")
    rng = np.random.default_rng(1)
    p = rng.beta(0.7, 1.1, (PLACES, SPECIES)).round(4)
    names = [f"{10 + one}" for one in range(SPECIES)]
    about = {
        "surveyId": np.arange(PLACES) + 500,
        "longitude": rng.random(PLACES) * 10,
        "latitude": rng.random(PLACES) * 10,
    }
    pd.DataFrame({**about, **dict(zip(names, p.T, strict=True))}).to_csv(
        folder / "p.csv", index=False
    )
    found = rng.random(p.shape) < p
    long = pd.DataFrame(
        {
            "surveyId": np.repeat(about["surveyId"], SPECIES),
            "speciesId": np.tile(np.asarray(names, int), PLACES),
            "presence": found.astype(int).ravel(),
        }
    )
    long.to_parquet(folder / "labels.parquet")
    long[:SPECIES].to_csv(folder / "first.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def done(programs, folder):
    """All commands, two at the same time."""
    labels = f"--labels={folder / 'labels.parquet'}"
    own = f"--predictions={folder / 'p.csv'}"
    commands = {
        "sets": (own, "--score=jaccard", "--format=geolifeclef", "--output=s.csv"),
        "both": (
            own,
            labels,
            f"--calibration={folder / 'first.csv'}",
            "--rule=max_tss",
            "--output=bad.csv",
        ),
        "empty": ("--predictions=empty.csv", "--output=bad.csv"),
        "own": (own, f"--output={folder / 'p.csv'}"),
    }
    (folder / "empty.csv").touch()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda one: programs.run("decide", *one, cwd=folder), commands.values()
        )
    return dict(zip(commands, results, strict=True))


def test_sets_are_those_of_the_library(folder, done):
    assert done["sets"].returncode == 0, done["sets"].stderr
    table = pd.read_csv(folder / "p.csv")
    p = table.iloc[:, 3:].to_numpy(np.float32)
    sets = maxexp(p, SCORES["jaccard"])
    written = pd.read_csv(folder / "s.csv", keep_default_na=False, dtype=str)
    assert list(written.columns) == ["surveyId", "predictions"]
    assert written["surveyId"].tolist() == table["surveyId"].astype(str).tolist()
    names = table.columns[3:]
    for text, row, mask in zip(written["predictions"], p, sets.mask, strict=True):
        order = [j for j in np.argsort(-row, kind="stable") if mask[j]]
        assert text == " ".join(names[order])
    assert f"{PLACES} sites" in done["sets"].stdout


def test_a_refusal_is_one_line_and_leaves_nothing(folder, done):
    assert done["both"].returncode == 1
    (line,) = done["both"].stderr.splitlines()
    assert line.startswith("error: ")
    assert "1 places are used for calibration and for the test (500)" in line
    assert not (folder / "bad.csv").exists()


def test_an_empty_file_and_an_output_that_is_read(folder, done):
    for name, words in (("empty", "empty.csv is empty."), ("own", "would replace")):
        assert done[name].returncode == 1, done[name].stderr
        (line,) = done[name].stderr.splitlines()
        assert words in line
    assert len(pd.read_csv(folder / "p.csv")) == PLACES
