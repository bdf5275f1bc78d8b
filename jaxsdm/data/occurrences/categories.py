"""Columns of few distinct texts: names of species, surveys, statuses, days.

Each distinct text is looked at once, however many rows have it.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int32

from jaxsdm.data.occurrences.source import MISSING_WORDS

_WHOLE = re.compile(r"(-?[0-9]+)\.0+")


class Categories:
    """One column of text, block by block.

    Args:
      first_characters: how many of a text matter; None is all.
    """

    def __init__(self, first_characters: int | None = None) -> None:
        self._first_characters = first_characters
        self._blocks: list[pa.Array] = []

    def add(self, block: pa.ChunkedArray) -> None:
        """The rows of the next block."""
        text = as_text(block)
        if self._first_characters is not None:
            text = pc.utf8_slice_codeunits(text, 0, self._first_characters)
        self._blocks += text.dictionary_encode().chunks

    def finish(self) -> tuple[Int32[np.ndarray, " rows"], list[str]]:
        """For each row the number of its text, -1 for none; and the distinct texts."""
        kind = pa.dictionary(pa.int32(), pa.string())
        blocks = pa.chunked_array(self._blocks, type=kind).unify_dictionaries()
        codes = [
            pc.fill_null(block.indices, -1).to_numpy(zero_copy_only=False)
            for block in blocks.chunks
        ]
        texts = blocks.chunk(0).dictionary.to_pylist() if codes else []
        return np.concatenate([np.empty(0, np.int32), *codes]), texts


def as_category(
    codes: Int32[np.ndarray, " rows"],
    texts: list[str],
    *,
    missing: tuple[str, ...] = MISSING_WORDS,
) -> pd.Categorical:
    """A sorted category without blanks around texts, and whole numbers without `.0`.

    Args:
      codes: the number of the text of each row, -1 for none.
      texts: distinct ones.
      missing: texts, in lower case, that say that there is none.
    """
    clean = [_tidy(text) for text in texts]
    known = sorted({text for text in clean if text.lower() not in missing})
    number = {text: place for place, text in enumerate(known)}
    # The last is that of code -1.
    renumbered = np.array([*(number.get(text, -1) for text in clean), -1], np.int32)
    return pd.Categorical.from_codes(
        renumbered[codes], categories=pd.Index(known, dtype="str")
    )


def by_text(
    codes: Int32[np.ndarray, " rows"],
    texts: list[str],
    value_of: Callable[[str], Any],
    missing: Any,
) -> np.ndarray:
    """A value for each row by its text."""
    return np.array([*(value_of(_tidy(text)) for text in texts), missing])[codes]


def as_text(block: pa.ChunkedArray) -> pa.ChunkedArray:
    """Any column as text; floats that are whole as whole numbers."""
    if pa.types.is_floating(block.type):
        block = pc.if_else(pc.is_finite(block), block, pa.scalar(None, block.type))
        if pc.all(pc.equal(pc.floor(block), block)).as_py() in (True, None):
            block = block.cast(pa.int64())
    return block.cast(pa.string())


def _tidy(text: str) -> str:
    text = text.strip()
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text
