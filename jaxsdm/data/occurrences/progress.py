"""A line that counts rows while a long table is read."""

import os
import sys
from collections.abc import Iterator

import pyarrow as pa

_ROWS = 500_000
"""Fewer are read before anybody wonders."""


def with_progress(blocks: Iterator[pa.Table], name: str) -> Iterator[pa.Table]:
    """The same blocks; rows are counted on the terminal, if there is one and `rich`."""
    if not sys.stderr.isatty() or os.environ.get("NO_PROGRESS"):
        yield from blocks
        return
    try:
        from rich.console import Console
    except ModuleNotFoundError:
        yield from blocks
        return
    status, rows = Console(stderr=True).status(""), 0
    try:
        for block in blocks:
            rows += len(block)
            if rows > _ROWS:
                status.update(f"{os.path.basename(name)}: {rows:,} rows read")
                status.start()
            yield block
    finally:
        status.stop()
