"""What the benchmarks print and write: Markdown tables, JSON, and the machine."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Sequence
from typing import Any

_PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "torch", "elapid", "libtpu")


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; floats with three significant digits.

    Raises:
      ValueError: a row of another length than the columns.
    """
    lines = [list(columns), ["---"] * len(columns)]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"want {len(columns)} cells a row, got {list(row)}.")
        lines.append([_cell(value) for value in row])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Prints a table under its title."""
    print(f"\n{title}\n\n{markdown_table(columns, rows)}", flush=True)


def write_json(path: str | os.PathLike[str] | None, content: dict[str, Any]) -> None:
    """Writes the results beside a description of the machine; None writes nothing."""
    if path is None:
        return
    from jaxsdm.data.files import write_text  # may import jax, which pods.py prepares

    write_text(path, json.dumps({"machine": machine(), **content}, indent=1) + "\n")
    print(f"\nwritten: {path}")


def machine() -> dict[str, Any]:
    """Processor, usable cores, load at this moment and versions of packages."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "versions": versions,
    }


def warn_if_busy() -> None:
    """Says so when other programs use the cores: times then mean little."""
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    if load > 0.5 * cores:
        print(
            f"Other programs are running (load {load:.1f} on {cores} cores): times and "
            "ratios below are not those of a quiet machine."
        )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value)
