"""Rules and calibrations as files: one `.npz`, no pickle, nothing executed on loading.

A class that can be saved is a frozen dataclass under `saved`. Its arrays are the leaves
of a pytree, its names and options (fields with `option()`) are static.
"""

import dataclasses
import json
import os
import pathlib
from typing import Any, TypeVar
from zipfile import BadZipFile

import jax
import numpy as np

CLASSES: dict[str, type] = {}
"""Name of a class -> class, of all that `saved` has seen."""

_DESCRIPTION = "class"
"""Entry of the file that says what the arrays are of; no field can be called so."""

Class = TypeVar("Class", bound=type)


def saved(cls: Class) -> Class:
    """Makes a frozen dataclass a pytree that `save_rule` and `load_rule` know."""
    jax.tree_util.register_dataclass(cls)
    CLASSES[cls.__name__] = cls
    return cls


def option(default: Any) -> Any:
    """A static field of a `saved` class: a name, a flag or a number known to `jit`."""
    return dataclasses.field(default=default, metadata={"static": True})


def save_rule(path: str | os.PathLike[str], rule: Any) -> None:
    """Writes a rule or a calibration; the file appears whole or not at all.

    Args:
      path: of the file, usually `NAME.npz`; an existing one is replaced.
      rule: of a class of `jaxsdm.decisions`.

    Raises:
      TypeError: the class, or that of a part, is not known here, or a part is no array.
    """
    arrays: dict[str, np.ndarray] = {}
    description = json.dumps(_describe(rule, "", arrays))
    entries: dict[str, Any] = {_DESCRIPTION: description, **arrays}
    target = pathlib.Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with open(temporary, "wb") as file:
            np.savez(file, **entries)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def load_rule(path: str | os.PathLike[str]) -> Any:
    """The rule or calibration that `save_rule` wrote, with NumPy arrays, bit by bit.

    Raises:
      ValueError: the file is not one of these, or its class or fields are unknown.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as entries:
            arrays = {name: entries[name] for name in entries.files}
        description = json.loads(str(arrays.pop(_DESCRIPTION)))
    except (ValueError, KeyError, EOFError, TypeError, BadZipFile) as error:
        raise ValueError(
            f"load_rule: want a file written by save_rule, got {os.fspath(path)}."
        ) from error
    return _rebuild(description, "", arrays)


def _describe(rule: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    cls = type(rule)
    name = cls.__name__
    if CLASSES.get(name) is not cls:
        raise TypeError(
            f"save_rule: want a rule of jaxsdm.decisions, got {cls}; one of "
            f"your own is made known by the decorator jaxsdm.decisions.saving.saved."
        )
    options: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    empty = []
    for field in dataclasses.fields(cls):
        value = getattr(rule, field.name)
        if field.metadata.get("static"):
            options[field.name] = value.item() if hasattr(value, "item") else value
        elif value is None:
            empty.append(field.name)
        elif dataclasses.is_dataclass(value):
            parts[field.name] = _describe(value, f"{prefix}{field.name}.", arrays)
        else:
            array = np.asarray(value)
            if array.dtype == object:
                raise TypeError(
                    f"save_rule: want an array for {name}.{field.name}, got {value!r}."
                )
            arrays[f"{prefix}{field.name}"] = array
    return {"class": name, "options": options, "empty": empty, "parts": parts}


def _rebuild(
    description: dict[str, Any], prefix: str, arrays: dict[str, np.ndarray]
) -> Any:
    name = description["class"]
    if name not in CLASSES:
        raise ValueError(
            f"load_rule: no rule is called {name!r}; known: {', '.join(CLASSES)}."
        )
    values: dict[str, Any] = dict(description["options"])
    values |= dict.fromkeys(description["empty"])
    for field, part in description["parts"].items():
        values[field] = _rebuild(part, f"{prefix}{field}.", arrays)
    for key, array in arrays.items():
        field = key.removeprefix(prefix)
        if key.startswith(prefix) and "." not in field:
            values[field] = array
    cls: Any = CLASSES[name]
    wanted = {field.name for field in dataclasses.fields(cls)}
    if wanted != set(values):
        raise ValueError(
            f"load_rule: {name} has the fields {sorted(wanted)}, the file "
            f"{sorted(values)}: it was written by another version of jaxsdm."
        )
    return cls(**values)
