"""Sets come back from every format as they were, and never half a file."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from jaxsdm.decisions import f_beta, maxexp
from jaxsdm.evaluation.decisions import PlaceTable, arrange, decide, write_sets

P = np.array([[0.9, 0.2, 0.95], [0.01, 0.02, 0.6], [0.0, 0.0, 0.0]])


def some_sets(species=("11", "7", "23"), part=None):
    table = PlaceTable(
        "p.csv",
        part or {},
        np.array(["101", "5", "33"], object),
        species,
        P,
        "probability",
        pd.DataFrame(index=range(3)),
    )
    return decide(arrange(table))


def test_one_row_a_site(tmp_path):
    sets = some_sets()
    want = [["23", "11"], ["23"], []]
    assert [row.tolist() for row in sets.mask] == [
        [True, False, True], [False, False, True], [False, False, False]
    ]  # fmt: skip
    write_sets(tmp_path / "s.parquet", [sets])
    table = pd.read_parquet(tmp_path / "s.parquet")
    assert [list(one) for one in table["species"]] == want
    assert table["site"].tolist() == ["101", "5", "33"]
    assert table["size"].tolist() == [2, 1, 0]
    expected = np.asarray(maxexp(P, f_beta(1)).expected_score)
    np.testing.assert_allclose(table["expected_score"], expected)
    write_sets(tmp_path / "s.csv", [sets])
    table = pd.read_csv(tmp_path / "s.csv", keep_default_na=False, dtype=str)
    assert table["species"].tolist() == ["23;11", "23", ""]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_one_row_a_species(tmp_path, suffix):
    path = tmp_path / f"s{suffix}"
    parts = [some_sets(part={"region": name}) for name in ("A", "B")]
    write_sets(path, parts, "long")
    read = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    assert read["region"].tolist() == ["A"] * 3 + ["B"] * 3
    assert read["site"].astype(str).tolist() == ["101", "101", "5"] * 2
    assert read["species"].astype(str).tolist() == ["23", "11", "23"] * 2
    np.testing.assert_allclose(read["probability"], [0.95, 0.9, 0.6] * 2)
    assert read["size"].tolist() == [2, 2, 1] * 2


def test_the_submission_of_geolifeclef(tmp_path):
    path = tmp_path / "submission.csv"
    write_sets(path, [some_sets()], "geolifeclef")
    assert path.read_text() == "surveyId,predictions\n101,23 11\n5,23\n33,\n"


def test_netcdf(tmp_path):
    sets = some_sets()
    write_sets(tmp_path / "s.nc", [sets])
    with xr.open_dataset(tmp_path / "s.nc") as read:
        np.testing.assert_array_equal(read["in_set"], sets.mask)
        np.testing.assert_array_equal(read["size"], sets.size)
        np.testing.assert_allclose(read["expected_score"], sets.expected_score)
        np.testing.assert_allclose(read["probability"], P)
        assert read["site"].to_numpy().tolist() == ["101", "5", "33"]
        assert read["species"].to_numpy().tolist() == ["11", "7", "23"]


@pytest.mark.parametrize(
    ("name", "layout", "parts", "words"),
    [
        ("s.txt", "sites", 1, "want a file .parquet, .csv or .nc"),
        ("s.csv", "lists", 1, "want one of sites, long, geolifeclef"),
        ("s.parquet", "geolifeclef", 1, "GeoLifeCLEF takes a .csv file"),
        ("s.nc", "sites", 2, "want one survey for this format, got 2"),
        ("s.csv", "geolifeclef", 2, "choose one with --part"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, layout, parts, words):
    with pytest.raises(ValueError, match=words):
        write_sets(tmp_path / name, [some_sets()] * parts, layout)
    assert not list(tmp_path.iterdir())


def test_names_with_separators_are_refused(tmp_path):
    sets = some_sets(("Bellis perennis", "b", "c;d"))
    with pytest.raises(ValueError, match="species 'Bellis perennis' of"):
        write_sets(tmp_path / "s.csv", [sets], "geolifeclef")
    with pytest.raises(ValueError, match="species 'c;d' of"):
        write_sets(tmp_path / "s.csv", [sets])
    assert not list(tmp_path.iterdir())
