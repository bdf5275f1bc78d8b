"""Tables whose ids stay as they are written: "000" and "0" are two sites."""

import csv
import gzip
import os
import pathlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from jaxsdm.data import read_table


def read_with_ids(
    path: str | os.PathLike[str], ids: Sequence[str] = ()
) -> pd.DataFrame:
    """A Parquet or CSV file as a frame; columns of ids of a CSV file as text.

    Args:
      path: `.parquet`, `.csv` or `.csv.gz`.
      ids: names of columns that must not be taken for numbers; those that the file
        does not have are left out.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: the file is empty, cannot be read, or has a column twice; names it.
    """
    path = pathlib.Path(path)
    refuse_empty(path)
    try:
        if path.name.endswith((".csv", ".csv.gz")):
            _refuse_twice(path, _header(path))
        frame = read_table(path)
        names = frame.columns.map(str)
        frame.columns = names
        _refuse_twice(path, list(names))
        if path.suffix != ".parquet":
            # Older pandas make numbers of such columns first, whatever `dtype` says.
            wanted = [
                name
                for name in dict.fromkeys(ids)
                if name
                and name in names
                and not pd.api.types.is_string_dtype(frame[name])
            ]
            if wanted:
                text = pd.read_csv(path, usecols=wanted, dtype=str)
                if len(text) != len(frame):
                    raise ValueError("rows cannot be told apart: are there blank ones?")
                frame = frame.assign(**{name: text[name] for name in wanted})
    except (ValueError, OSError, EOFError) as error:
        if str(path) in str(error):
            raise
        raise ValueError(f"{path}: cannot be read: {error}") from error
    return frame


def refuse_empty(path: pathlib.Path) -> None:
    """Raises ValueError if there is a file, but nothing in it."""
    if path.is_file() and not path.stat().st_size:
        raise ValueError(f"{path} is empty.")


def id_text(values: pd.Series | np.ndarray) -> np.ndarray:
    """Ids as text, an object array: 12 and 12.0 are "12", text stays as it is."""
    series = pd.Series(values)
    if isinstance(series.dtype, pd.CategoricalDtype):
        names = id_text(series.cat.categories.to_numpy())
        return names[series.cat.codes.to_numpy()]
    if pd.api.types.is_float_dtype(series):
        return np.asarray([_number_text(one) for one in series], object)
    if len(series) and isinstance(series.iloc[0], bytes):
        return series.str.decode("utf-8").to_numpy(object)
    return series.astype(str).to_numpy(object)


def _number_text(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


def _header(path: pathlib.Path) -> list[str]:
    """Names as they are written: pandas calls a second `a` `a.1`."""
    if not path.is_file():
        return []
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        names = next((line for line in csv.reader(file) if line), None)
    if names is None:
        raise ValueError(f"{path} is empty.")
    return names


def _refuse_twice(path: pathlib.Path, names: Sequence[str]) -> None:
    seen = set()
    for name in names:
        if name and name in seen:
            raise ValueError(f"{path}: column {name} comes twice.")
        seen.add(name)
