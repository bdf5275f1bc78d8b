"""How the numbers of a prepared raster lie on disk: two layouts behind one interface.

Both hold whole cells, all bands of a cell side by side. A layout is written in stripes
of rows, each of them on the disk when `write` returns; writing the same stripe again
gives the same bytes.
"""

import hashlib
import os
import pathlib
import shutil
from typing import Any, Protocol, runtime_checkable

import numpy as np

from jaxsdm.data.rasters.optional import optional

VALUES, VALID, STORE = "values.npy", "valid.npy", "values.zarr"


@runtime_checkable
class Layout(Protocol):
    """The files of one layout in a folder."""

    def create(self) -> None:
        """Makes the files in their full size, without values."""

    def check(self) -> None:
        """Reads the headers.

        Raises:
          OSError: if a file is missing, or not as large or of such a type as it should.
        """

    def write(self, top: int, values: np.ndarray, valid: np.ndarray) -> None:
        """Writes rows from `top` on, values as stored."""

    def checksum(self, top: int, rows: int) -> str:
        """SHA-256 of rows as they are on the disk, in order of rows, columns, bands."""


def layout_of(
    folder: pathlib.Path, name: str, shape: tuple[int, ...], dtype: str, chunk: int
) -> Layout:
    """The layout of a name.

    Args:
      folder: the files are in it.
      name: `"memmap"` or `"zarr"`.
      shape: rows, columns and bands.
      dtype: of the stored values.
      chunk: rows and columns of the chunks of `"zarr"`.
    """
    if name == "memmap":
        return _Memmap(folder, shape, np.dtype(dtype))
    return _Zarr(folder, shape, chunk)


def delete_files(folder: pathlib.Path) -> None:
    """Deletes the files of every layout in a folder, those that are there."""
    for name in (VALUES, VALID):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / STORE, ignore_errors=True)


def checksum_of(values: np.ndarray, valid: np.ndarray | None) -> str:
    """What `Layout.checksum` should find; `valid` where the layout stores it."""
    digest = hashlib.sha256(np.ascontiguousarray(values).data)
    if valid is not None:
        digest.update(np.ascontiguousarray(valid).data)
    return digest.hexdigest()


class _Memmap:
    """`values.npy` and `valid.npy`.

    Written with plain writes: a full disk is then an error and not a killed process.
    """

    def __init__(
        self, folder: pathlib.Path, shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self._shape = shape
        self._files = ((folder / VALUES, dtype), (folder / VALID, np.dtype(bool)))

    def create(self) -> None:
        for path, dtype in self._files:
            with open(path, "wb") as file:
                np.lib.format.write_array_header_1_0(file, self._header(dtype))
                file.truncate(file.tell() + int(np.prod(self._shape)) * dtype.itemsize)
                _sync(file)

    def check(self) -> None:
        for path, dtype in self._files:
            try:
                found = np.load(path, mmap_mode="r", allow_pickle=False)
            except (ValueError, EOFError, OSError) as error:
                raise OSError(f"{path} is missing or truncated ({error}).") from error
            if found.shape != self._shape or found.dtype != dtype:
                raise OSError(
                    f"{path} holds {found.dtype} of shape {found.shape}; the manifest "
                    f"says {dtype} of shape {self._shape}."
                )

    def write(self, top: int, values: np.ndarray, valid: np.ndarray) -> None:
        for (path, dtype), part in zip(self._files, (values, valid), strict=True):
            with open(path, "r+b") as file:
                self._seek(file, top, dtype)
                file.write(np.ascontiguousarray(part).data)
                _sync(file)

    def checksum(self, top: int, rows: int) -> str:
        parts = []
        for path, dtype in self._files:
            with open(path, "rb") as file:
                self._seek(file, top, dtype)
                size = rows * int(np.prod(self._shape[1:])) * dtype.itemsize
                parts.append(np.frombuffer(file.read(size), np.uint8))
        return checksum_of(parts[0], parts[1])

    def _header(self, dtype: np.dtype) -> dict[str, Any]:
        descr = np.lib.format.dtype_to_descr(dtype)
        return {"descr": descr, "fortran_order": False, "shape": self._shape}

    def _seek(self, file: Any, top: int, dtype: np.dtype) -> None:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        row = int(np.prod(self._shape[1:])) * dtype.itemsize
        file.seek(file.tell() + top * row)


class _Zarr:
    """`values.zarr`: zarr v3, float32, not compressed, NaN where not valid."""

    def __init__(
        self, folder: pathlib.Path, shape: tuple[int, ...], chunk: int
    ) -> None:
        self._path, self._shape, self._chunk = folder / STORE, shape, chunk
        self._store: Any = None

    def create(self) -> None:
        spec = store_spec(self._path)
        spec["metadata"] = {
            "shape": list(self._shape),
            "data_type": "float32",
            "fill_value": "NaN",
            "chunk_grid": {
                "name": "regular",
                "configuration": {
                    "chunk_shape": [self._chunk, self._chunk, self._shape[2]]
                },
            },
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
            "dimension_names": ["y", "x", "band"],
        }
        tensorstore = optional("tensorstore")
        try:
            opening = tensorstore.open(spec, create=True, delete_existing=True)
            self._store = opening.result()
        except ValueError as error:  # what TensorStore raises for most of them
            raise OSError(f"{self._path} cannot be written ({error}).") from error

    def check(self) -> None:
        self._store = open_store(store_spec(self._path), self._shape)

    def write(self, top: int, values: np.ndarray, valid: np.ndarray) -> None:
        try:
            self._store[top : top + len(values)].write(values).result()
        except ValueError as error:
            raise OSError(f"{self._path} cannot be written ({error}).") from error

    def checksum(self, top: int, rows: int) -> str:
        try:
            found = self._store[top : top + rows].read().result()
        except ValueError as error:
            raise OSError(str(error)) from error
        return checksum_of(found, None)


def store_spec(path: pathlib.Path) -> dict[str, Any]:
    """TensorStore's description of a store.

    A chunk of nothing but NaN is stored like others, so that a chunk that is missing is
    an error and never a hole in the values.
    """
    return {
        "driver": "zarr3",
        "kvstore": {"driver": "file", "path": f"{path}/"},
        "store_data_equal_to_fill_value": True,
        "fill_missing_data_reads": False,
    }


def open_store(spec: dict[str, Any], shape: tuple[int, ...]) -> Any:
    """Opens a store that exists; reads its header.

    Raises:
      OSError: if it is missing, no such store, or of another shape.
    """
    tensorstore, path = optional("tensorstore"), spec["kvstore"]["path"]
    try:
        store = tensorstore.open(spec, open=True, create=False).result()
    except ValueError as error:
        raise OSError(f"{path} is missing or no zarr v3 array ({error}).") from error
    if store.shape != shape or store.dtype.numpy_dtype != np.float32:
        raise OSError(
            f"{path} holds {store.dtype.name} of shape {store.shape}; the manifest "
            f"says float32 of shape {shape}."
        )
    return store


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
