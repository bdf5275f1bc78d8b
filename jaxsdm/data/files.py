"""Writing files so that a reader never meets half of one."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import pandas as pd


@contextlib.contextmanager
def written_aside(path: str | os.PathLike[str]) -> Iterator[pathlib.Path]:
    """A temporary path beside `path`, which takes its place when the block succeeds.

    Folders are made. When the block raises, the temporary file goes and whatever was
    at `path` stays as it was.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes a text file in one piece, UTF-8."""
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def write_csv(path: str | os.PathLike[str], table: pd.DataFrame) -> None:
    """Writes a table as CSV in one piece, without its index."""
    with written_aside(path) as aside:
        table.to_csv(aside, index=False)
