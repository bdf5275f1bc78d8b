r"""Writes rasters into a folder made for random patches, once, before training.

    python scripts/prepare.py --rasters=FOLDER --output=prepared/climate
    python scripts/prepare.py --rasters=bio1.tif,bio12.tif,soil.tif \
        --output=prepared/climate --layout=zarr --categorical=soil

The same command again goes on after an interruption. Reading random patches out of
compressed rasters decodes whole blocks for each; from a prepared folder it copies. Open
it with jaxsdm.data.prepared.open_prepared(FOLDER).patches().
"""

import contextlib
import os
import shlex
import sys
from collections.abc import Callable, Iterator

import numpy as np
from absl import flags

from jaxsdm import command
from jaxsdm.data.prepared import Prepared, open_prepared, prepare
from jaxsdm.data.rasters import open_stack

_RASTERS = flags.DEFINE_list(
    "rasters", None, "A folder of rasters, or files separated by commas."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write, made if missing.")
_LAYOUT = flags.DEFINE_enum(
    "layout",
    "memmap",
    ["memmap", "zarr"],
    "memmap: fastest, for what nearly fits in memory; zarr: for larger rasters.",
)
_CHUNK = flags.DEFINE_integer("chunk", 128, "Rows and columns of the chunks of zarr.")
_DTYPE = flags.DEFINE_enum(
    "dtype",
    "float32",
    ["float32", "int8", "uint8", "int16", "uint16", "int32"],
    "Of the stored numbers; integers for memmap only.",
)
_NAMES = flags.DEFINE_list("names", None, "Names of all bands, in order.")
_CATEGORICAL = flags.DEFINE_list("categorical", [], "Names of bands that hold codes.")
_TEMPLATE = flags.DEFINE_string(
    "template", None, "Band or raster whose grid all are brought to."
)
_RESAMPLING = flags.DEFINE_string(
    "resampling", None, "Of continuous bands onto the template: nearest, bilinear, ..."
)
_CRS = flags.DEFINE_string("crs", None, "Of rasters that name none, as EPSG:4326.")
_NODATA = flags.DEFINE_list(
    "nodata",
    [],
    "NUMBER, BAND=NUMBER or BAND=none: what means no value, in place of the file.",
)
_SCALE = flags.DEFINE_list(
    "scale",
    [],
    "NUMBER, or BAND=NUMBER: values are scale x stored + offset, in place of the file.",
)
_OFFSET = flags.DEFINE_list("offset", [], "NUMBER, or BAND=NUMBER: see --scale.")
_CELLS = flags.DEFINE_string(
    "training-cells",
    None,
    "File .npy of bool [y, x]: the cells that statistics are taken over; all if unset.",
)
_VERIFY = flags.DEFINE_bool("verify", False, "Read everything again and compare.")


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """A bar in a terminal, a line each tenth elsewhere; both on stderr."""
    if sys.stderr.isatty():
        with contextlib.suppress(ImportError):
            from rich.console import Console
            from rich.progress import Progress

            with Progress(console=Console(stderr=True)) as bar:
                task = bar.add_task("prepare", total=None)
                yield lambda done, rows: bar.update(task, completed=done, total=rows)
            return
    told = 0

    def tell(done: int, rows: int) -> None:
        nonlocal told
        if done * 10 // rows > told:
            told = done * 10 // rows
            print(f"prepare: {done} of {rows} rows", file=sys.stderr)

    yield tell


def _cells() -> np.ndarray | None:
    if not _CELLS.value:
        return None
    try:
        return np.load(_CELLS.value, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(
            f"--training-cells: {_CELLS.value} is no .npy file."
        ) from error


def _numbers(flag: str, parts: list[str]) -> dict[str, float | None]:
    """The numbers of a flag by band; that of no band is called after nothing."""
    found: dict[str, float | None] = {}
    for part in parts:
        name, _, text = part.rpartition("=")
        try:
            found[name] = None if text.lower() == "none" else float(text)
        except ValueError as error:
            raise ValueError(
                f"--{flag}: BAND=NUMBER is wanted, got {part!r}."
            ) from error
    if len(found) < len(parts) or ("" in found and len(found) > 1):
        raise ValueError(f"--{flag}: each band once, got {','.join(parts)}.")
    return found


def _nodata() -> dict[str, float | None] | float | None:
    found = _numbers("nodata", _NODATA.value)
    if found.get("", 0) is None:
        raise ValueError("--nodata: none of which band? BAND=none is wanted.")
    return found.get("", found)


def _packing(flag: str, parts: list[str]) -> dict[str, float] | float | None:
    """One number for all bands, numbers by band, or None where the flag is not set."""
    found = _numbers(flag, parts)
    numbers = {name: number for name, number in found.items() if number is not None}
    if len(numbers) < len(found):
        raise ValueError(f"--{flag}: numbers are wanted, got {','.join(parts)}.")
    return numbers.get("", numbers or None)


def _command() -> str:
    """What was typed, such that it does the same from any folder."""
    typed = ["python", os.path.abspath(sys.argv[0]), *sys.argv[1:]]
    return f"{shlex.join(['cd', os.getcwd()])} && {shlex.join(typed)}"


def main(_: list[str]) -> None:
    """Prepares, and says what came of it."""
    try:
        done = _prepared()
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here.", file=sys.stderr)
        raise SystemExit(130) from None
    print(f"grid: {done.grid}")
    for name, one in zip(done.names, done.statistics, strict=True):
        values = "no valid cell"
        if one.mean is not None:
            values = (
                f"mean {one.mean:.6g}, sd {one.sd:.6g}, {one.min:.6g}..{one.max:.6g}"
            )
        print(f"band {name}: {values}, {one.valid_share:.2%} valid")
    print(f"prepared: {os.path.relpath(done.folder)}")


def _prepared() -> Prepared:
    rasters = _RASTERS.value
    with (
        open_stack(
            rasters[0] if len(rasters) == 1 else rasters,
            names=_NAMES.value,
            categorical=_CATEGORICAL.value,
            template=_TEMPLATE.value,
            resampling=_RESAMPLING.value,
            crs=_CRS.value,
            nodata=_nodata(),
            scale=_packing("scale", _SCALE.value),
            offset=_packing("offset", _OFFSET.value),
        ) as stack,
        _progress() as progress,
    ):
        done = prepare(
            stack,
            _OUTPUT.value,
            layout=_LAYOUT.value,
            chunk=_CHUNK.value,
            dtype=_DTYPE.value,
            cells=_cells(),
            progress=progress,
            command=_command(),
        )
    return open_prepared(done.folder, verify=True) if _VERIFY.value else done


if __name__ == "__main__":
    flags.mark_flags_as_required(["rasters", "output"])
    command.run(main)
