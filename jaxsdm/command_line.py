"""Parsing a program's flags: what is wrong is said in one line, with what is known."""

import itertools
import pathlib
import re
import runpy
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from absl import flags
from ml_collections import ConfigDict

_FLAG = "--config"
_MISSING = re.compile(r"flag --(\S+)=None: .* must have a value other than None")


def parse(argv: Sequence[str]) -> list[str]:
    """Parses the flags of a program, those of a config file among them.

    Args:
      argv: of the process, the name of the program first.

    Returns:
      The name of the program.

    Raises:
      FileNotFoundError: there is no such config file; lists those beside it.
      ValueError: an unknown flag, an unknown field of the config (lists the known
        ones), a value of the wrong kind, a missing flag, or a config file that fails.
    """
    path = _config_file(argv)
    if path is not None and not path.is_file():
        raise FileNotFoundError(f"{_FLAG}: no file {path}{_beside(path)}.")
    try:
        rest = flags.FLAGS(list(argv))
    except Exception as error:
        if path is not None:
            _check_fields(_load(path, argv), argv)
        raise ValueError(_sentence(error)) from error
    if len(rest) > 1:
        raise ValueError(f"unexpected {rest[1]!r}: every argument is a --flag=value.")
    return rest


def _config_argument(argv: Sequence[str]) -> str | None:
    for argument, following in itertools.pairwise([*argv, None]):
        name, equals, value = str(argument).partition("=")
        if name == _FLAG:
            return value if equals else following
    return None


def _config_file(argv: Sequence[str]) -> pathlib.Path | None:
    given = _config_argument(argv)
    return None if given is None else pathlib.Path(given.partition(":")[0])


def _beside(path: pathlib.Path) -> str:
    found = sorted(file.name for file in path.parent.glob("*.py"))
    return f"; {path.parent} has {', '.join(found)}" if found else ""


def _load(path: pathlib.Path, argv: Sequence[str]) -> Any:
    """What `get_config` of a file gives, or an error that names the file and line."""
    options = (_config_argument(argv) or "").split(":", 1)[1:]
    try:
        return runpy.run_path(str(path))["get_config"](*options)
    except Exception as error:
        lines = [
            frame.lineno
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == str(path)
        ]
        where = f"{path}, line {lines[-1]}" if lines else path
        raise ValueError(f"{where}: {type(error).__name__}: {error}") from error


def _check_fields(config: Any, argv: Sequence[str]) -> None:
    for argument in _overrides(argv):
        fields, where = config, "config"
        for name in argument.split("."):
            if not isinstance(fields, ConfigDict | Mapping):
                raise ValueError(f"{_FLAG}.{argument}: {where} has no fields.")
            if name not in fields:
                known = ", ".join(sorted(fields)) or "none"
                raise ValueError(
                    f"{_FLAG}.{argument}: {where} has no field {name!r}; known: "
                    f"{known}."
                )
            fields, where = fields[name], f"{where}.{name}"


def _overrides(argv: Sequence[str]) -> Iterator[str]:
    for argument in argv:
        name = argument.partition("=")[0]
        if name.startswith(f"{_FLAG}."):
            yield name.removeprefix(f"{_FLAG}.")


def _sentence(error: Exception) -> str:
    """The message of absl, and for required flags what they are for."""
    missing = _MISSING.findall(str(error))
    if not missing:
        return str(error)
    return " ".join(
        f"--{name} is missing: {flags.FLAGS[name].help}" for name in missing
    )
