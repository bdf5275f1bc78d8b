"""Benchmarks, worlds and a user's own files by name: each gives a list of tasks."""

from collections.abc import Callable
from typing import Any

from jaxsdm.data import Task
from jaxsdm.datasets import belgium, files, nceas, virtual, virtual_files
from jaxsdm.registry import check_options

BY_NAME: dict[str, Callable[..., list[Task]]] = {
    "belgium": belgium.load,
    "files": files.load,
    "nceas": nceas.load,
    "virtual": virtual.load,
    "virtual_files": virtual_files.load,
}

__all__ = [
    "BY_NAME",
    "belgium",
    "files",
    "load",
    "nceas",
    "virtual",
    "virtual_files",
]


def load(name: str, **options: Any) -> list[Task]:
    """The tasks of the dataset of this name; options as in its own `load`.

    Raises:
      ValueError: if there is no such dataset or option; the message lists the names.
    """
    if name not in BY_NAME:
        raise ValueError(f"no dataset {name!r}; there are {', '.join(BY_NAME)}.")
    check_options(BY_NAME[name], options, f"dataset {name!r}")
    return BY_NAME[name](**options)
