"""Tests for jaxsdm.data.tables."""

import numpy as np
import pandas as pd
import pytest

from jaxsdm.data import read_table

FRAME = pd.DataFrame(
    {
        "species": ["a", "b", "c"],
        "x": np.random.default_rng(0).normal(size=3) * 1e5,
        "y": [0.1 + 0.2, 1e-300, np.pi],
    }
)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.csv.gz"])
def test_every_format_gives_the_same_bits(tmp_path, name):
    path = tmp_path / name
    if name == "t.parquet":
        FRAME.to_parquet(path)
    else:
        FRAME.to_csv(path, index=False)
    got = read_table(str(path), columns=["species", "y"])
    pd.testing.assert_frame_equal(got, FRAME, check_exact=True)


def test_an_absent_column_names_the_file_and_the_columns_found(tmp_path):
    FRAME.to_csv(tmp_path / "po.csv", index=False)
    with pytest.raises(
        ValueError, match=r"po\.csv: no column rain, id; .* species, x, y"
    ):
        read_table(tmp_path / "po.csv", columns=["x", "rain", "id"])


@pytest.mark.parametrize("name", ["t.xlsx", "t", "t.gz"])
def test_other_suffixes_are_refused(tmp_path, name):
    with pytest.raises(
        ValueError, match=rf"{name}: a \.parquet, \.csv or \.csv\.gz file"
    ):
        read_table(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.csv: no such file"):
        read_table(tmp_path / "gone.csv")
