"""Reading tables of occurrences, environment and surveys from files."""

import os
import pathlib
from collections.abc import Sequence

import pandas as pd


def read_table(
    path: str | os.PathLike[str], *, columns: Sequence[str] = ()
) -> pd.DataFrame:
    """A Parquet or CSV file as a frame; the suffix tells which.

    Args:
      path: the file, `.parquet` or `.csv` (also `.csv.gz`).
      columns: the columns that the caller needs; others are read as well.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: if the suffix is another, or a column is absent; the message names
        the file and the columns found.
    """
    path = pathlib.Path(path)
    if path.suffix not in (".parquet", ".csv") and path.suffixes[-2:] != [
        ".csv",
        ".gz",
    ]:
        raise ValueError(f"{path}: a .parquet, .csv or .csv.gz file is needed.")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    frame = (
        pd.read_parquet(path)
        if path.suffix == ".parquet"
        else pd.read_csv(path, engine="pyarrow")
    )
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise ValueError(
            f"{path}: no column {', '.join(absent)}; the columns are "
            f"{', '.join(map(str, frame.columns))}."
        )
    return frame
