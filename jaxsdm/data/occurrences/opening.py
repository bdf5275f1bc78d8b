"""What kind of file holds the occurrences: told by its content, not only its name."""

import contextlib
import dataclasses
import os
import pathlib
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from jaxsdm.data.occurrences.archive import META, archive_source
from jaxsdm.data.occurrences.delimited import delimited_source
from jaxsdm.data.occurrences.parquet import parquet_source
from jaxsdm.data.occurrences.source import Source
from jaxsdm.data.occurrences.vector import SUFFIXES, vector_source

_ASIDE = ("__MACOSX/", ".", "citations.txt", "rights.txt")
"""Members of a ZIP that are no tables: leavings of systems, papers of GBIF."""

_ZIPS = (".zip", ".xlsx")


def open_source(
    path: str | os.PathLike[str], *, encoding: str | None, layer: str | None
) -> Source:
    """The table of a file or folder, whatever its format.

    Args:
      path: the file or folder.
      encoding: of text; None is UTF-8, or what an archive says.
      layer: of a vector file with several.

    Raises:
      FileNotFoundError: there is nothing at `path`.
      ModuleNotFoundError: it is a vector file, and pyogrio or shapely is not there.
      ValueError: it cannot be read; the message names the file.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder.")
    if path.is_dir():
        if (path / META).is_file():
            return archive_source(str(path), _folder_opener(path), encoding)
        return parquet_source(path)
    if path.suffix.lower() in SUFFIXES:
        return vector_source(path, layer)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"PAR1":
        return parquet_source(path)
    # A damaged one may have lost its mark, and is no text for that.
    if magic[:2] == b"PK" or path.suffix.lower() in _ZIPS:
        return _sound_source(path, encoding, layer)
    compressed = "gzip" if magic[:2] == b"\x1f\x8b" else None
    return delimited_source(
        str(path), lambda: pa.input_stream(str(path), compressed), encoding
    )


def _folder_opener(folder: pathlib.Path) -> Any:
    return lambda member: pa.input_stream(str(folder / member), compression=None)


def _sound_source(
    path: pathlib.Path, encoding: str | None, layer: str | None
) -> Source:
    """What a ZIP holds; damage is told now, or when its rows are read."""
    with _damage_told(path):
        source = _zip_source(path, encoding, layer)

    def blocks(wanted: Sequence[str]) -> Iterator[pa.Table]:
        with _damage_told(path):
            yield from source.blocks(wanted)

    return dataclasses.replace(source, blocks=blocks)


@contextlib.contextmanager
def _damage_told(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is no ZIP that can be read: {error}.") from error


def _zip_source(path: pathlib.Path, encoding: str | None, layer: str | None) -> Source:
    """A Darwin Core archive, zipped vector files, or one table of text."""
    with zipfile.ZipFile(path) as archive:
        members = [
            name
            for name in archive.namelist()
            if not name.endswith("/")
            and not name.startswith(_ASIDE[0])
            and not name.rpartition("/")[2].startswith(_ASIDE[1:])
        ]

    def open_member(name: str) -> Any:
        # The stream keeps the archive open until it is closed itself.
        with zipfile.ZipFile(path) as archive:
            return archive.open(name)

    if any(name.startswith("xl/workbook.") for name in members):
        raise ValueError(f"{path}: Excel is not read; save it as CSV.")
    described = [name for name in members if name.rpartition("/")[2] == META]
    if described:
        top = min(described, key=len).removesuffix(META)
        return archive_source(str(path), lambda name: open_member(top + name), encoding)
    if any(pathlib.Path(name).suffix.lower() in SUFFIXES for name in members):
        return vector_source(path, layer)
    if len(members) != 1:
        raise ValueError(
            f"{path}: a ZIP needs meta.xml (a Darwin Core archive) or one table, and "
            f"holds {', '.join(members[:20]) or 'nothing'}; unpack it, give the file."
        )
    (name,) = members
    return delimited_source(f"{path}/{name}", lambda: open_member(name), encoding)
