"""Parquet: one file, or a folder of parts such as the snapshots of GBIF."""

import pathlib
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.dataset

from jaxsdm.data.occurrences.source import Source

_ROWS = 2**18


def parquet_source(path: pathlib.Path) -> Source:
    """The rows of a file, or of all files of a folder in the order of their names.

    Folders such as `year=2020` are a column.

    Raises:
      ValueError: a file is not Parquet, or the folder has none.
    """
    try:
        parts = pa.dataset.dataset(str(path), format="parquet", partitioning="hive")
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(
            f"{path}: a folder needs meta.xml (a Darwin Core archive) or Parquet files "
            f"alone: {error}."
        ) from error
    if not parts.files:
        raise ValueError(f"{path}: the folder holds no file.")

    def blocks(wanted: Sequence[str]) -> Iterator[pa.Table]:
        try:
            for batch in parts.to_batches(columns=list(wanted), batch_size=_ROWS):
                yield pa.Table.from_batches([batch])
        except (pa.ArrowInvalid, pa.ArrowTypeError, OSError) as error:
            raise ValueError(f"{path}: cannot be read as Parquet: {error}.") from error

    return Source(str(path), tuple(parts.schema.names), blocks)
