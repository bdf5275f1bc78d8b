"""Tests for jaxsdm.data.occurrences.parquet."""

import datetime

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data.occurrences import read_occurrences

FRAME = pd.DataFrame(
    {
        "gbifid": np.arange(6) + 10**15 + 1,
        "SPECIES": ["b", "a", None, "b", "a", "c"],
        "decimallatitude": [1.5, 2.5, np.nan, -90.0, 90.0, 0.1 + 0.2],
        "decimallongitude": np.array([1, 2, 3, 180, -180, 0], np.float32),
        "year": pd.array([2001, None, 2003, 2004, 2005, 2006], "Int32"),
        "eventdate": [datetime.datetime(2001, 2, 3, 4, 5)] * 5 + [None],
        "mediatype": [["StillImage"]] * 6,
    }
)


def check(path):
    table = read_occurrences(path, keep=("gbifid",)).table
    assert table["species"].astype(object).fillna("").tolist() == [*"ba", "", *"bac"]
    assert table["decimalLatitude"].equals(FRAME["decimallatitude"])
    assert table["decimalLongitude"].tolist() == [1.0, 2.0, 3.0, 180.0, -180.0, 0.0]
    np.testing.assert_array_equal(table["year"], [2001, 2001, 2003, 2004, 2005, 2006])
    assert table["eventDate"][0] == pd.Timestamp("2001-02-03")
    assert table["eventDate"].isna().tolist() == [False] * 5 + [True]
    assert table["gbifid"][0] == "1000000000000001"


def test_a_file_with_names_in_any_case(tmp_path):
    FRAME.to_parquet(tmp_path / "t.parquet")
    check(tmp_path / "t.parquet")


def test_a_folder_of_parts_without_suffix(tmp_path):
    folder = tmp_path / "occurrence.parquet"
    folder.mkdir()
    FRAME[:4].to_parquet(folder / "000000")
    FRAME[4:].to_parquet(folder / "000001")
    (folder / "_SUCCESS").touch()
    check(folder)


def test_texts_by_numbers_as_programs_store_them(tmp_path):
    frame = pd.DataFrame(
        {
            "species": pd.Categorical(["b", "a"]),
            "speciesId": [1e6, 2e6],
            "lon": ["1,5", "2"],
            "lat": [1, 2],
            "date": [datetime.date(2020, 1, 2), None],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_occurrences(tmp_path / "t.parquet").table
    assert table["species"].tolist() == ["b", "a"]
    assert table["decimalLongitude"].tolist() == [1.5, 2.0]
    assert table["year"][0] == 2020.0
    named = read_occurrences(tmp_path / "t.parquet", columns={"species": "speciesId"})
    assert named.species == ("1000000", "2000000")


def test_statuses_as_bools(tmp_path):
    frame = pd.DataFrame(
        {"sp": ["a", "a"], "x": [1, 2], "y": [3, 4], "present": [True, False]}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    got = read_occurrences(tmp_path / "t.parquet", crs="EPSG:4326")
    assert got.table["present"].tolist() == [True, False]


def test_a_folder_without_tables(tmp_path):
    with pytest.raises(ValueError, match=r": the folder holds no file"):
        read_occurrences(tmp_path)
    (tmp_path / "a.txt").write_text("not Parquet at all")
    with pytest.raises(ValueError, match=r"a folder needs meta\.xml .* or Parquet"):
        read_occurrences(tmp_path)
