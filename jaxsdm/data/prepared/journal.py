"""What a preparation has done so far: a line for each stripe that is on the disk.

The first line describes the whole, so that another stack, other options or sources
that changed are found before anything is mixed.
"""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

from jaxsdm.data.prepared.layouts import delete_files
from jaxsdm.data.prepared.manifest import JOURNAL, MANIFEST, VERSION

_CHECKED = {
    "grid": "the grid (--rasters, --template)",
    "bands": "the bands (--rasters, --names, --categorical, --nodata, --scale, "
    "--offset)",
    "layout": "layout",
    "dtype": "dtype",
    "chunk": "chunk",
    "statistics_of": "the training cells (--training-cells)",
    "cells": "the training cells (--training-cells)",
}
"""What must be as it was, and how the user knows it: by argument and by flag."""


def begun(folder: pathlib.Path, wanted: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The lines of a journal that fits, or None where there is none.

    A line that was being written when its process ended is cut off.

    Raises:
      ValueError: if the journal is damaged, or of another preparation (`check_same`).
    """
    path = folder / JOURNAL
    if not path.is_file():
        return None
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    try:
        lines = [json.loads(line) for line in whole.splitlines()]
    except ValueError as error:
        raise ValueError(
            f"prepare: {path} is damaged; delete the folder and start anew."
        ) from error
    if not lines:  # stopped within the first line: nothing else is there yet
        path.unlink()
        return None
    check_same(wanted, lines[0], folder)
    if len(whole) < len(text):
        os.truncate(path, len(whole))
    return lines


def append(folder: pathlib.Path, record: dict[str, Any]) -> None:
    """Adds a line; on the disk when this returns."""
    with open(folder / JOURNAL, "a", encoding="utf-8") as file:
        file.write(json.dumps(record, allow_nan=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def check_same(
    wanted: dict[str, Any], found: dict[str, Any], folder: pathlib.Path
) -> None:
    """Refuses a folder that was begun with something else.

    Raises:
      ValueError: if the version, the stack, the options or the sources are others; the
        message says which.
    """
    if found["jaxsdm_prepared"] != VERSION:
        raise ValueError(
            f"prepare: {folder} was begun with version {found['jaxsdm_prepared']} of "
            f"the layout, this jaxsdm writes {VERSION}; name a new folder."
        )
    other = [name for name in _CHECKED if found[name] != wanted[name]]
    if other:
        lines = [
            f"{name} {found[name]} there, {wanted[name]} now"
            if name in ("layout", "dtype", "chunk")
            else _CHECKED[name]
            for name in other
        ]
        shown = ", ".join(dict.fromkeys(lines))
        raise ValueError(
            f"prepare: {folder} holds another stack or other options ({shown}); name "
            "a new folder, or delete this one."
        )
    check_unchanged(found["sources"], wanted["sources"], folder)


def check_unchanged(
    before: list[dict[str, Any]], now: list[dict[str, Any]], folder: pathlib.Path
) -> None:
    """Refuses sources that are not as they were when the folder was begun.

    Raises:
      ValueError: names them.
    """
    pairs = zip(before, now, strict=True)
    changed = ", ".join(new["name"] for old, new in pairs if old != new)
    if changed:
        raise ValueError(
            f"prepare: {changed} changed since {folder} was begun; delete the folder "
            "and prepare it anew."
        )


@contextlib.contextmanager
def useless_removed(folder: pathlib.Path, hopeless: type[Exception]) -> Iterator[None]:
    """Deletes what the block wrote into a folder if it fails and nobody can use it.

    That is where the folder had no journal before and has no stripe after, or where the
    error says that it cannot be finished. An interruption deletes nothing.

    Args:
      folder: of one preparation.
      hopeless: the error after which a journal, and what it tells of, is of no use.
    """
    fresh = not (folder / JOURNAL).exists()
    try:
        yield
    except Exception as error:
        journal = folder / JOURNAL
        if journal.is_file() and not (folder / MANIFEST).exists():
            lines = journal.read_bytes().count(b"\n")
            if isinstance(error, hopeless) or (fresh and lines <= 1):
                delete_files(folder)
                journal.unlink()
        raise
